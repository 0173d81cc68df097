//! What can go wrong, and what to do about it.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};

use hal_api::HalError;
use hal_pkcs11::OpenError;
use ota_client::assemble::AssembleError;
use ota_client::check::CheckError;
use ota_client::source::SourceError;
use ota_client::verity::VerityError;
use ota_core::document::DocumentError;
use ota_core::trust::Refusal;
use thiserror::Error;

/// What this crate returns.
pub type Result<T> = std::result::Result<T, ReleaseError>;

/// Why a step failed. The text names the step and its subject; where people can do something about it, what.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// A file or folder.
    #[error("cannot {step} {}", path.display())]
    File {
        /// The step, for example `read`.
        step: &'static str,
        /// Its subject.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another run works in the repository.
    #[error("another ota-release is at work in {}: let it end first", .0.display())]
    Busy(PathBuf),
    /// Something that a step needs is not there.
    #[error("{what} is missing: {cure}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        cure: &'static str,
    },
    /// A field of an order cannot be.
    #[error("{field}: {why}")]
    Field {
        /// The option of the command line.
        field: &'static str,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// The image cannot become a release.
    #[error("the image in {} cannot be released: {why}", folder.display())]
    Image {
        /// The image's folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A document cannot be used or written.
    #[error("{what} cannot be used")]
    Document {
        /// Which.
        what: String,
        /// What is wrong with it.
        #[source]
        reason: DocumentError,
    },
    /// A box would refuse it.
    #[error("a box would refuse {what}")]
    Refused {
        /// What it would refuse.
        what: String,
        /// Why, in one word, which stays the same.
        code: &'static str,
        /// Why.
        #[source]
        reason: Box<dyn StdError + Send + Sync>,
    },
    /// The key belongs to nobody who may sign.
    #[error("{who} is not on the signer list: `rotate --add` adds a signer")]
    NotASigner {
        /// Who wants to sign: name and fingerprint.
        who: String,
    },
    /// A signer counts once.
    #[error("{signer} has signed {what} already, and counts once")]
    SignedAlready {
        /// The signer's name.
        signer: String,
        /// What is signed.
        what: String,
    },
    /// A key, a certificate or a file of the repository.
    #[error("{subject}: {why}")]
    Unusable {
        /// Its file, or its place in an HSM.
        subject: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// A step of OpenPGP failed.
    #[error("cannot {step}")]
    OpenPgp {
        /// The step.
        step: String,
        /// What the library said.
        #[source]
        source: anyhow::Error,
    },
    /// The HSM cannot be opened.
    #[error("cannot open the HSM")]
    OpenHsm(#[source] OpenError),
    /// The HSM cannot do something.
    #[error("the HSM cannot do it")]
    Hsm(#[from] HalError),
}

/// Why a box would refuse something.
pub(crate) trait Reason: StdError + Send + Sync + 'static {
    /// The reason in one word, which stays the same.
    fn code(&self) -> &'static str;
}

macro_rules! reasons {
    ($($kind:ty),*) => {
        $(impl Reason for $kind {
            fn code(&self) -> &'static str {
                <$kind>::code(self)
            }
        })*
    };
}

// The rules' own reasons, and those that the client has beside them.
reasons!(Refusal, SourceError, CheckError, AssembleError, VerityError);

impl ReleaseError {
    /// The reason in one word, which stays the same; for programs: that of a box, as far as it is one; `failed`
    /// for what is no matter of trust.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Document { reason, .. } => reason.code(),
            Self::SignedAlready { .. } => "duplicate_signature",
            Self::NotASigner { .. } => "wrong_signer",
            Self::Missing { .. } => "missing",
            Self::Field { .. } => "bad_field",
            _ => "failed",
        }
    }

    /// For `map_err`: the step with a file failed.
    pub(crate) fn file(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { step, path, source }
    }

    /// For `map_err`: a box would refuse `what`.
    pub(crate) fn refused<R: Reason>(what: impl ToString) -> impl FnOnce(R) -> Self {
        let what = what.to_string();
        move |reason| Self::Refused { what, code: reason.code(), reason: Box::new(reason) }
    }

    /// For `map_err`: the document cannot be used.
    pub(crate) fn document(what: impl ToString) -> impl FnOnce(DocumentError) -> Self {
        let what = what.to_string();
        move |reason| Self::Document { what, reason }
    }

    /// For `map_err`: a step of OpenPGP failed.
    pub(crate) fn openpgp(step: impl ToString) -> impl FnOnce(anyhow::Error) -> Self {
        let step = step.to_string();
        move |source| Self::OpenPgp { step, source }
    }
}
