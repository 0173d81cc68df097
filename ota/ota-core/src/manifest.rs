//! The manifest: what is current for one board on one channel, and everything that it consists of.
//!
//! ```text
//! {"board":"qemu-x86_64","channel":"stable","epoch":3,"expires":"2026-12-21T00:00:00Z",
//!  "minimum_version":"1.0.0","notes":"…","parts":{"root":{"index":{"sha256":"…","size":1234},
//!  "sha256":"…","size":67108864},"uki":{…},"verity":{…}},"root_hash":"…",
//!  "signed":"2026-11-21T00:00:00Z","signers":1,"type":"anya-release","version":"1.2.3"}
//! ```
//!
//! (in one line, without spaces). Root, verity and kernel image cannot be mixed: the signatures are over the
//! hashes of all three and the root hash, and [`Manifest::check_kernel`] compares the root hash with the one
//! in the kernel image's own signed command line.

use jiff::Timestamp;

use crate::digest::{RootHash, Sha256};
use crate::document::canonical::Value;
use crate::document::{DocumentError, Fields};
use crate::identifier::Identifier;
use crate::limits;
use crate::version::Version;

mod kernel;
#[cfg(test)]
pub(crate) mod tests;

pub use kernel::KernelFacts;

/// The document's `type`.
const TYPE: &str = "anya-release";

/// A file that the manifest promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// A part of a release: the image, and the index of its chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The image.
    pub image: Content,
    /// Its chunk index ([`crate::index`]).
    pub index: Content,
}

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The root file system.
    Root,
    /// Its dm-verity tree.
    Verity,
    /// The unified kernel image.
    Uki,
}

impl PartKind {
    /// All, in the order in which they are listed and written.
    pub const ALL: [Self; 3] = [Self::Root, Self::Verity, Self::Uki];

    /// The part's name in files and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Verity => "verity",
            Self::Uki => "uki",
        }
    }
}

/// A release for one board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its version.
    pub version: Version,
    /// The board that it is for.
    pub board: Identifier,
    /// The channel that it is current on.
    pub channel: Identifier,
    /// The security epoch: raised when releases before it must not be installed any more.
    pub epoch: u64,
    /// The oldest version that it may be installed over.
    pub minimum_version: Version,
    /// When it was signed.
    pub signed: Timestamp,
    /// From when on it is not believed any more.
    pub expires: Timestamp,
    /// The version of the signer list that it counts on.
    pub signers: u64,
    /// What is new, in plain text.
    pub notes: String,
    /// The root hash of the dm-verity tree.
    pub root_hash: RootHash,
    /// The root.
    pub root: Part,
    /// The verity tree.
    pub verity: Part,
    /// The kernel image.
    pub uki: Part,
}

impl Manifest {
    /// Reads a manifest. What it says is to be believed only after [`crate::trust::judge`].
    ///
    /// # Errors
    /// Bytes that are not a manifest in canonical form.
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::of_document(document, limits::MANIFEST, TYPE)?;
        let mut parts = fields.object("parts")?;
        let manifest = Self {
            version: fields.parsed("version")?,
            board: fields.parsed("board")?,
            channel: fields.parsed("channel")?,
            epoch: fields.integer("epoch")?,
            minimum_version: fields.parsed("minimum_version")?,
            signed: fields.time("signed")?,
            expires: fields.time("expires")?,
            signers: fields.integer("signers")?,
            notes: fields.text("notes")?,
            root_hash: fields.parsed("root_hash")?,
            root: part(&mut parts, PartKind::Root)?,
            verity: part(&mut parts, PartKind::Verity)?,
            uki: part(&mut parts, PartKind::Uki)?,
        };
        parts.end()?;
        manifest.check(&fields)?;
        fields.end()?;
        Ok(manifest)
    }

    /// What a single field cannot tell.
    fn check(&self, fields: &Fields) -> Result<(), DocumentError> {
        if self.expires <= self.signed {
            return Err(fields.bad("expires", "it expires before it was signed"));
        }
        if self.minimum_version > self.version {
            return Err(fields.bad("minimum_version", "it is newer than the release itself"));
        }
        if self.notes.len() > limits::NOTES {
            return Err(fields.bad("notes", format_args!("they are longer than {} bytes", limits::NOTES)));
        }
        if self.notes.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err(fields.bad("notes", "they are not plain text"));
        }
        Ok(())
    }

    /// The document, for signing.
    ///
    /// # Errors
    /// What [`Manifest::parse`] would refuse is not written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        let parts = Value::Object(
            PartKind::ALL.iter().map(|&kind| (kind.name().to_owned(), part_value(self.part(kind)))).collect(),
        );
        let document = Value::object([
            ("type", Value::text(TYPE)),
            ("version", Value::text(&self.version)),
            ("board", Value::text(&self.board)),
            ("channel", Value::text(&self.channel)),
            ("epoch", Value::Integer(self.epoch)),
            ("minimum_version", Value::text(&self.minimum_version)),
            ("signed", Value::text(self.signed)),
            ("expires", Value::text(self.expires)),
            ("signers", Value::Integer(self.signers)),
            ("notes", Value::text(&self.notes)),
            ("root_hash", Value::text(self.root_hash)),
            ("parts", parts),
        ])
        .to_bytes();
        Self::parse(&document).map(|_| document)
    }

    /// One of the parts.
    pub fn part(&self, kind: PartKind) -> &Part {
        match kind {
            PartKind::Root => &self.root,
            PartKind::Verity => &self.verity,
            PartKind::Uki => &self.uki,
        }
    }
}

fn part(parts: &mut Fields, kind: PartKind) -> Result<Part, DocumentError> {
    let mut fields = parts.object(kind.name())?;
    let mut index = fields.object("index")?;
    let part = Part { image: content(&mut fields)?, index: content(&mut index)? };
    if part.index.size > limits::INDEX as u64 {
        return Err(index.bad("size", "a chunk index is not that long"));
    }
    index.end()?;
    fields.end()?;
    Ok(part)
}

fn content(fields: &mut Fields) -> Result<Content, DocumentError> {
    let content = Content { size: fields.integer("size")?, sha256: fields.parsed("sha256")? };
    if content.size == 0 { Err(fields.bad("size", "it is empty")) } else { Ok(content) }
}

fn part_value(part: &Part) -> Value {
    let sized =
        |content: &Content| [("size", Value::Integer(content.size)), ("sha256", Value::text(content.sha256))];
    let [size, sha256] = sized(&part.image);
    Value::object([size, sha256, ("index", Value::object(sized(&part.index)))])
}
