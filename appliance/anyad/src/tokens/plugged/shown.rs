//! What the rest of the box is given of a token that comes and goes: one that can be used, with what was
//! found out about it, or one that is listed and refuses everything.

use std::sync::Arc;

use hal_api::{
    Capabilities, HalError, HalErrorKind, HalResult, KeyEntry, KeyId, KeySpec, KeyStore, PublicKey,
    SignRequest, Signer, Token, TokenHealth, TokenInfo, TokenProbe,
};

/// Why a token cannot be used until somebody does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// Nobody entered its PIN since the box started.
    Pin,
    /// It refused the PIN that it took before.
    NewPin,
    /// It takes no PIN any more.
    Unlocking,
    /// It was pulled out.
    PluggingIn,
}

impl Wants {
    /// The health of a token that wants this.
    pub(super) fn health(self) -> TokenHealth {
        let (kind, reason) = match self {
            Self::Pin => (HalErrorKind::PinNeeded, "it is locked; enter its PIN"),
            Self::NewPin => {
                (HalErrorKind::PinNeeded, "the PIN that was entered before is not tried again; enter its PIN")
            }
            Self::Unlocking => (
                HalErrorKind::PinLocked,
                "it locked itself after too many wrong PINs; unlock it with its maker's program",
            ),
            Self::PluggingIn => (HalErrorKind::Removed, "it was pulled out; plug it in again"),
        };
        TokenHealth::Failing { kind, reason: reason.to_owned() }
    }
}

/// What the last look found out. The list of tokens tells this, so that it agrees with the box's health.
pub(super) struct Found {
    pub(super) info: TokenInfo,
    pub(super) capabilities: Capabilities,
    pub(super) health: TokenHealth,
}

/// The token of this name. Without an open one, every use of it fails as its health says.
pub(super) fn token(name: &str, found: Found, open: Option<&Token>) -> Token {
    let found = Arc::new(found);
    let probe = Arc::clone(&found) as Arc<dyn TokenProbe>;
    match open {
        Some(open) => Token { name: name.to_owned(), probe, ..open.clone() },
        None => Token {
            name: name.to_owned(),
            probe,
            keys: Arc::clone(&found) as Arc<dyn KeyStore>,
            signer: found,
            sealer: None,
            attester: None,
        },
    }
}

impl Found {
    fn refuse<T>(&self) -> HalResult<T> {
        let (kind, reason) = match &self.health {
            TokenHealth::Failing { kind, reason } => (*kind, reason.as_str()),
            TokenHealth::Healthy => (HalErrorKind::Device, "it is not open"),
        };
        Err(HalError::new(kind, format!("use token \"{}\": {reason}", self.info.label)))
    }
}

impl TokenProbe for Found {
    fn info(&self) -> HalResult<TokenInfo> {
        Ok(self.info.clone())
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn health(&self) -> TokenHealth {
        self.health.clone()
    }

    fn close(&self) {}
}

impl KeyStore for Found {
    fn generate(&self, _: &KeySpec) -> HalResult<PublicKey> {
        self.refuse()
    }

    fn public_key(&self, _: &KeyId) -> HalResult<PublicKey> {
        self.refuse()
    }

    fn list(&self) -> HalResult<Vec<KeyEntry>> {
        self.refuse()
    }

    fn delete(&self, _: &KeyId) -> HalResult<()> {
        self.refuse()
    }
}

impl Signer for Found {
    fn sign(&self, _: &SignRequest) -> HalResult<Vec<u8>> {
        self.refuse()
    }
}
