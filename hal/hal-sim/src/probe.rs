//! What the simulator says of itself.

use std::sync::Arc;

use hal_api::{
    AlgorithmSupport, Capabilities, HalErrorKind, HalResult, KeyAlgorithm, PinTries, SignatureScheme,
    TokenHealth, TokenInfo, TokenKind, TokenProbe,
};

use crate::fault::Operation;
use crate::sim::Device;

/// [`TokenProbe`] of the simulator.
pub(crate) struct SimProbe {
    pub(crate) device: Arc<Device>,
    pub(crate) name: String,
}

impl TokenProbe for SimProbe {
    fn info(&self) -> HalResult<TokenInfo> {
        self.device.call(Operation::Info, "read about the simulator", |_| {
            Ok(TokenInfo {
                kind: TokenKind::Simulator,
                label: self.name.clone(),
                manufacturer: "Anya Box".into(),
                model: "hal-sim".into(),
                serial: "0".into(),
                firmware: env!("CARGO_PKG_VERSION").into(),
                mechanisms: ["CKM_ECDSA", "CKM_EDDSA", "CKM_RSA_PKCS", "CKM_RSA_PKCS_PSS"]
                    .map(String::from)
                    .to_vec(),
                pin_tries: PinTries::Untold,
            })
        })
    }

    fn capabilities(&self) -> Capabilities {
        capabilities()
    }

    fn health(&self) -> TokenHealth {
        match self.device.call(Operation::Health, "ask the simulator for its state", |_| Ok(())) {
            Ok(()) => TokenHealth::Healthy,
            Err(error) => {
                let why = match error.kind {
                    HalErrorKind::Removed => "it was pulled out or closed; plug it in",
                    HalErrorKind::PinLocked => "its PIN is locked",
                    HalErrorKind::Busy => "it is busy",
                    _ => "it answers with an error",
                };
                TokenHealth::Failing { kind: error.kind, reason: format!("{error}: {why}") }
            }
        }
    }

    fn close(&self) {
        self.device.close();
    }
}

pub(crate) fn capabilities() -> Capabilities {
    let support = |algorithm: KeyAlgorithm| AlgorithmSupport {
        algorithm,
        schemes: match algorithm {
            KeyAlgorithm::Rsa2048 => vec![SignatureScheme::RsaPkcs1Sha256, SignatureScheme::RsaPssSha256],
            other => vec![other.default_scheme()],
        },
    };
    Capabilities { algorithms: KeyAlgorithm::ALL.map(support).to_vec(), seals_to_pcrs: true }
}
