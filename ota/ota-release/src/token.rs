//! Opening the HSM in which a signing key lives: a PKCS#11 token.
//!
//! Limits: PKCS#11 only; a TPM belongs to a machine, and signers outlive machines.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use hal_api::{KeyAlgorithm, KeyEntry, KeyId, KeySpec, Token};
use hal_pkcs11::{Pkcs11Config, softhsm};
use zeroize::Zeroizing;

use crate::error::{ReleaseError, Result};

/// A key in a token, written `TOKEN/KEY`: the token's label, and the key's label or id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HsmKey {
    /// The token's label.
    pub token: String,
    /// The key's label, or its id in hexadecimal.
    pub key: String,
}

impl FromStr for HsmKey {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((token, key)) if !token.is_empty() && !key.is_empty() => {
                Ok(Self { token: token.to_owned(), key: key.to_owned() })
            }
            _ => Err("write the token's label, a slash, and the key's label or id: releases/alice"),
        }
    }
}

impl fmt::Display for HsmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.token, self.key)
    }
}

/// A token while it is open.
pub struct OpenToken(Token);

impl OpenToken {
    /// Opens a token. Without a module, SoftHSM's is taken.
    ///
    /// # Errors
    /// There is no module or no such token, or the PIN is wrong.
    pub fn open(module: Option<PathBuf>, label: &str, pin: Zeroizing<String>) -> Result<Self> {
        let module = module.or_else(softhsm::find_module).ok_or_else(|| ReleaseError::Missing {
            what: "a PKCS#11 module".to_owned(),
            cure: "name the HSM's with --module, or install softhsm2",
        })?;
        let config = Pkcs11Config::new("signer", module, label, pin);
        hal_pkcs11::open(config).map(Self).map_err(ReleaseError::OpenHsm)
    }

    /// The token's ports.
    pub fn token(&self) -> &Token {
        &self.0
    }

    /// The key of this label or id.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn key(&self, name: &HsmKey) -> Result<KeyEntry> {
        let keys = self.0.keys.list()?;
        let named = |key: &&KeyEntry| key.label == name.key || key.id.to_string() == name.key;
        let mut found = keys.iter().filter(named);
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key.clone()),
            (None, _) => {
                let labels: Vec<&str> = keys.iter().map(|key| key.label.as_str()).collect();
                let why = match labels[..] {
                    [] => "the token holds no key: `keys new --hsm` makes one".to_owned(),
                    _ => format!("the token has no such key; it holds {}", labels.join(", ")),
                };
                Err(ReleaseError::Unusable { subject: name.to_string(), why })
            }
            (Some(_), Some(_)) => {
                let why = "several keys have this label: give the id".to_owned();
                Err(ReleaseError::Unusable { subject: name.to_string(), why })
            }
        }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// A key has this label already, or the token fails.
    pub fn generate(&self, name: &HsmKey, algorithm: KeyAlgorithm) -> Result<KeyEntry> {
        if self.0.keys.list()?.iter().any(|key| key.label == name.key) {
            let why = "the token holds a key of this label already: choose another".to_owned();
            return Err(ReleaseError::Unusable { subject: name.to_string(), why });
        }
        let id = KeyId(uuid::Uuid::new_v4().into_bytes());
        let spec = KeySpec { id, algorithm, label: name.key.clone() };
        self.0.keys.generate(&spec)?;
        Ok(KeyEntry { id, algorithm, label: spec.label })
    }
}

impl Drop for OpenToken {
    fn drop(&mut self) {
        self.0.probe.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_token_and_label() {
        let key: HsmKey = "releases/alice/2026".parse().unwrap();
        assert_eq!((key.token.as_str(), key.key.as_str()), ("releases", "alice/2026"));
        assert_eq!(key.to_string(), "releases/alice/2026");
        for bad in ["", "alice", "/alice", "releases/"] {
            assert!(bad.parse::<HsmKey>().is_err(), "{bad:?}");
        }
    }
}
