//! File sizes: a file that fits into the head is found, read and changed with confidence.
//!
//! Counted are the lines of Rust and TypeScript files without their tests: test files are left out, and so
//! is the `mod tests { … }` at a Rust file's end. Generated files (`*.gen.*`, or `@generated` in the first
//! line) do not count.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Half of the files are shorter than this, in lines.
const MEDIAN: usize = 150;
/// 95 of 100 files are shorter than this, in lines.
const PERCENTILE_95: usize = 500;
/// No file is longer than this, in lines.
const LARGEST: usize = 800;

/// One line for each file that is too long, and for each language whose files are too long on the whole.
pub(crate) fn findings(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (language, endings) in [("Rust", &["rs"][..]), ("TypeScript", &["ts", "tsx"][..])] {
        let mut sizes = Vec::new();
        for file in files.iter().filter(|file| is_code(file, endings)) {
            let path = root.join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            if !is_generated(file, &text) {
                sizes.push((own_lines(&text), file.as_path()));
            }
        }
        findings.extend(judge(language, sizes));
    }
    Ok(findings)
}

fn is_code(file: &Path, endings: &[&str]) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let test_folder = file.iter().any(|part| part == "tests" || part == "e2e" || part == "testdata");
    let test_file = name == "tests" || name.ends_with("_tests") || name.ends_with(".test");
    endings.contains(&ending) && !test_folder && !test_file
}

fn is_generated(file: &Path, text: &str) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.contains(".gen.") || text.lines().next().is_some_and(|line| line.contains("@generated"))
}

/// The lines of a file without its `mod tests { … }`, which rustfmt closes with a lone brace.
fn own_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let mut count = 0;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        if *line == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{') {
            let closing = lines[at..].iter().position(|line| *line == "}");
            at += closing.map_or(lines.len() - at, |offset| offset + 1);
        } else {
            count += 1;
            at += 1;
        }
    }
    count
}

fn judge(language: &str, mut sizes: Vec<(usize, &Path)>) -> Vec<String> {
    sizes.sort_unstable();
    let mut findings: Vec<String> = sizes
        .iter()
        .filter(|(lines, _)| *lines > LARGEST)
        .map(|(lines, file)| format!("{}: {lines} lines; at most {LARGEST}", file.display()))
        .collect();
    let mut below = |hundredth: usize, limit: usize| {
        let Some(&(lines, file)) = sizes.get(sizes.len() * hundredth / 100) else { return };
        if lines >= limit {
            findings.push(format!(
                "{language}: {hundredth} of 100 files are to be below {limit} lines; \
                 the one at that place, {}, has {lines}",
                file.display(),
            ));
        }
    };
    below(50, MEDIAN);
    below(95, PERCENTILE_95);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told about a checkout with files of these names and texts.
    fn told(files: &[(&str, String)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        findings(root.path(), &crate::tree::files(root.path()).unwrap()).unwrap()
    }

    fn lines(count: usize) -> String {
        "x\n".repeat(count)
    }

    /// `count` files of `length` lines.
    fn many(prefix: &str, count: usize, length: usize) -> Vec<(String, String)> {
        (0..count).map(|n| (format!("src/{prefix}{n}.rs"), lines(length))).collect()
    }

    fn told_of(files: Vec<(String, String)>) -> Vec<String> {
        let borrowed: Vec<(&str, String)> = files.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
        told(&borrowed)
    }

    #[test]
    fn a_file_above_the_limit_fails_with_its_name() {
        let files = [many("small", 40, 20), many("large", 1, 801)].concat();
        assert_eq!(told_of(files), ["src/large0.rs: 801 lines; at most 800"]);
        let files = [many("small", 40, 20), vec![("web/Big.tsx".to_owned(), lines(900))]].concat();
        let told = told_of(files);
        assert!(told.iter().any(|line| line.starts_with("web/Big.tsx: 900 lines")), "{told:?}");
    }

    #[test]
    fn a_median_or_a_tail_above_its_limit_fails() {
        let told = told_of(many("middling", 9, 150));
        assert!(told.len() == 1 && told[0].contains("50 of 100"), "{told:?}");
        let told = told_of([many("small", 18, 20), many("long", 2, 600)].concat());
        assert!(told.len() == 1 && told[0].contains("95 of 100"), "{told:?}");
    }

    #[test]
    fn tests_and_generated_code_do_not_count() {
        let with_tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(20), "    x\n".repeat(900));
        assert_eq!(own_lines(&with_tests), 20);
        let files = [
            ("a/src/lib.rs", with_tests),
            ("a/tests/it/main.rs", lines(900)),
            ("a/src/keys/tests.rs", lines(900)),
            ("web-ui/e2e/claim.ts", lines(900)),
            ("web-ui/src/chat.test.tsx", lines(900)),
            ("web-ui/src/schema.gen.ts", lines(900)),
            ("a/src/words.rs", format!("// @generated\n{}", lines(900))),
        ];
        assert_eq!(told(&files), Vec::<String>::new());
    }
}
