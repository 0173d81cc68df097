//! What opening a TPM takes, and how it fails.

use std::path::PathBuf;
use std::time::Duration;

use hal_api::{HalError, HalErrorKind};

/// Which TPM to open, and how.
#[derive(Clone, Debug)]
pub struct TpmConfig {
    /// The box's own name for the token: lower-case letters, digits and `-`.
    pub name: String,
    /// The way to the TPM in the words of tpm2-tss: `device:/dev/tpmrm0` or
    /// `swtpm:host=127.0.0.1,port=2321`. Sockets by path are not known to the library in use.
    pub tcti: String,
    /// The folder that keeps the keys' blobs; made with mode 0700 when missing. The blobs are useless
    /// without this very TPM, and losing the folder loses the keys.
    pub key_dir: PathBuf,
    /// How long a call waits for its answer before it fails with `Timeout`.
    pub call_timeout: Duration,
    /// How many calls may wait for the TPM; one more fails with `Busy`.
    pub queue: usize,
}

impl TpmConfig {
    /// A configuration with 30 seconds for a call (a TPM may take that long for an RSA key) and 64
    /// waiting calls.
    pub fn new(name: impl Into<String>, tcti: impl Into<String>, key_dir: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            tcti: tcti.into(),
            key_dir: key_dir.into(),
            call_timeout: Duration::from_secs(30),
            queue: 64,
        }
    }
}

/// What [`crate::open`] failed at.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The TCTI text is not understood.
    #[error("\"{tcti}\" does not name a TPM; use for example device:/dev/tpmrm0")]
    Tcti {
        /// The configured text.
        tcti: String,
        /// What tpm2-tss said.
        #[source]
        source: tss_esapi::Error,
    },
    /// No connection.
    #[error("cannot connect to the TPM at {tcti}")]
    Connect {
        /// The configured text.
        tcti: String,
        /// What tpm2-tss said.
        #[source]
        source: tss_esapi::Error,
    },
    /// The folder for the keys' blobs cannot be used.
    #[error("cannot use the TPM key folder {path}")]
    KeyFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The TPM answered and could not be made ready.
    #[error("cannot make the TPM at {tcti} ready")]
    Prepare {
        /// The configured text.
        tcti: String,
        /// The step that failed.
        #[source]
        source: HalError,
    },
    /// The operating system gave no thread.
    #[error("cannot start the TPM's thread")]
    Thread {
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl OpenError {
    /// The kind by which a caller decides.
    pub fn kind(&self) -> HalErrorKind {
        match self {
            Self::Tcti { .. } => HalErrorKind::InvalidInput,
            Self::Connect { .. } => HalErrorKind::NotFound,
            Self::KeyFolder { .. } | Self::Thread { .. } => HalErrorKind::Device,
            Self::Prepare { source, .. } => source.kind,
        }
    }
}
