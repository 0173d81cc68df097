//! Labels: the texts by which people tell keys apart.

/// Longest label, in characters. At most four times as many bytes of UTF-8.
pub const LABEL_CHARS: usize = 64;

/// Checks a label and trims it.
///
/// # Errors
/// The reason, in plain words that fit behind the name of the field: empty, longer than
/// [`LABEL_CHARS`] characters, more than 128 bytes, or with control characters.
pub fn check_label(label: &str) -> Result<String, String> {
    let label = label.trim();
    if label.is_empty() {
        return Err("is empty".into());
    }
    let length = label.chars().count();
    if length > LABEL_CHARS {
        return Err(format!("is {length} characters long; at most {LABEL_CHARS} are allowed"));
    }
    // A token's own label field takes 128 bytes (`hal_api::KeySpec::label`).
    if label.len() > 128 {
        return Err(format!("is {} bytes long in UTF-8; at most 128 are allowed", label.len()));
    }
    if label.chars().any(is_unseen) {
        return Err("has control characters".into());
    }
    Ok(label.to_owned())
}

/// Control characters, and those that reorder or hide the text beside them (Unicode bidirectional
/// controls, zero-width space, line and paragraph separators), with which one label could pose as another.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_label_is_trimmed_and_bounded() {
        assert_eq!(check_label("  signing  "), Ok("signing".into()));
        assert_eq!(check_label(&"x".repeat(64)), Ok("x".repeat(64)));
        for (label, reason) in [
            ("", "is empty"),
            (" \t ", "is empty"),
            (&"x".repeat(65), "is 65 characters long; at most 64 are allowed"),
            (&"🔑".repeat(33), "is 132 bytes long in UTF-8; at most 128 are allowed"),
            ("a\u{0}b", "has control characters"),
            ("a\u{202e}b", "has control characters"),
        ] {
            assert_eq!(check_label(label), Err(reason.into()), "{label:?}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_keeps_the_rules_and_passes_again(text in ".{0,80}") {
            if let Ok(label) = check_label(&text) {
                prop_assert!((1..=LABEL_CHARS).contains(&label.chars().count()) && label.len() <= 128);
                prop_assert!(!label.chars().any(char::is_control));
                prop_assert_eq!(check_label(&label), Ok(label.clone()));
            }
        }
    }
}
