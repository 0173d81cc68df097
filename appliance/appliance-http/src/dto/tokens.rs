//! Tokens and what they can do.

use appliance_core::keys;
use appliance_core::keys::TokenStatus;
use hal_api::{KeyAlgorithm as HalAlgorithm, SignatureScheme as HalScheme, TokenInfo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::extract::RequestBody;

/// A token's PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenPin {
    #[schema(format = Password)]
    pub(crate) pin: String,
}

impl RequestBody for TokenPin {
    const LIMIT: usize = 1 << 10;
}

/// A kind of key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyAlgorithm {
    /// NIST P-256 (FIPS 186-5).
    P256,
    /// The curve of Bitcoin (SEC 2).
    Secp256k1,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// RSA of 2048 bits (RFC 8017).
    Rsa2048,
}

impl From<HalAlgorithm> for KeyAlgorithm {
    fn from(algorithm: HalAlgorithm) -> Self {
        match algorithm {
            HalAlgorithm::P256 => Self::P256,
            HalAlgorithm::Secp256k1 => Self::Secp256k1,
            HalAlgorithm::Ed25519 => Self::Ed25519,
            HalAlgorithm::Rsa2048 => Self::Rsa2048,
        }
    }
}

impl From<KeyAlgorithm> for HalAlgorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::P256 => Self::P256,
            KeyAlgorithm::Secp256k1 => Self::Secp256k1,
            KeyAlgorithm::Ed25519 => Self::Ed25519,
            KeyAlgorithm::Rsa2048 => Self::Rsa2048,
        }
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignatureScheme {
    /// ECDSA over a SHA-256 digest.
    EcdsaSha256,
    /// Ed25519 over the message itself.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 over a SHA-256 digest.
    #[serde(rename = "rsa_pkcs1_sha256")]
    RsaPkcs1Sha256,
    /// RSASSA-PSS, SHA-256, salt of 32 bytes.
    RsaPssSha256,
}

impl From<HalScheme> for SignatureScheme {
    fn from(scheme: HalScheme) -> Self {
        match scheme {
            HalScheme::EcdsaSha256 => Self::EcdsaSha256,
            HalScheme::Ed25519 => Self::Ed25519,
            HalScheme::RsaPkcs1Sha256 => Self::RsaPkcs1Sha256,
            HalScheme::RsaPssSha256 => Self::RsaPssSha256,
        }
    }
}

impl From<SignatureScheme> for HalScheme {
    fn from(scheme: SignatureScheme) -> Self {
        match scheme {
            SignatureScheme::EcdsaSha256 => Self::EcdsaSha256,
            SignatureScheme::Ed25519 => Self::Ed25519,
            SignatureScheme::RsaPkcs1Sha256 => Self::RsaPkcs1Sha256,
            SignatureScheme::RsaPssSha256 => Self::RsaPssSha256,
        }
    }
}

mirror! {
    /// The technology behind a token.
    #[serde(rename_all = "snake_case")]
    TokenKind of hal_api::TokenKind { Pkcs11, Tpm, Simulator }
}

mirror! {
    /// What a token wants of people. `needs_pin`: that its PIN is entered; `locked`: to be unlocked with its
    /// maker's program, as it takes no PIN any more; `gone`: to be plugged in again; `failing`: something
    /// else, see the reason under `health`.
    #[serde(rename_all = "snake_case")]
    TokenState of keys::TokenState { Ready, NeedsPin, Locked, Gone, Failing }
}

mirror! {
    /// The tries that a token's PIN has left, as far as it tells. `untold`: all, or it does not tell;
    /// `fewer`: a wrong PIN was entered since the last right one; `one`: the next wrong PIN locks it.
    #[serde(rename_all = "snake_case")]
    PinTries of hal_api::PinTries { Untold, Fewer, One, Locked }
}

/// Whether a token can be used now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum TokenHealth {
    /// It answers.
    Healthy,
    /// It does not.
    Failing {
        /// What is wrong, and the cure where there is one.
        reason: String,
    },
}

impl From<hal_api::TokenHealth> for TokenHealth {
    fn from(health: hal_api::TokenHealth) -> Self {
        match health {
            hal_api::TokenHealth::Healthy => Self::Healthy,
            hal_api::TokenHealth::Failing { reason, .. } => Self::Failing { reason },
        }
    }
}

/// An algorithm that a token offers, and the schemes it signs with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlgorithmSupport {
    algorithm: KeyAlgorithm,
    schemes: Vec<SignatureScheme>,
}

impl From<hal_api::AlgorithmSupport> for AlgorithmSupport {
    fn from(support: hal_api::AlgorithmSupport) -> Self {
        Self {
            algorithm: support.algorithm.into(),
            schemes: support.schemes.into_iter().map(Into::into).collect(),
        }
    }
}

/// A token: what it is, what it can do, how it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    /// The box's own name for it.
    #[schema(example = "softhsm")]
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    /// The token's own label.
    pub(crate) label: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) serial: String,
    pub(crate) firmware: String,
    /// PKCS#11 mechanisms or TPM algorithms.
    pub(crate) mechanisms: Vec<String>,
    pub(crate) algorithms: Vec<AlgorithmSupport>,
    /// Whether it seals secrets.
    pub(crate) seals: bool,
    /// Whether it attests.
    pub(crate) attests: bool,
    pub(crate) state: TokenState,
    pub(crate) health: TokenHealth,
    pub(crate) pin_tries: PinTries,
    /// Number of keys on it.
    pub(crate) keys: u64,
}

impl From<TokenStatus> for Token {
    fn from(token: TokenStatus) -> Self {
        let TokenInfo { kind, label, manufacturer, model, serial, firmware, mechanisms, pin_tries } =
            token.info;
        Self {
            name: token.name,
            kind: kind.into(),
            label,
            manufacturer,
            model,
            serial,
            firmware,
            mechanisms,
            algorithms: token.capabilities.algorithms.into_iter().map(Into::into).collect(),
            seals: token.seals,
            attests: token.attests,
            state: keys::TokenState::of(&token.health).into(),
            health: token.health.into(),
            pin_tries: pin_tries.into(),
            keys: token.keys,
        }
    }
}

/// The tokens of the box.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    pub(crate) items: Vec<Token>,
    /// Always null: there is one page.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_hardware_vocabulary() {
        for algorithm in HalAlgorithm::ALL {
            let scheme = algorithm.default_scheme();
            assert_eq!(serde_json::to_value(KeyAlgorithm::from(algorithm)).unwrap(), algorithm.name());
            assert_eq!(serde_json::to_value(SignatureScheme::from(scheme)).unwrap(), scheme.name());
        }
        let pss = HalScheme::RsaPssSha256;
        assert_eq!(serde_json::to_value(SignatureScheme::from(pss)).unwrap(), pss.name());
    }
}
