//! The releases of a repository: what is current, what is staged, what was current.

use std::fmt;
use std::fs;
use std::path::Path;

use ota_core::identifier::Identifier;
use ota_core::manifest::Manifest;
use ota_core::version::Version;
use ota_core::{layout, limits};
use serde::Serialize;

use super::{Document, Repository};
use crate::error::{ReleaseError, Result};

/// Where releases go: a channel's board. Displayed as `stable/qemu-x86_64`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The channel.
    pub channel: Identifier,
    /// The board.
    pub board: Identifier,
}

/// A release of a place. Displayed as `stable/qemu-x86_64 1.2.3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ReleaseName {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Which.
    pub version: Version,
}

/// A release.
#[derive(Clone, Debug)]
pub struct Release {
    /// What its document says.
    pub manifest: Manifest,
    /// The document.
    pub document: Document,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.channel, self.board)
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.version)
    }
}

impl Release {
    /// Its name.
    pub fn name(&self) -> ReleaseName {
        let Manifest { channel, board, version, .. } = self.manifest.clone();
        ReleaseName { place: Place { channel, board }, version }
    }
}

impl ReleaseName {
    /// The path of the release's own copy of its manifest.
    pub fn manifest(&self) -> String {
        format!("{}/{}/manifest.json", self.place, self.version)
    }
}

impl Repository {
    /// What is current in a place.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn current(&self, place: &Place) -> Result<Option<Release>> {
        self.release_at(&layout::manifest(&place.channel, &place.board), place, None)
    }

    /// A release, staged or published.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be read.
    pub fn release(&self, name: &ReleaseName) -> Result<Release> {
        let found = self.release_at(&name.manifest(), &name.place, Some(&name.version))?;
        found.ok_or_else(|| ReleaseError::Missing {
            what: format!("the release {name}"),
            cure: "`ota-release make` makes one",
        })
    }

    /// The release whose manifest lies at a path; it must be of that place, and of that version.
    fn release_at(&self, path: &str, place: &Place, version: Option<&Version>) -> Result<Option<Release>> {
        let Some(document) = self.document(path, limits::MANIFEST)? else { return Ok(None) };
        let manifest = Manifest::parse(&document.bytes).map_err(ReleaseError::document(path))?;
        let release = Release { manifest, document };
        let name = release.name();
        if name.place == *place && version.is_none_or(|version| name.version == *version) {
            return Ok(Some(release));
        }
        let why = format!("it is the manifest of {name}");
        Err(ReleaseError::Unusable { subject: path.to_owned(), why })
    }

    /// The versions of a place, staged or published, oldest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn versions(&self, place: &Place) -> Result<Vec<Version>> {
        let folder = self.path(&place.to_string());
        let mut versions: Vec<Version> = names(&folder)?
            .iter()
            .filter_map(|name| name.parse().ok())
            .filter(|version: &Version| folder.join(version.to_string()).join("manifest.json").is_file())
            .collect();
        versions.sort();
        Ok(versions)
    }

    /// The one release of a place that is staged: made, and not what is current, nor older.
    ///
    /// # Errors
    /// There is none, or there are several, of which one has to be named.
    pub fn staged(&self, place: &Place) -> Result<Release> {
        let current = self.current(place)?;
        let mut staged = Vec::new();
        for version in self.versions(place)? {
            let release = self.release(&ReleaseName { place: place.clone(), version })?;
            let published = current.as_ref().is_some_and(|current| {
                release.manifest.version < current.manifest.version
                    || release.document.bytes == current.document.bytes
            });
            if !published {
                staged.push(release);
            }
        }
        if staged.len() > 1 {
            let versions: Vec<String> =
                staged.iter().map(|release| release.manifest.version.to_string()).collect();
            let why = format!("which one? {} are staged", versions.join(", "));
            return Err(ReleaseError::Field { field: "--version", why });
        }
        staged.pop().ok_or_else(|| ReleaseError::Missing {
            what: format!("a staged release of {place}"),
            cure: "`ota-release make` makes one",
        })
    }

    /// All places that have a release.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn places(&self) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for channel in names(self.root())?.iter().filter_map(|name| name.parse::<Identifier>().ok()) {
            for board in names(&self.path(channel.as_str()))? {
                let Ok(board) = board.parse() else { continue };
                let place = Place { channel: channel.clone(), board };
                if self.current(&place)?.is_some() || !self.versions(&place)?.is_empty() {
                    places.push(place);
                }
            }
        }
        places.sort();
        Ok(places)
    }
}

/// The names of the folders in a folder; none when it is no folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = || -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.extend(entry.file_name().into_string().ok());
            }
        }
        Ok(names)
    };
    read().map_err(ReleaseError::file("read the folder", folder))
}
