//! The data folder: made private, and held by one service at a time.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};

/// The folder of everything the box keeps. While it lives, no other service can use the folder.
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: Flock<File>,
}

impl DataFolder {
    /// Makes the folder where it is missing, and takes it.
    ///
    /// # Errors
    /// One line with the cure, when the folder cannot be made or used, or another service holds it.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let cure = || {
            let shown = path.display();
            format!(
                "cannot use the data folder {shown}; make it writable for this user or choose another with --data-dir"
            )
        };
        make_private(path).with_context(cure)?;
        let path = path.canonicalize().with_context(cure)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .with_context(cure)?;
        let Ok(lock) = Flock::lock(lock, FlockArg::LockExclusiveNonblock) else {
            let shown = path.display();
            bail!(
                "the data folder {shown} is in use by another anyad; stop that one or choose another folder with --data-dir"
            );
        };
        Ok(Self { path, _lock: lock })
    }

    /// The folder's absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside, absolute.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder inside, made with mode 0700 where it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        make_private(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(path)
    }
}

fn make_private(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file with mode 0600 so that after a power cut either the old or the new content is there.
///
/// # Errors
/// When the folder cannot be written to.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let shown = path.display();
    let write = || -> std::io::Result<()> {
        let part = path.with_extension("part");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&part, path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("cannot write {shown}"))
}

/// Reads a file; `None` when it is not there.
///
/// # Errors
/// When it is there and cannot be read.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_folder_is_private_and_has_one_owner() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("box");
        let folder = DataFolder::take(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let second = DataFolder::take(&path).err().unwrap().to_string();
        assert!(second.contains("in use by another anyad"), "{second}");
        drop(folder);
        DataFolder::take(&path).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_told_with_the_cure() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("box");
        std::fs::write(&path, "").unwrap();
        let error = DataFolder::take(&path).err().unwrap().to_string();
        assert!(error.contains("cannot use the data folder") && error.contains("--data-dir"), "{error}");
    }

    #[test]
    fn private_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        assert_eq!(read_if_there(&path).unwrap(), None);
        write_private(&path, b"1").unwrap();
        write_private(&path, b"2").unwrap();
        assert_eq!(read_if_there(&path).unwrap().unwrap(), b"2");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
