//! Files that are whole whenever somebody reads them.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::Builder;

use crate::error::{ReleaseError, Result};

/// How the names of files begin that are being written.
pub(crate) const PARTIAL: &str = ".part-";
/// The mode of what everybody may read.
pub(crate) const PUBLIC: u32 = 0o644;

/// A document and the detached signatures over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its path in the repository.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The signatures, as concatenated OpenPGP packets; empty when nobody has signed.
    pub signatures: Vec<u8>,
}

/// Writes a file beside its place, brings it to the disk, and renames it into its place.
pub(crate) fn put_file(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    write(path, content, mode).map_err(ReleaseError::file("write", path))
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file =
        Builder::new().prefix(PARTIAL).permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename itself, which is otherwise on the disk when the file system likes.
    File::open(folder)?.sync_all()
}

/// Reads at most `limit` bytes; none when there is no file.
pub(super) fn read(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ReleaseError::file("open", path)(error)),
    };
    let mut bytes = Vec::new();
    // One byte more, so that the parsers see that it is too long.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(ReleaseError::file("read", path))?;
    Ok(Some(bytes))
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ReleaseError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/manifest.json");
        for content in ["first", "second"] {
            put_file(&path, content.as_bytes(), 0o600).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_too_long_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read(&path, 10).unwrap(), None);
        fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read(&path, 10).unwrap().unwrap().len(), 11);
    }
}
