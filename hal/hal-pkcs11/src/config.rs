//! What opening a PKCS#11 token takes, and how it fails.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hal_api::HalErrorKind;
use zeroize::Zeroizing;

/// Which token to open, and how.
#[derive(Clone)]
pub struct Pkcs11Config {
    /// The box's own name for the token: lower-case letters, digits and `-`.
    pub name: String,
    /// The module's shared library.
    pub module: PathBuf,
    /// The token's label, at most 32 bytes (`CK_TOKEN_INFO.label`). Slot numbers change, labels stay.
    pub token_label: String,
    /// The token's serial number (`CK_TOKEN_INFO.serialNumber`), where several may have one label.
    pub token_serial: Option<String>,
    /// The user PIN.
    pub pin: Zeroizing<String>,
    /// Makes the token in the first uninitialised slot when none has the label. `None`: never.
    pub create_if_missing: Option<NewToken>,
    /// How many sessions the pool may hold; at least 1. Each signs for one thread at a time.
    pub max_sessions: usize,
    /// How long a call waits for a free session before it fails with `Busy`.
    pub busy_wait: Duration,
}

/// What making a token takes beside its label and user PIN.
#[derive(Clone)]
pub struct NewToken {
    /// The security officer's PIN. The box needs it only to set the user PIN anew.
    pub so_pin: Zeroizing<String>,
}

impl Pkcs11Config {
    /// A configuration with 32 sessions, two seconds of waiting, and no making of tokens.
    pub fn new(
        name: impl Into<String>,
        module: impl Into<PathBuf>,
        token_label: impl Into<String>,
        pin: Zeroizing<String>,
    ) -> Self {
        Self {
            name: name.into(),
            module: module.into(),
            token_label: token_label.into(),
            token_serial: None,
            pin,
            create_if_missing: None,
            max_sessions: 32,
            busy_wait: Duration::from_secs(2),
        }
    }

    /// Opens the token of this serial number only; an empty one says nothing.
    #[must_use]
    pub fn with_serial(mut self, serial: &str) -> Self {
        self.token_serial = Some(serial.to_owned()).filter(|serial| !serial.is_empty());
        self
    }

    /// Lets [`crate::open`] make the token when the module has none of that label.
    #[must_use]
    pub fn create_if_missing(mut self, so_pin: Zeroizing<String>) -> Self {
        self.create_if_missing = Some(NewToken { so_pin });
        self
    }
}

impl fmt::Debug for Pkcs11Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Config")
            .field("name", &self.name)
            .field("module", &self.module)
            .field("token_label", &self.token_label)
            .field("max_sessions", &self.max_sessions)
            .finish_non_exhaustive()
    }
}

/// What [`crate::open`] failed at. `Display` names the module or the label, never a PIN.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("PKCS#11 module {module} does not exist")]
    ModuleMissing {
        /// The configured path.
        module: PathBuf,
    },
    /// The file is there and cannot be loaded as a PKCS#11 module.
    #[error("cannot load {module} as a PKCS#11 module")]
    ModuleLoad {
        /// The configured path.
        module: PathBuf,
        /// What the loader said.
        #[source]
        source: cryptoki::error::Error,
    },
    /// `C_Initialize` failed. SoftHSM does so when its configuration file cannot be read.
    #[error("cannot initialise PKCS#11 module {module}")]
    Initialise {
        /// The configured path.
        module: PathBuf,
        /// What the module said.
        #[source]
        source: cryptoki::error::Error,
    },
    /// No slot holds a token of the label.
    #[error("no token with label \"{label}\" in PKCS#11 module {module}")]
    TokenNotFound {
        /// The configured path.
        module: PathBuf,
        /// The configured label.
        label: String,
    },
    /// The token was to be made and could not.
    #[error("cannot make token \"{label}\" in PKCS#11 module {module}")]
    CreateToken {
        /// The configured path.
        module: PathBuf,
        /// The configured label.
        label: String,
        /// What the module said; none when there is no uninitialised slot.
        #[source]
        source: Option<cryptoki::error::Error>,
    },
    /// The user PIN is wrong.
    #[error("wrong PIN for token \"{label}\"")]
    PinIncorrect {
        /// The configured label.
        label: String,
    },
    /// The user PIN is locked.
    #[error("the PIN of token \"{label}\" is locked after too many wrong tries")]
    PinLocked {
        /// The configured label.
        label: String,
    },
    /// Any other step.
    #[error("cannot {step} on token \"{label}\"")]
    Token {
        /// The step, for example `log in`.
        step: &'static str,
        /// The configured label.
        label: String,
        /// What the module said.
        #[source]
        source: cryptoki::error::Error,
    },
    /// The configuration itself is wrong.
    #[error("token \"{label}\": {problem}")]
    Config {
        /// The configured label.
        label: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl OpenError {
    /// The kind by which a caller decides: `NotFound`, `PinIncorrect`, `PinLocked`, `InvalidInput`, ….
    pub fn kind(&self) -> HalErrorKind {
        match self {
            Self::ModuleMissing { .. } | Self::TokenNotFound { .. } => HalErrorKind::NotFound,
            Self::PinIncorrect { .. } => HalErrorKind::PinIncorrect,
            Self::PinLocked { .. } => HalErrorKind::PinLocked,
            Self::Config { .. } => HalErrorKind::InvalidInput,
            Self::ModuleLoad { .. } | Self::Initialise { .. } => HalErrorKind::Device,
            Self::CreateToken { source: None, .. } => HalErrorKind::Full,
            Self::CreateToken { source: Some(source), .. } | Self::Token { source, .. } => {
                crate::error_map::kind_of(source)
            }
        }
    }
}
