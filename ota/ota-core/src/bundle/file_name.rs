//! The name of the file that a bundle is in.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::identifier::Identifier;
use crate::manifest::Manifest;
use crate::version::Version;

/// What a bundle's file is called: `anya-1.2.3-qemu-x86_64.update`, and with `-from-1.2.2` behind the board one
/// for boxes that run that version. It is for people and for a first choice: what the bundle is, its manifest
/// says.
///
/// ```
/// let name: ota_core::bundle::FileName = "anya-1.2.3-rc.1-qemu-x86_64.update".parse()?;
/// assert_eq!((name.version.to_string(), name.board.as_str()), ("1.2.3-rc.1".into(), "qemu-x86_64"));
/// # Ok::<(), ota_core::bundle::BadFileName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName {
    /// The release's version.
    pub version: Version,
    /// The board that it is for.
    pub board: Identifier,
    /// The version whose parts it leaves out; `None` when it is whole.
    pub from: Option<Version>,
}

/// Why a text is no name of a bundle's file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a name such as anya-1.2.3-qemu-x86_64.update")]
pub struct BadFileName(String);

impl FileName {
    /// The name for a release, whole or without the parts of another one.
    pub fn of(manifest: &Manifest, from: Option<&Version>) -> Self {
        Self { version: manifest.version.clone(), board: manifest.board.clone(), from: from.cloned() }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "anya-{}-{}", self.version, self.board)?;
        if let Some(from) = &self.from {
            write!(f, "-from-{from}")?;
        }
        f.write_str(".update")
    }
}

impl FromStr for FileName {
    type Err = BadFileName;

    fn from_str(text: &str) -> Result<Self, BadFileName> {
        parse(text).ok_or_else(|| BadFileName(text.chars().take(60).collect()))
    }
}

/// There is one way to read a name: every version has a dot, and no board has one.
fn parse(text: &str) -> Option<FileName> {
    let stem = text.strip_prefix("anya-")?.strip_suffix(".update")?;
    let base = stem.rsplit_once("-from-").and_then(|(release, base)| Some((release, base.parse().ok()?)));
    let (release, from) = base.map_or((stem, None), |(release, base)| (release, Some(base)));
    release.match_indices('-').find_map(|(at, _)| {
        let (version, board) = (release[..at].parse().ok()?, release[at + 1..].parse().ok()?);
        Some(FileName { version, board, from: from.clone() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        for (text, version, board, from) in [
            ("anya-1.2.3-qemu-x86_64.update", "1.2.3", "qemu-x86_64", None),
            ("anya-1.2.3-rc.4-generic-x86_64.update", "1.2.3-rc.4", "generic-x86_64", None),
            ("anya-1.2.3-qemu-x86_64-from-1.2.2.update", "1.2.3", "qemu-x86_64", Some("1.2.2")),
            ("anya-1.2.3-rc.2-pi-from-1.2.3-rc.1.update", "1.2.3-rc.2", "pi", Some("1.2.3-rc.1")),
            ("anya-1.2.3-a-from-b.update", "1.2.3", "a-from-b", None),
        ] {
            let name: FileName = text.parse().unwrap();
            assert_eq!((name.version.to_string().as_str(), name.board.as_str()), (version, board));
            assert_eq!(name.from.as_ref().map(ToString::to_string).as_deref(), from);
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_name_of_a_bundle_is_none() {
        for text in [
            "",
            "anya-.update",
            "anya-1.2.3.update",
            "anya-1.2.3-.update",
            "anya-1.2.3-QEMU.update",
            "anya-1.2.3-chunks.update",
            "anya-1.2-qemu.update",
            "anya-1.2.3-qemu.update.exe",
            "anya-1.2.3-qemu-from-1.2.update",
            "._anya-1.2.3-qemu.update",
            "../anya-1.2.3-qemu.update",
            "anya-1.2.3-../../etc.update",
            "anya-1.2.3+build.1-qemu.update",
            "ANYA-1.2.3-qemu.update",
            "anya-1.2.3-qemu\u{202e}.update",
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text:?}");
        }
        let long = format!("anya-1.2.3-{}.update", "a-".repeat(5000));
        assert!(long.parse::<FileName>().unwrap_err().to_string().len() < 150);
    }
}
