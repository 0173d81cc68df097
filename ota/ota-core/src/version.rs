//! Versions of releases, and how they are written for the boot loader.
//!
//! A version is a semantic version (semver.org 2.0) in one of two forms: `1.2.3`, or `1.2.3-rc.4` for a
//! pre-release, which is a word of small letters and a number. Build metadata is refused: it does not take
//! part in the order, so two releases could be neither older nor newer than each other.
//!
//! The boot loader orders entries by its own rules ([`crate::slots::order`]), in which `-` begins something
//! *newer*. So a version has a second spelling, [`Version::loader_form`], with `~` in its place:
//! `1.2.3~rc.4`. In that form, and because a pre-release is one word and one number, the loader's order and
//! that of semver are the same; a property test says so. The image's `IMAGE_VERSION`, the labels of the
//! slots and the names of entries carry it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest version, in bytes: it becomes part of a file name and of a GPT label (36 characters, with
/// `anya_` before it).
const LONGEST: usize = 31;

/// The version of a release. Ordered as semver orders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

/// Why a text is no version of a release.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadVersion {
    /// Not a semantic version.
    #[error("{0:?} is not a version such as 1.2.3 or 1.2.3-rc.1")]
    Form(String),
    /// Build metadata (`+…`).
    #[error("{0:?} has build metadata, which has no place in the order of versions")]
    BuildMetadata(String),
    /// A pre-release that is not a word and a number.
    #[error("{0:?}: a pre-release is a word and a number, such as rc.1")]
    PreRelease(String),
    /// Longer than a GPT label takes.
    #[error("a version has at most {LONGEST} letters")]
    TooLong,
}

impl Version {
    /// The version as the boot loader orders it: `1.2.3`, `1.2.3~rc.4`.
    pub fn loader_form(&self) -> String {
        self.to_string().replacen('-', "~", 1)
    }

    /// Reads what [`Version::loader_form`] writes.
    ///
    /// # Errors
    /// As for any other text that is no version; the hyphen of a pre-release is one here.
    pub fn from_loader_form(text: &str) -> Result<Self, BadVersion> {
        if text.contains('-') {
            return Err(BadVersion::Form(shown(text)));
        }
        text.replacen('~', "-", 1).parse()
    }

    /// Whether it is a pre-release.
    pub fn is_pre_release(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

fn is_word_and_number(pre: &str) -> bool {
    pre.split_once('.').is_some_and(|(word, number)| {
        !word.is_empty()
            && word.bytes().all(|letter| letter.is_ascii_lowercase())
            && !number.is_empty()
            && number.bytes().all(|letter| letter.is_ascii_digit())
    })
}

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        if text.len() > LONGEST {
            return Err(BadVersion::TooLong);
        }
        let version = semver::Version::parse(text).map_err(|_| BadVersion::Form(shown(text)))?;
        if !version.build.is_empty() {
            return Err(BadVersion::BuildMetadata(shown(text)));
        }
        if !version.pre.is_empty() && !is_word_and_number(&version.pre) {
            return Err(BadVersion::PreRelease(shown(text)));
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for Version {
    type Error = BadVersion;

    fn try_from(text: String) -> Result<Self, BadVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_semver_orders_them() {
        let order =
            ["0.9.0", "1.0.0-beta.2", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.1", "1.2.0", "1.10.0"];
        let versions: Vec<Version> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted());
        assert_eq!(versions[2].loader_form(), "1.0.0~rc.2");
        assert_eq!(Version::from_loader_form("1.0.0~rc.2").unwrap(), versions[2]);
    }

    #[test]
    fn what_the_boot_loader_would_order_otherwise_is_refused() {
        for bad in [
            "1.0",
            "v1.0.0",
            "01.0.0",
            "1.0.0-rc1",
            "1.0.0-1",
            "1.0.0-rc.01",
            "1.0.0-rc.1.2",
            "1.0.0-Rc.1",
            "",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
        assert!(matches!("1.0.0+b".parse::<Version>(), Err(BadVersion::BuildMetadata(_))));
        assert!(Version::from_loader_form("1.0.0-rc.1").is_err());
        assert_eq!("1.0.1000000000000000000000000000".parse::<Version>(), Err(BadVersion::TooLong));
    }
}
