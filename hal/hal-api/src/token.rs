//! Tokens: what a device says of itself, and the bundle of ports it offers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Attester, HalErrorKind, HalResult, KeyAlgorithm, KeyStore, Sealer, SignatureScheme, Signer};

/// The technology behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A PKCS#11 module's token.
    Pkcs11,
    /// A TPM 2.0.
    Tpm,
    /// The simulator. Never in production.
    Simulator,
}

/// What a token says of itself. Texts are as the device gives them, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// The technology.
    pub kind: TokenKind,
    /// The token's own label (`CK_TOKEN_INFO.label`).
    pub label: String,
    /// Who made it.
    pub manufacturer: String,
    /// Which model.
    pub model: String,
    /// Serial number; empty where the device has none.
    pub serial: String,
    /// Firmware version, for example `2.6` or `8217.4131`.
    pub firmware: String,
    /// Names of the mechanisms (`CKM_…`) or TPM algorithms (`TPM_ALG_…`) it offers, sorted.
    pub mechanisms: Vec<String>,
    /// What it says of the tries that its user PIN has left.
    #[serde(default)]
    pub pin_tries: PinTries,
}

/// The tries that a token's user PIN has left, as far as it tells (PKCS#11 v3.1, section 4.6.2:
/// `CKF_USER_PIN_COUNT_LOW`, `…_FINAL_TRY`, `…_LOCKED`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinTries {
    /// All of them, or it does not tell.
    #[default]
    Untold,
    /// A wrong PIN was entered since the last right one.
    Fewer,
    /// The next wrong PIN locks it.
    One,
    /// None: it is locked.
    Locked,
}

/// Whether a token can be used now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TokenHealth {
    /// It answers.
    Healthy,
    /// It does not; why, in plain words and with the cure where there is one.
    Failing {
        /// What a caller may decide on.
        kind: HalErrorKind,
        /// What is wrong.
        reason: String,
    },
}

/// One algorithm a token offers, and the schemes it signs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlgorithmSupport {
    /// The algorithm.
    pub algorithm: KeyAlgorithm,
    /// Its schemes; never empty.
    pub schemes: Vec<SignatureScheme>,
}

/// What a token can do for the box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Algorithms in which keys can be made.
    pub algorithms: Vec<AlgorithmSupport>,
    /// Whether sealing can be bound to platform configuration registers.
    pub seals_to_pcrs: bool,
}

impl Capabilities {
    /// Whether keys of this algorithm can be made.
    pub fn has_algorithm(&self, algorithm: KeyAlgorithm) -> bool {
        self.algorithms.iter().any(|support| support.algorithm == algorithm)
    }

    /// Whether a key of this algorithm signs with this scheme.
    pub fn has_scheme(&self, algorithm: KeyAlgorithm, scheme: SignatureScheme) -> bool {
        self.algorithms.iter().any(|s| s.algorithm == algorithm && s.schemes.contains(&scheme))
    }
}

/// Asks a token about itself.
pub trait TokenProbe: Send + Sync {
    /// What the device says of itself.
    ///
    /// # Errors
    /// `Removed` when it is gone; else as the device says.
    fn info(&self) -> HalResult<TokenInfo>;

    /// What it can do. Fixed once the token is open; never touches the device.
    fn capabilities(&self) -> Capabilities;

    /// Whether it answers now. May take a device round trip.
    fn health(&self) -> TokenHealth;

    /// Ends sessions and hands the device back. Later calls fail with `Removed`. Repeating is harmless.
    fn close(&self);
}

/// A token as the box holds it: its name and the ports it offers.
#[derive(Clone)]
pub struct Token {
    /// The box's own name for it, as in the REST API: `softhsm`, `tpm`. Lower-case, digits and `-`.
    pub name: String,
    /// Asks about the device.
    pub probe: Arc<dyn TokenProbe>,
    /// Makes and finds keys.
    pub keys: Arc<dyn KeyStore>,
    /// Signs.
    pub signer: Arc<dyn Signer>,
    /// Seals, where it can.
    pub sealer: Option<Arc<dyn Sealer>>,
    /// Attests, where it can.
    pub attester: Option<Arc<dyn Attester>>,
}
