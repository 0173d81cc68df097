//! A repository: a folder of static files, wherever it lies.

use ota_core::document::DocumentError;
use ota_core::identifier::Identifier;
use ota_core::index::Chunk;
use ota_core::manifest::{Manifest, PartKind};
use ota_core::trust::Refusal;
use ota_core::{layout, limits};

use super::{Signed, Source, SourceError};

/// How long a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// It is a document, which is not longer than this, in bytes.
    AtMost {
        /// What it is called when it is refused.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// It has this length in bytes.
    Exactly(usize),
}

impl Size {
    /// The most bytes that are taken.
    pub fn most(self) -> usize {
        match self {
            Self::AtMost { limit, .. } => limit,
            Self::Exactly(size) => size,
        }
    }

    /// The refusal of a file that is longer.
    pub fn too_long(self) -> Refusal {
        match self {
            Self::AtMost { what, limit } => {
                Refusal::Document { what, reason: DocumentError::TooLarge { limit } }
            }
            Self::Exactly(size) => Refusal::EndlessResponse { expected: size as u64 },
        }
    }
}

/// A place with files.
pub trait Files {
    /// The content of the file at this path, which is relative and made of names that are checked
    /// ([`ota_core::layout`]); `None` when there is none.
    ///
    /// # Errors
    /// It is longer than it may be, has another size, or could not be read.
    fn get(&mut self, path: &str, size: Size) -> Result<Option<Vec<u8>>, SourceError>;
}

/// The repository in a place.
#[derive(Debug)]
pub struct Repository<F>(pub F);

impl<F: Files> Repository<F> {
    fn signed(
        &mut self,
        path: &str,
        what: &'static str,
        limit: usize,
    ) -> Result<Option<Signed>, SourceError> {
        let Some(document) = self.0.get(path, Size::AtMost { what, limit })? else { return Ok(None) };
        let size = Size::AtMost { what: "file of signatures", limit: limits::SIGNATURES };
        let signatures = self.0.get(&layout::signatures(path), size)?.unwrap_or_default();
        Ok(Some(Signed { document, signatures }))
    }

    fn exactly(&mut self, path: &str, size: u64) -> Result<Vec<u8>, SourceError> {
        let missing = || SourceError::Missing(path.to_owned());
        let size = usize::try_from(size).map_err(|_| missing())?;
        self.0.get(path, Size::Exactly(size))?.ok_or_else(missing)
    }
}

impl<F: Files> Source for Repository<F> {
    fn signer_list(&mut self, version: u64) -> Result<Option<Signed>, SourceError> {
        self.signed(&layout::signer_list(version), "signer list", limits::SIGNER_LIST)
    }

    fn manifest(&mut self, channel: &Identifier, board: &Identifier) -> Result<Option<Signed>, SourceError> {
        self.signed(&layout::manifest(channel, board), "manifest", limits::MANIFEST)
    }

    fn index(&mut self, manifest: &Manifest, part: PartKind) -> Result<Vec<u8>, SourceError> {
        self.exactly(&layout::index(manifest, part), manifest.part(part).index.size)
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<Vec<u8>, SourceError> {
        self.exactly(&layout::chunk(&chunk.sha256), chunk.compressed.into())
    }
}
