//! The secrets of sessions and API keys: 256 random bits, kept as their SHA-256 only.
//!
//! A fast hash is enough where nothing can be guessed; Argon2 is for what people choose.

use std::fmt;
use std::ops::Deref;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::{Entropy, EntropyError};

/// How every API key begins, so that people and secret scanners know one when they see it.
pub const API_KEY_PREFIX: &str = "anya_";

/// How many characters of an API key are kept and shown, to tell keys apart: 24 of its 256 bits.
const SHOWN: usize = API_KEY_PREFIX.len() + 4;

/// A secret as it is handed out, once. Wiped from memory when dropped; never shown by `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new secret for a session: 43 characters of base64url.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn session(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Self::random("", entropy)
    }

    /// A new API key: `anya_` and 43 characters of base64url.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn api_key(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Self::random(API_KEY_PREFIX, entropy)
    }

    fn random(prefix: &str, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut bytes[..])?;
        // Room for all of it: a string that grows would leave a copy behind.
        let mut text = String::with_capacity(64);
        text.push_str(prefix);
        URL_SAFE_NO_PAD.encode_string(&bytes[..], &mut text);
        Ok(Self(Zeroizing::new(text)))
    }

    /// The beginning that may be shown.
    pub fn shown(&self) -> &str {
        &self.0[..SHOWN.min(self.0.len())]
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret: its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Of a secret that somebody presents.
    pub fn of(secret: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Whether both are the same, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

impl Zeroize for SecretHash {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SystemEntropy;

    #[test]
    fn an_api_key_shows_what_it_is_and_hides_the_rest() {
        let key = Secret::api_key(&SystemEntropy).unwrap();
        assert!(key.starts_with("anya_") && key.len() == 48, "{} characters", key.len());
        assert!(key.shown().len() == 9 && key.starts_with(key.shown()));
        assert_eq!(format!("{key:?} {:?}", key.hash()), "Secret(…) SecretHash(…)");
        assert!(key.hash().matches(&SecretHash::of(&key)));
        assert!(!key.hash().matches(&Secret::api_key(&SystemEntropy).unwrap().hash()));
    }

    #[test]
    fn a_session_is_256_bits() {
        assert_eq!(Secret::session(&SystemEntropy).unwrap().len(), 43);
    }
}
