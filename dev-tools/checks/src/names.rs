//! Names that say nothing: a file, folder or crate is named after its job, not after being useful.

use std::path::{Path, PathBuf};

/// Words that no name may contain, in the singular.
const EMPTY_WORDS: &[&str] = &["util", "utility", "utilitie", "common", "manager", "helper", "misc"];

/// Terms of the field that contain such a word.
const TERMS: &[&str] = &[
    // The board that the others inherit from.
    "board-configs/common",
    // What systemd calls itself (sd_notify(3)).
    "service_manager",
    "systemd_manager",
];

/// One line for each file whose path below the checkout contains an empty word.
pub(crate) fn findings(files: &[PathBuf]) -> Vec<String> {
    files
        .iter()
        .filter_map(|file| Some(format!("{}: \"{}\" says nothing", file.display(), empty_word(file)?)))
        .collect()
}

fn empty_word(file: &Path) -> Option<String> {
    let path = file.to_string_lossy().to_lowercase();
    let path = TERMS.iter().fold(path, |path, term| path.replace(term, ""));
    path.split(|letter: char| !letter.is_alphanumeric())
        .find(|word| EMPTY_WORDS.contains(&word.trim_end_matches('s')))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> bool {
        !findings(&[PathBuf::from(name)]).is_empty()
    }

    #[test]
    fn a_name_that_says_nothing_fails() {
        for name in ["a/src/utils.rs", "appliance/common/src/lib.rs", "a/key_manager.rs", "web/Helpers.tsx"] {
            assert!(told(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_only_looks_so_passes() {
        for name in
            ["a/utilisation.rs", "hal/hal-api/src/service_manager.rs", "board-configs/common/board.toml"]
        {
            assert!(!told(name), "{name}");
        }
    }
}
