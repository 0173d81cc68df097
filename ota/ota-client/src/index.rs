//! The chunk index of a part, fetched and checked.

use ota_core::index::{Chunk, ChunkIndex};
use ota_core::manifest::{Content, Manifest, PartKind};
use ota_core::trust::Refusal;

use crate::digest::sha256;
use crate::source::{Source, SourceError};

/// The chunk index of a part: the one that the manifest promises.
#[derive(Clone, Debug)]
pub struct Index {
    part: PartKind,
    image: Content,
    file: Vec<u8>,
}

impl Index {
    /// Fetches the index of a part of a release that is believed.
    ///
    /// # Errors
    /// The source's, and a file that is not what the manifest promises or no index.
    pub fn fetch(source: &mut dyn Source, manifest: &Manifest, part: PartKind) -> Result<Self, SourceError> {
        let file = source.index(manifest, part)?;
        let promised = manifest.part(part);
        if file.len() as u64 != promised.index.size || sha256(&file) != promised.index.sha256 {
            return Err(Refusal::OtherContent { what: format!("The chunk index of {}", part.name()) }.into());
        }
        ChunkIndex::parse(&file, promised.image.size)?;
        Ok(Self { part, image: promised.image, file })
    }

    /// The indexes of root, verity tree and kernel image.
    ///
    /// # Errors
    /// As for [`Index::fetch`].
    pub fn fetch_all(source: &mut dyn Source, manifest: &Manifest) -> Result<[Self; 3], SourceError> {
        let [root, verity, uki] = PartKind::ALL;
        Ok([
            Self::fetch(source, manifest, root)?,
            Self::fetch(source, manifest, verity)?,
            Self::fetch(source, manifest, uki)?,
        ])
    }

    /// Which part.
    pub fn part(&self) -> PartKind {
        self.part
    }

    /// What the part is when it is put together.
    pub fn image(&self) -> Content {
        self.image
    }

    /// The chunks with their places in the part, in bytes.
    pub fn chunks(&self) -> impl Iterator<Item = (u64, Chunk)> + use<'_> {
        let index =
            ChunkIndex::parse(&self.file, self.image.size).expect("it was parsed when it was fetched");
        index.chunks().scan(0, |next, chunk| {
            let offset = *next;
            *next += u64::from(chunk.length);
            Some((offset, chunk))
        })
    }
}
