//! A release as a box would find it, were it published: the source for everything that is checked.

use std::collections::HashSet;

use ota_client::index::Index;
use ota_client::source::{self, Folder, Signed, Source, SourceError};
use ota_core::identifier::Identifier;
use ota_core::index::Chunk;
use ota_core::manifest::{Manifest, PartKind};

use crate::error::{ReleaseError, Result};
use crate::repository::{Release, Repository};

/// A repository whose current release is this one.
pub(crate) struct Served<'a> {
    files: source::Repository<Folder>,
    release: &'a Release,
}

impl<'a> Served<'a> {
    pub(crate) fn new(repository: &Repository, release: &'a Release) -> Self {
        Self { files: source::Repository(Folder::new(repository.root())), release }
    }

    /// The chunk indexes of root, verity tree and kernel image.
    pub(crate) fn indexes(&mut self) -> Result<[Index; 3]> {
        let release = self.release;
        Index::fetch_all(self, &release.manifest).map_err(ReleaseError::refused(release.name()))
    }

    /// The chunks of all parts, each once, in the order of their first use: that of a bundle.
    pub(crate) fn chunks(&mut self) -> Result<Vec<Chunk>> {
        let indexes = self.indexes()?;
        let mut seen = HashSet::new();
        let all = indexes.iter().flat_map(|index| index.chunks().map(|(_, chunk)| chunk));
        Ok(all.filter(|chunk| seen.insert(chunk.sha256)).collect())
    }
}

impl Source for Served<'_> {
    fn signer_list(&mut self, version: u64) -> std::result::Result<Option<Signed>, SourceError> {
        self.files.signer_list(version)
    }

    fn manifest(
        &mut self,
        _channel: &Identifier,
        _board: &Identifier,
    ) -> std::result::Result<Option<Signed>, SourceError> {
        let document = &self.release.document;
        Ok(Some(Signed { document: document.bytes.clone(), signatures: document.signatures.clone() }))
    }

    fn index(&mut self, manifest: &Manifest, part: PartKind) -> std::result::Result<Vec<u8>, SourceError> {
        self.files.index(manifest, part)
    }

    fn chunk(&mut self, chunk: &Chunk) -> std::result::Result<Vec<u8>, SourceError> {
        self.files.chunk(chunk)
    }
}
