//! Where releases come from.
//!
//! A [`Source`] is asked for what a release consists of, in the words of a release; nobody hands it a path.
//! There are four: a [`Repository`] on an [`HttpServer`] or in a [`Folder`], a
//! [bundle](crate::bundle::BundleFile), and the [`Evidence`] that a check leaves behind.
//!
//! A source promises nothing about what the bytes are: signatures and digests tell, and whoever asks checks
//! them. It does promise bounds ([`ota_core::limits`], [`ota_core::transfer`]): so many bytes, so much time,
//! no other place than the one that was named, and to stop when it is told to ([`Cancel`]).

mod evidence;
mod folder;
mod http;
mod repository;
mod terms;
mod throttle;

use std::error::Error;
use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ota_core::identifier::Identifier;
use ota_core::index::Chunk;
use ota_core::manifest::{Manifest, PartKind};
use ota_core::trust::Refusal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use evidence::Evidence;
pub(crate) use evidence::signer_lists;
pub use folder::Folder;
pub use http::HttpServer;
pub use repository::{Files, Repository, Size};
pub use terms::{Cancel, Terms};

/// A document and the detached signatures over it, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The document's bytes.
    #[serde(with = "as_base64")]
    pub document: Vec<u8>,
    /// The file of signatures; empty when there is none.
    #[serde(with = "as_base64")]
    pub signatures: Vec<u8>,
}

/// Where a release comes from. Ask in the order of these methods: a bundle is read forwards, once.
pub trait Source {
    /// The signer list of this version; `None` when there is none (yet). Versions are asked for in rising
    /// order.
    ///
    /// # Errors
    /// See [`SourceError`]; so for all methods.
    fn signer_list(&mut self, version: u64) -> Result<Option<Signed>, SourceError>;

    /// The manifest of what is current for this board on this channel; `None` when there is none. It may be
    /// that of another board or channel, which is for the rules of trust to tell.
    fn manifest(&mut self, channel: &Identifier, board: &Identifier) -> Result<Option<Signed>, SourceError>;

    /// The chunk index of a part of a release that is **believed**. It has the size that the manifest says.
    fn index(&mut self, manifest: &Manifest, part: PartKind) -> Result<Vec<u8>, SourceError>;

    /// The file of a chunk, compressed. It has the size that the index says. Chunks are asked for in the order
    /// in which root, verity tree and kernel image use them first, and after the indexes.
    fn chunk(&mut self, chunk: &Chunk) -> Result<Vec<u8>, SourceError>;
}

/// Why a source does not give what it was asked for.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is, and the fields are named in it")]
pub enum SourceError {
    /// It gave something that is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("It was stopped.")]
    Stopped,
    #[error("{0} is missing.")]
    Missing(String),
    #[error(
        "{0} is not an address that updates can come from: it takes https, or http on the local network."
    )]
    BadAddress(String),
    #[error("The server of {url} cannot be reached.")]
    Unreachable { url: String, source: Box<dyn Error + Send + Sync> },
    #[error("The connection broke off while {url} was fetched.")]
    BrokenOff { url: String, source: Box<dyn Error + Send + Sync> },
    #[error("The server answered {status} when it was asked for {url}.")]
    Status { url: String, status: u16 },
    #[error("{name} cannot be read.")]
    Read { name: String, source: io::Error },
    #[error("What was fetched cannot be kept on the disk.")]
    Keep(#[source] io::Error),
}

impl SourceError {
    /// The reason in one word, which stays the same; for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Stopped => "stopped",
            Self::Missing(_) => "missing",
            Self::BadAddress(_) => "bad_address",
            Self::Unreachable { .. } => "unreachable",
            Self::BrokenOff { .. } => "broken_off",
            Self::Status { .. } => "server_error",
            Self::Read { .. } => "unreadable",
            Self::Keep(_) => "not_kept",
        }
    }

    /// Whether it may work later without anybody doing something: the network, not what was sent.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::BrokenOff { .. } | Self::Status { .. })
            || matches!(self, Self::Refused(Refusal::SlowServer | Refusal::Truncated { .. }))
    }
}

mod as_base64 {
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    use super::{BASE64_STANDARD, Deserialize, Engine};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}
