//! What a JSON reader complains about, in words for people who never saw the reader.
//!
//! serde tells what is wrong as a sentence. The sentences are few and stable, so they are taken apart
//! here; one that is not known is passed on as it is, without the reader's type names.

use serde_json::error::Category;

use crate::problem::{Problem, Slug};

/// The problem behind an error at `path` (`.` is the whole document).
pub(super) fn problem(path: &str, error: &serde_json::Error, unknown_field: Slug) -> Problem {
    if error.classify() != Category::Data {
        return malformed(error);
    }
    let text = without_position(error);
    let (field, reason) = locate(path, &text);
    if field.is_empty() {
        let detail = format!("The body {reason}.");
        return Problem::new(Slug::InvalidRequest, detail).with_error("", reason);
    }
    let slug = if text.starts_with("unknown field ") { unknown_field } else { Slug::InvalidRequest };
    Problem::new(slug, format!("`{field}` {reason}.")).with_error(field, reason)
}

/// Text that is not JSON: where, and what was met there.
fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let met = without_position(error);
    let met = if error.is_eof() { "it ends too early".to_owned() } else { syntax(&met) };
    let reason = format!("is not valid JSON at line {line}, column {column}: {met}");
    Problem::new(Slug::InvalidRequest, format!("The body {reason}.")).with_error("", reason)
}

/// What a reader met that is no JSON, in plain words.
fn syntax(met: &str) -> String {
    match met {
        "expected value" => "a value is missing or misspelt".to_owned(),
        "expected ident" => "a word is misspelt; `true`, `false` and `null` are known".to_owned(),
        "trailing characters" => "something follows its end".to_owned(),
        "recursion limit exceeded" => "it is nested too deeply".to_owned(),
        "key must be a string" => "a field's name has to be a text in quotes".to_owned(),
        other => match other.strip_prefix("expected ") {
            Some(missing) => format!("{missing} is missing"),
            None => other.to_owned(),
        },
    }
}

/// The complaint without its trailing “at line 1 column 2”.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The field a complaint is about and what is wrong with it.
fn locate(path: &str, text: &str) -> (String, String) {
    let path = if path == "." { "" } else { path };
    if let Some(name) = quoted_after(text, "missing field ") {
        return (join(path, name), "is missing".to_owned());
    }
    if let Some(name) = quoted_after(text, "duplicate field ") {
        return (join(path, name), "is there twice".to_owned());
    }
    if let Some(name) = quoted_after(text, "unknown field ") {
        let known = match text.split_once(", expected ") {
            Some((_, list)) => format!("is not a field that is known here; known are {}", alternatives(list)),
            None => "is not a field that is known here; none is".to_owned(),
        };
        return (join(path, name), known);
    }
    (path.to_owned(), value_reason(text))
}

/// What is wrong with a value.
fn value_reason(text: &str) -> String {
    if let Some(variant) = quoted_after(text, "unknown variant ") {
        let list = text.split_once(", expected ").map_or("none", |(_, list)| list);
        let shown: String = variant.chars().take(64).collect();
        return format!("is `{shown}`, and has to be one of {}", alternatives(list));
    }
    for prefix in ["invalid type: ", "invalid value: ", "invalid length "] {
        let Some(rest) = text.strip_prefix(prefix) else { continue };
        let Some((met, expected)) = rest.split_once(", expected ") else { continue };
        let expected = self::expected(expected);
        return match prefix {
            "invalid type: " => format!("is {}, and has to be {expected}", met_type(met)),
            "invalid value: " => format!("is {}, and has to be {expected}", met_value(met)),
            _ => format!("has {met} entries, and has to be {expected}"),
        };
    }
    text.to_owned()
}

/// The first back-quoted name after `prefix`.
fn quoted_after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(prefix)?.strip_prefix('`')?;
    rest.split_once('`').map(|(name, _)| name)
}

