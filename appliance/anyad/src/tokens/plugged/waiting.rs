//! A token that is listed and cannot be used now: it waits for its PIN, or to be plugged in again.

use std::sync::Arc;

use hal_api::{
    Capabilities, HalError, HalErrorKind, HalResult, KeyEntry, KeyId, KeySpec, KeyStore, PublicKey,
    SignRequest, Signer, Token, TokenHealth, TokenInfo, TokenProbe,
};

struct Waiting {
    info: TokenInfo,
    kind: HalErrorKind,
}

/// The token of this name, every use of which fails with `kind`.
pub(super) fn token(name: &str, info: &TokenInfo, kind: HalErrorKind) -> Token {
    let waiting = Arc::new(Waiting { info: info.clone(), kind });
    Token {
        name: name.to_owned(),
        probe: Arc::clone(&waiting) as Arc<dyn TokenProbe>,
        keys: Arc::clone(&waiting) as Arc<dyn KeyStore>,
        signer: waiting,
        sealer: None,
        attester: None,
    }
}

impl Waiting {
    fn refuse<T>(&self) -> HalResult<T> {
        Err(HalError::new(self.kind, format!("use token \"{}\": {}", self.info.label, self.reason())))
    }

    fn reason(&self) -> &'static str {
        match self.kind {
            HalErrorKind::Removed => "it was pulled out; plug it in again",
            _ => "it is locked; enter its PIN",
        }
    }
}

impl TokenProbe for Waiting {
    fn info(&self) -> HalResult<TokenInfo> {
        Ok(self.info.clone())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn health(&self) -> TokenHealth {
        TokenHealth::Failing { reason: self.reason().to_owned() }
    }

    fn close(&self) {}
}

impl KeyStore for Waiting {
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

impl Signer for Waiting {
    fn sign(&self, _: &SignRequest) -> HalResult<Vec<u8>> {
        self.refuse()
    }
}
