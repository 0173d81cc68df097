//! What was fetched of a release, kept in a folder until it is installed.
//!
//! A [`Keeping`] source asks the folder first and the source behind it then, and keeps what that gives. So a
//! download that was interrupted goes on where it was, and an installation needs no network: whoever asks does
//! not notice where something comes from. Signer lists and manifests are not kept, as they may be newer at
//! their source.
//!
//! A chunk is unpacked and compared with its digest before it is kept, and again when it is read: what the disk
//! has spoilt is fetched anew. A file is written under another name first, so that half a chunk is never taken
//! for one; nothing is synced, as what a power cut takes is fetched again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ota_core::identifier::Identifier;
use ota_core::index::Chunk;
use ota_core::layout;
use ota_core::manifest::{Manifest, PartKind};

use crate::digest::sha256;
use crate::source::{Folder, Repository, Signed, Source, SourceError};
use crate::unpack::unpack;

/// A source whose indexes and chunks are kept in a folder.
pub struct Keeping<'a> {
    folder: PathBuf,
    kept: Repository<Folder>,
    behind: &'a mut dyn Source,
}

impl<'a> Keeping<'a> {
    /// Keeps in this folder, which is made when something is to be kept, what the source gives.
    pub fn new(folder: impl Into<PathBuf>, behind: &'a mut dyn Source) -> Self {
        let folder = folder.into();
        Self { kept: Repository(Folder::new(&folder)), folder, behind }
    }

    fn keep(&self, path: &str, content: &[u8]) -> Result<(), SourceError> {
        write(&self.folder.join(path), content).map_err(SourceError::Keep)
    }
}

/// Whether a folder has a chunk, by name and length alone.
pub fn has(folder: &Path, chunk: &Chunk) -> bool {
    fs::metadata(folder.join(layout::chunk(&chunk.sha256)))
        .is_ok_and(|file| file.is_file() && file.len() == u64::from(chunk.compressed))
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    fs::write(&part, content)?;
    fs::rename(part, path)
}

impl Source for Keeping<'_> {
    fn signer_list(&mut self, version: u64) -> Result<Option<Signed>, SourceError> {
        self.behind.signer_list(version)
    }

    fn manifest(&mut self, channel: &Identifier, board: &Identifier) -> Result<Option<Signed>, SourceError> {
        self.behind.manifest(channel, board)
    }

    fn index(&mut self, manifest: &Manifest, part: PartKind) -> Result<Vec<u8>, SourceError> {
        let promised = manifest.part(part).index.sha256;
        match self.kept.index(manifest, part) {
            Ok(kept) if sha256(&kept) == promised => Ok(kept),
            _ => {
                let index = self.behind.index(manifest, part)?;
                // One that is not what was promised is refused by who asked for it.
                if sha256(&index) == promised {
                    self.keep(&layout::index(manifest, part), &index)?;
                }
                Ok(index)
            }
        }
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<Vec<u8>, SourceError> {
        if let Ok(kept) = self.kept.chunk(chunk)
            && unpack(&kept, chunk).is_ok()
        {
            return Ok(kept);
        }
        let file = self.behind.chunk(chunk)?;
        unpack(&file, chunk)?;
        self.keep(&layout::chunk(&chunk.sha256), &file)?;
        Ok(file)
    }
}
