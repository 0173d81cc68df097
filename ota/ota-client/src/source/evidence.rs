//! What a check was based on.

use std::collections::BTreeMap;

use ota_core::identifier::Identifier;
use ota_core::index::Chunk;
use ota_core::layout;
use ota_core::manifest::{Manifest, PartKind};
use serde::{Deserialize, Serialize};

use super::{Signed, Source, SourceError};

/// The documents and signatures that a check was based on: what one process hands to another that does not
/// take its word for it. It is a source itself, without indexes and chunks, so that the other one runs the
/// same [check](crate::check::check) over it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The signer lists after the one in the image, by their versions.
    pub signer_lists: BTreeMap<u64, Signed>,
    /// The manifest.
    pub manifest: Signed,
}

impl Source for Evidence {
    fn signer_list(&mut self, version: u64) -> Result<Option<Signed>, SourceError> {
        Ok(self.signer_lists.get(&version).cloned())
    }

    fn manifest(
        &mut self,
        _channel: &Identifier,
        _board: &Identifier,
    ) -> Result<Option<Signed>, SourceError> {
        Ok(Some(self.manifest.clone()))
    }

    fn index(&mut self, manifest: &Manifest, part: PartKind) -> Result<Vec<u8>, SourceError> {
        Err(SourceError::Missing(layout::index(manifest, part)))
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<Vec<u8>, SourceError> {
        Err(SourceError::Missing(layout::chunk(&chunk.sha256)))
    }
}
