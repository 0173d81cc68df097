//! Fingerprints of OpenPGP keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The fingerprint of an OpenPGP key (RFC 9580, 5.5.4): 40 hexadecimal digits for version 4, 64 for
/// version 6. Written in capital letters, as OpenPGP tools do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

/// A text is no fingerprint; a key id, which is shorter and can be forged, is none either.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not the 40 or 64 hexadecimal digits of a fingerprint")]
pub struct BadFingerprint;

impl FromStr for Fingerprint {
    type Err = BadFingerprint;

    fn from_str(text: &str) -> Result<Self, BadFingerprint> {
        let good = matches!(text.len(), 40 | 64) && text.bytes().all(|letter| letter.is_ascii_hexdigit());
        if good { Ok(Self(text.to_ascii_uppercase())) } else { Err(BadFingerprint) }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = BadFingerprint;

    fn try_from(text: String) -> Result<Self, BadFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_is_no_fingerprint_and_case_does_not_matter() {
        assert!("0123456789ABCDEF".parse::<Fingerprint>().is_err());
        assert!("g".repeat(40).parse::<Fingerprint>().is_err());
        let [small, capital] =
            ["ab".repeat(20), "AB".repeat(20)].map(|text| text.parse::<Fingerprint>().unwrap());
        assert_eq!(small, capital);
    }
}
