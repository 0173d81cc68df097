//! Releases on media that people plug in.
//!
//! What is told of a file before it is taken is its name's word, and only good for a choice: a stick can carry
//! any name. What it is, the release itself says, once it was taken and checked as any other.

use ota_core::bundle::FileName;
use ota_core::identifier::Identifier;
use ota_core::version::Version;
use serde::Serialize;

use super::{UpdateError, UpdateProblem};
use crate::audit::Actor;

/// The largest file with a release that is taken, bytes: the parts of the largest board's slot, and much room.
pub const LARGEST_FILE: u64 = 2 << 30;

/// A file with a release on a medium, as its name says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediumFile {
    /// The medium: the device's name, such as `sdb1`.
    pub medium: String,
    /// The file's name.
    pub name: FileName,
    /// Its size, bytes.
    pub size: u64,
}

/// Whether a box can take a release, as far as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It is newer than the version that runs.
    Newer,
    /// It is the version that runs.
    Running,
    /// It is older than that.
    Older,
    /// It is for another board.
    OtherBoard,
    /// It leaves out what another version has, and boxes take whole releases only.
    NotWhole,
    /// It is larger than [`LARGEST_FILE`].
    TooLarge,
}

impl MediumFile {
    /// Whether a box with this board, on which this version runs, can take it.
    pub fn fit(&self, running: &Version, board: &Identifier) -> Fit {
        let FileName { version, board: of, from } = &self.name;
        if of != board {
            Fit::OtherBoard
        } else if version == running {
            Fit::Running
        } else if version < running {
            Fit::Older
        } else if from.is_some() {
            Fit::NotWhole
        } else if self.size > LARGEST_FILE {
            Fit::TooLarge
        } else {
            Fit::Newer
        }
    }

    /// The same as a refusal.
    ///
    /// # Errors
    /// Everything but [`Fit::Newer`], in words for the owner.
    pub fn check(&self, running: &Version, board: &Identifier) -> Result<(), UpdateProblem> {
        let FileName { version, board: of, .. } = &self.name;
        let (code, text) = match self.fit(running, board) {
            Fit::Newer => return Ok(()),
            Fit::Running => ("nothing_new", format!("Version {version} runs already.")),
            Fit::Older => ("older", format!("Version {version} is older than {running}, which runs.")),
            Fit::OtherBoard => {
                ("wrong_board", format!("The file is for boxes of the kind {of}, not {board}."))
            }
            Fit::NotWhole => ("not_whole", "The file holds only a part of the version.".to_owned()),
            Fit::TooLarge => (
                "too_large",
                format!("The file is larger than {} GiB, as no version is.", LARGEST_FILE >> 30),
            ),
        };
        Err(UpdateProblem { code: code.to_owned(), text })
    }
}

/// A release on a medium, and whether the box can take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediumRelease {
    /// The medium that it is on.
    pub medium: String,
    /// The file's name there.
    pub file: String,
    /// The version, as the name says.
    pub version: Version,
    /// The board, likewise.
    pub board: Identifier,
    /// The file's size, bytes.
    pub size: u64,
    /// Whether the box can take it.
    pub fit: Fit,
}

/// A file that is being copied from a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taking {
    /// The medium.
    pub medium: String,
    /// The file's name.
    pub file: String,
    /// How much of it is on the box, bytes.
    pub done: u64,
    /// Its size, bytes. When all of it is on the box, it is being checked.
    pub total: u64,
}

/// What is on the media that are plugged in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Media {
    /// The releases on them, the newest first.
    pub releases: Vec<MediumRelease>,
    /// What is being taken from one of them.
    pub taking: Option<Taking>,
}

impl Media {
    /// What is told of these files, by a box with this board on which this version runs.
    pub fn of(files: &[MediumFile], running: &Version, board: &Identifier, taking: Option<Taking>) -> Self {
        let mut files: Vec<_> = files.iter().collect();
        files.sort_by(|one, other| other.name.version.cmp(&one.name.version).then_with(|| one.cmp(other)));
        let release = |file: &MediumFile| MediumRelease {
            medium: file.medium.clone(),
            file: file.name.to_string(),
            version: file.name.version.clone(),
            board: file.name.board.clone(),
            size: file.size,
            fit: file.fit(running, board),
        };
        Self { releases: files.into_iter().map(release).collect(), taking }
    }
}

/// Releases on media. Nothing is taken from one by itself: the owner asks.
pub trait UpdateMedia: Send + Sync {
    /// What is on them; answers at once.
    fn media(&self) -> Media;

    /// Takes a release from a medium, and offers it, in the background: as
    /// [`take_file`](super::Updates::take_file) does with a file that is sent.
    ///
    /// # Errors
    /// `NotNow` when it is not there; `Refused` when it does not fit, or there is no room; otherwise as for
    /// [`super::Updates`].
    fn take_from_medium(&self, actor: &Actor, medium: &str, file: &str) -> Result<(), UpdateError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> MediumFile {
        MediumFile { medium: "sdb1".into(), name: name.parse().unwrap(), size }
    }

    fn here() -> (Version, Identifier) {
        ("1.2.0".parse().unwrap(), "qemu-x86_64".parse().unwrap())
    }

    #[test]
    fn what_does_not_fit_is_told_and_refused_in_words() {
        let (running, board) = here();
        for (name, size, fit, words) in [
            ("anya-1.3.0-qemu-x86_64.update", 7, Fit::Newer, ""),
            ("anya-1.3.0-rc.1-qemu-x86_64.update", LARGEST_FILE, Fit::Newer, ""),
            ("anya-1.2.0-qemu-x86_64.update", 7, Fit::Running, "Version 1.2.0 runs already."),
            ("anya-1.2.0-rc.9-qemu-x86_64.update", 7, Fit::Older, "is older than 1.2.0"),
            ("anya-1.3.0-generic-x86_64.update", 7, Fit::OtherBoard, "kind generic-x86_64, not qemu-x86_64"),
            ("anya-1.3.0-qemu-x86_64-from-1.2.0.update", 7, Fit::NotWhole, "only a part"),
            ("anya-1.3.0-qemu-x86_64.update", LARGEST_FILE + 1, Fit::TooLarge, "larger than 2 GiB"),
        ] {
            let file = file(name, size);
            assert_eq!(file.fit(&running, &board), fit, "{name}");
            match file.check(&running, &board) {
                Ok(()) => assert_eq!(fit, Fit::Newer),
                Err(problem) => assert!(problem.text.contains(words) && fit != Fit::Newer, "{problem:?}"),
            }
        }
    }

    #[test]
    fn the_newest_comes_first() {
        let (running, board) = here();
        let files = [
            file("anya-1.3.0-rc.2-qemu-x86_64.update", 7),
            file("anya-1.3.0-qemu-x86_64.update", 7),
            file("anya-1.2.9-qemu-x86_64.update", 7),
        ];
        let media = Media::of(&files, &running, &board, None);
        let versions: Vec<_> = media.releases.iter().map(|release| release.version.to_string()).collect();
        assert_eq!(versions, ["1.3.0", "1.3.0-rc.2", "1.2.9"]);
    }
}