/// A path and a name below it; some complaints carry the name at the path's end already.
fn join(path: &str, name: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or_default();
    match path {
        "" => name.to_owned(),
        _ if last == name => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

/// serde's list of what is possible, as people write one.
fn alternatives(list: &str) -> String {
    let list = list.strip_prefix("one of ").unwrap_or(list);
    if list == "there are no fields" { "none".to_owned() } else { list.replace(" or ", ", ") }
}

/// A value that was met, without its content: it may be long, or secret.
fn met_type(met: &str) -> String {
    let word = met.split([' ', '`']).next().unwrap_or(met);
    match word {
        "string" => "a text",
        "integer" => "a whole number",
        "floating" => "a number with a fraction",
        "boolean" => "true or false",
        "map" => "an object",
        "sequence" => "a list",
        "null" | "unit" => "null",
        _ => met,
    }
    .to_owned()
}

/// A number that was met is shown; other values are not.
fn met_value(met: &str) -> String {
    match met.split_once('`') {
        Some((kind, number)) if kind.starts_with("integer") || kind.starts_with("floating") => {
            number.trim_end_matches('`').to_owned()
        }
        _ => met_type(met),
    }
}

/// What was expected, in plain words.
fn expected(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" | "str" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other if other.starts_with("enum ") => "one of the known names, as a text".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Inner {
        size: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Outer {
        name: String,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        colour: Option<Colour>,
        #[serde(default)]
        inner: Vec<Inner>,
        #[serde(default)]
        flags: BTreeMap<String, bool>,
    }

    fn complaint(json: &str) -> String {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, Outer>(&mut deserializer).expect_err(json);
        let path = error.path().to_string();
        let inner = error.inner();
        if inner.classify() == Category::Data {
            let (field, reason) = locate(&path, &without_position(inner));
            format!("{field}: {reason}")
        } else {
            format!("{:?}", malformed(inner))
        }
    }

    #[test]
    fn complaints_are_plain() {
        let table = [
            ("{}", "name: is missing"),
            (r#"{"name":"a","name":"b"}"#, "name: is there twice"),
            (
                r#"{"name":"a","nick":"b"}"#,
                "nick: is not a field that is known here; known are `name`, `count`, `colour`, `inner`, `flags`",
            ),
            (
                r#"{"name":"a","inner":[{"size":1},{"sise":1}]}"#,
                "inner[1].sise: is not a field that is known here; known are `size`",
            ),
            (r#"{"name":"a","inner":[{}]}"#, "inner[0].size: is missing"),
            (r#"{"name":7}"#, "name: is a whole number, and has to be a text"),
            (r#"{"name":null}"#, "name: is null, and has to be a text"),
            (r#"{"name":"a","count":"7"}"#, "count: is a text, and has to be a whole number, 0 or more"),
            (r#"{"name":"a","count":-1}"#, "count: is -1, and has to be a whole number, 0 or more"),
            (
                r#"{"name":"a","count":1.5}"#,
                "count: is a number with a fraction, and has to be a whole number, 0 or more",
            ),
            (
                r#"{"name":"a","inner":[{"size":300}]}"#,
                "inner[0].size: is 300, and has to be a whole number from 0 to 255",
            ),
            (r#"{"name":"a","colour":"blue"}"#, "colour: is `blue`, and has to be one of `red`, `green`"),
            (r#"{"name":"a","inner":{}}"#, "inner: is an object, and has to be a list"),
            (r#"{"name":"a","flags":{"x":1}}"#, "flags.x: is a whole number, and has to be true or false"),
            (r#""text""#, ": is a text, and has to be an object"),
        ];
        for (json, expected) in table {
            assert_eq!(complaint(json), expected, "{json}");
        }
    }

    #[test]
    fn what_is_not_json_is_located() {
        for (json, place) in
            [("{\"name\":\n  tru}", "line 2, column"), ("{\"name\":\"a\"", "it ends too early")]
        {
            let text = complaint(json);
            assert!(text.contains(place), "{text}");
        }
    }
}
