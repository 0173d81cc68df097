//! `SHA256SUMS`: lines of a hash, a space, a space or `*`, and a file name, as sha256sum(1) writes them.

/// The hash of the file `name`, in lower case: `None` when it is not listed, or listed with two hashes.
pub fn hash_of(sums: &str, name: &str) -> Option<String> {
    let mut found: Option<String> = None;
    for line in sums.lines() {
        let Some((hash, listed)) = line.split_once(' ') else { continue };
        let listed = listed.strip_prefix([' ', '*']).unwrap_or(listed);
        if listed != name {
            continue;
        }
        if hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let hash = hash.to_ascii_lowercase();
        if found.as_ref().is_some_and(|other| *other != hash) {
            return None;
        }
        found = Some(hash);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::hash_of;

    fn line(digit: char, name: &str) -> String {
        format!("{}{name}\n", digit.to_string().repeat(64))
    }

    #[test]
    fn a_listed_file_has_its_hash() {
        let sums = line('a', "  other.tar.gz") + &line('B', "  x.tar.gz") + &line('c', " *y.tar.gz");
        assert_eq!(hash_of(&sums, "x.tar.gz"), Some("b".repeat(64)));
        assert_eq!(hash_of(&sums, "y.tar.gz"), Some("c".repeat(64)));
    }

    #[test]
    fn what_is_not_listed_once_has_none() {
        let twice = line('a', "  x") + &line('b', "  x");
        for sums in ["", "x", "abc  x\n", &line('a', "  xx"), &line('a', "  dir/x"), &twice] {
            assert_eq!(hash_of(sums, "x"), None, "{sums:?}");
        }
    }
}
