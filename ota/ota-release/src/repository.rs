//! A repository on the disk of whoever makes releases: the folder that a server serves.
//!
//! The layout is that of [`ota_core::layout`], and beside it what boxes never ask for:
//!
//! ```text
//! <channel>/<board>/<version>/manifest.json(.sig)   a release, staged until it is published, kept after that
//! signers/next.json(.sig)                           the next signer list, until it is published
//! .ota-release.lock                                 held by the command at work
//! ```
//!
//! Every file comes into its place by one rename, after its content is on the disk. What an interrupted run
//! leaves is a file that begins with `.part-`, which `prune` removes.

mod files;
mod releases;
mod signer_lists;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ota_core::{layout, limits};

use crate::error::{ReleaseError, Result};

pub use files::Document;
pub(crate) use files::{PARTIAL, PUBLIC, put_file};
pub use releases::{Place, Release, ReleaseName};
pub use signer_lists::ListedSigners;
pub(crate) use signer_lists::NEXT_SIGNERS;

const LOCK: &str = ".ota-release.lock";

/// A repository.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
}

/// While it lives, no other command changes the repository.
#[derive(Debug)]
pub struct Lock {
    _held: File,
}

impl Repository {
    /// A repository that is there.
    ///
    /// # Errors
    /// The folder is missing.
    pub fn open(root: &Path) -> Result<Self> {
        if root.is_dir() {
            return Ok(Self { root: root.to_owned() });
        }
        let what = format!("the repository {}", root.display());
        Err(ReleaseError::Missing { what, cure: "`ota-release rotate --add NAME=FILE` begins one" })
    }

    /// A repository, which is begun when there is none.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open_or_begin(root: &Path) -> Result<Self> {
        fs::create_dir_all(root).map_err(ReleaseError::file("make the folder", root))?;
        Self::open(root)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file at a path of [`ota_core::layout`].
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Keeps other commands out.
    ///
    /// # Errors
    /// One is at work.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path(LOCK);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(ReleaseError::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _held: file }),
            Err(fs::TryLockError::WouldBlock) => Err(ReleaseError::Busy(self.root.clone())),
            Err(fs::TryLockError::Error(source)) => Err(ReleaseError::file("lock", &path)(source)),
        }
    }

    /// A file, of at most `limit` bytes; none when it is not there.
    pub(crate) fn read(&self, relative: &str, limit: usize) -> Result<Option<Vec<u8>>> {
        files::read(&self.path(relative), limit)
    }

    /// Puts a file in its place in one step.
    pub(crate) fn put(&self, relative: &str, content: &[u8]) -> Result<()> {
        put_file(&self.path(relative), content, PUBLIC)
    }

    /// Removes a file; that it is not there is as good.
    pub(crate) fn remove(&self, relative: &str) -> Result<()> {
        files::remove(&self.path(relative))
    }

    /// A document and its signatures; none when there is no document.
    pub(crate) fn document(&self, relative: &str, limit: usize) -> Result<Option<Document>> {
        let Some(bytes) = self.read(relative, limit)? else { return Ok(None) };
        let signatures = self.read(&layout::signatures(relative), limits::SIGNATURES)?.unwrap_or_default();
        Ok(Some(Document { path: relative.to_owned(), bytes, signatures }))
    }
}
