//! Names of boards and channels.
//!
//! They are folder names of a repository and of a bundle, so nothing that a path could mean fits into one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name, in bytes.
const LONGEST: usize = 40;
/// Folders of a repository that are no channel.
const RESERVED: &[&str] = &["chunks", "signers"];

/// The name of a board or a channel: `qemu-x86_64`, `stable`. Small letters, digits, `-` and `_`; it begins
/// with a letter or a digit and has at most 40 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(String);

/// Why a text is no name of a board or a channel.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a name of small letters, digits, '-' and '_'")]
pub struct BadIdentifier(String);

impl Identifier {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let word = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let good = text.len() <= LONGEST
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|letter| word(letter) || letter == b'-' || letter == b'_')
            && !RESERVED.contains(&text);
        if good { Ok(Self(text.to_owned())) } else { Err(BadIdentifier(text.chars().take(60).collect())) }
    }
}

impl TryFrom<String> for Identifier {
    type Error = BadIdentifier;

    fn try_from(text: String) -> Result<Self, BadIdentifier> {
        text.parse()
    }
}

impl From<Identifier> for String {
    fn from(name: Identifier) -> Self {
        name.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_path_could_mean_is_a_name() {
        for good in ["stable", "qemu-x86_64", "generic-x86_64", "0"] {
            assert_eq!(good.parse::<Identifier>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a/b", "a.b", "A", "-a", "_a", "a b", "a\0", "chunks", "signers", "ä"] {
            assert!(bad.parse::<Identifier>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(41).parse::<Identifier>().is_err());
    }
}
