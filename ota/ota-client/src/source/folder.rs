//! A repository in a folder: a USB stick, a network drive.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use ota_core::trust::Refusal;

use super::{Files, Size, SourceError};

/// The folder of a repository. Only regular files in it are read; a link in the place of a file is refused,
/// as a stick could lead anywhere by it.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The repository in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn read(&self, path: &str, size: Size) -> io::Result<Vec<u8>> {
        let path = self.0.join(path);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let mut content = Vec::new();
        // One byte more tells that it is too long.
        File::open(&path)?.take(size.most() as u64 + 1).read_to_end(&mut content)?;
        Ok(content)
    }
}

impl Files for Folder {
    fn get(&mut self, path: &str, size: Size) -> Result<Option<Vec<u8>>, SourceError> {
        let content = match self.read(path, size) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SourceError::Read { name: path.to_owned(), source }),
        };
        match size {
            Size::AtMost { limit, .. } if content.len() > limit => Err(size.too_long().into()),
            Size::Exactly(size) if content.len() > size => {
                Err(Refusal::OtherContent { what: format!("The file {path}") }.into())
            }
            Size::Exactly(expected) if content.len() < expected => {
                Err(Refusal::Truncated { expected: expected as u64, received: content.len() as u64 }.into())
            }
            _ => Ok(Some(content)),
        }
    }
}
