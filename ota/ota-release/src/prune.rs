//! `prune`: what no release needs any more is removed.
//!
//! Needed are what is current, what is newer than that (staged), and as many of the older releases as the
//! caller wants to keep: boxes may be in the middle of downloading one. All that is to be kept is read before
//! anything is removed; when an index is missing nothing is, as nobody knows then what its chunks are.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ota_core::digest::Sha256;
use ota_core::version::Version;
use serde::Serialize;

use crate::error::{ReleaseError, Result};
use crate::repository::{PARTIAL, Place, Release, ReleaseName, Repository};
use crate::served::Served;

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// The older releases.
    pub releases: Vec<ReleaseName>,
    /// How many chunks.
    pub chunks: u64,
    /// Their size and that of files that were never finished, bytes.
    pub bytes: u64,
    /// Whether nothing was removed, but only counted.
    pub dry_run: bool,
}

/// Removes what is not needed; `keep` is how many releases before the current one stay in each place.
///
/// # Errors
/// What is needed cannot be told, or a file cannot be removed.
pub fn prune(repository: &Repository, keep: usize, dry_run: bool) -> Result<Pruned> {
    let _lock = repository.lock()?;
    let mut pruned = Pruned { dry_run, ..Pruned::default() };
    let mut needed = HashSet::new();
    for place in repository.places()? {
        let (kept, dropped) = sorted_out(repository, &place, keep)?;
        for version in kept {
            let release = repository.release(&ReleaseName { place: place.clone(), version })?;
            needed.extend(digests(repository, &release)?);
        }
        if let Some(current) = repository.current(&place)? {
            needed.extend(digests(repository, &current)?);
        }
        pruned
            .releases
            .extend(dropped.into_iter().map(|version| ReleaseName { place: place.clone(), version }));
    }
    let mut files = Vec::new();
    collect(repository.root(), &mut files)
        .map_err(ReleaseError::file("read the folder", repository.root()))?;
    for name in &pruned.releases {
        let folder = repository.path(&format!("{}/{}", name.place, name.version));
        if !dry_run {
            // First the manifest: what has one is a release, and has all that it names.
            repository.remove(&name.manifest())?;
            fs::remove_dir_all(&folder).map_err(ReleaseError::file("remove", &folder))?;
        }
    }
    for (path, size) in files {
        let chunk = chunk_name(&path);
        if chunk.is_some_and(|chunk| !needed.contains(&chunk)) {
            pruned.chunks += 1;
        } else if !is_partial(&path) {
            continue;
        }
        pruned.bytes += size;
        if !dry_run && path.exists() {
            fs::remove_file(&path).map_err(ReleaseError::file("remove", &path))?;
        }
    }
    Ok(pruned)
}

/// The versions that stay, and those that go. Without a current release, all stay.
fn sorted_out(repository: &Repository, place: &Place, keep: usize) -> Result<(Vec<Version>, Vec<Version>)> {
    let versions = repository.versions(place)?;
    let Some(current) = repository.current(place)? else { return Ok((versions, Vec::new())) };
    let (older, mut kept): (Vec<Version>, Vec<Version>) =
        versions.into_iter().partition(|version| *version < current.manifest.version);
    let dropped = older.len().saturating_sub(keep);
    kept.extend_from_slice(&older[dropped..]);
    Ok((kept, older[..dropped].to_vec()))
}

fn digests(repository: &Repository, release: &Release) -> Result<Vec<Sha256>> {
    let chunks = Served::new(repository, release).chunks()?;
    Ok(chunks.into_iter().map(|chunk| chunk.sha256).collect())
}

/// All files below a folder, with their sizes.
fn collect(folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push((entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(())
}

/// The chunk whose file this is.
fn chunk_name(path: &Path) -> Option<Sha256> {
    let folder = path.parent()?.parent()?.file_name()?;
    let name = path.file_name()?.to_str()?.strip_suffix(".zst")?;
    name.parse().ok().filter(|_| folder == "chunks")
}

fn is_partial(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PARTIAL))
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.dry_run { "Would remove" } else { "Removed" };
        write!(f, "{verb} {} chunks, {} bytes", self.chunks, self.bytes)?;
        self.releases.iter().try_for_each(|name| write!(f, "\n  {name}"))
    }
}
