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
    #[serde(with = "signer_lists")]
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

/// Versions as text: a number is no key of a JSON object, and serde turns only those back into numbers that it
/// reads at first hand, not within a tagged enum.
pub(crate) mod signer_lists {
    use std::collections::BTreeMap;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Signed;

    pub(crate) fn serialize<S: Serializer>(lists: &BTreeMap<u64, Signed>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(lists.iter().map(|(version, list)| (version.to_string(), list)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u64, Signed>, D::Error> {
        BTreeMap::<String, Signed>::deserialize(from)?
            .into_iter()
            .map(|(version, list)| Ok((version.parse().map_err(D::Error::custom)?, list)))
            .collect()
    }
}
