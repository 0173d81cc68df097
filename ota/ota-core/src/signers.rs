//! The signer list ("root" in TUF's terms): who signs releases, how many of them it takes, and until when.
//!
//! ```text
//! {"expires":"2027-11-21T00:00:00Z","signers":[{"certificate":"-----BEGIN PGP PUBLIC KEY BLOCK-----…",
//!  "name":"Alice"},…],"threshold":2,"type":"anya-signers","version":1}
//! ```
//!
//! A [`SignerList`] is what the document says. It becomes [`Signers`], against which signatures can be
//! counted, once the fingerprints of the certificates' **primary keys** are known; those are the caller's
//! to derive, as OpenPGP is no matter of this crate. People are counted by these fingerprints: a key under
//! two names, or two subkeys of one key, is one signer (go-tuf GHSA-fphv-w9fq-2525 and its issues 369 and
//! 733; tough CVE-2026-6966).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::document::canonical::Value;
use crate::document::{DocumentError, Fields};
use crate::fingerprint::Fingerprint;
use crate::limits;
use crate::trust::Refusal;

/// The document's `type`.
const TYPE: &str = "anya-signers";

/// A person or machine that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// How people know it; at most 100 bytes of plain text.
    pub name: String,
    /// Its OpenPGP certificate, ASCII-armoured.
    pub certificate: String,
}

/// A signer list as its document has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerList {
    /// Its version: 1, then one more with each rotation.
    pub version: u64,
    /// From when on nothing is believed because of it.
    pub expires: Timestamp,
    /// How many of the signers it takes.
    pub threshold: u64,
    /// The signers.
    pub signers: Vec<Signer>,
}

impl SignerList {
    /// Reads a signer list.
    ///
    /// # Errors
    /// Bytes that are not a signer list in canonical form. What makes a list unusable is told by
    /// [`SignerList::with_fingerprints`].
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::of_document(document, limits::SIGNER_LIST, TYPE)?;
        let mut signers = Vec::new();
        for (at, value) in fields.list("signers")?.into_iter().enumerate() {
            signers.push(signer(Fields::of(value, &format!("signers[{at}]"))?)?);
        }
        let list = Self {
            version: fields.integer("version")?,
            expires: fields.time("expires")?,
            threshold: fields.integer("threshold")?,
            signers,
        };
        if list.version == 0 {
            return Err(fields.bad("version", "the first list has version 1"));
        }
        if list.signers.len() > limits::SIGNERS {
            return Err(fields.bad("signers", format_args!("there are more than {}", limits::SIGNERS)));
        }
        fields.end()?;
        Ok(list)
    }

    /// The document, for signing.
    ///
    /// # Errors
    /// What [`SignerList::parse`] would refuse is not written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        let signer = |signer: &Signer| {
            Value::object([
                ("name", Value::text(&signer.name)),
                ("certificate", Value::text(&signer.certificate)),
            ])
        };
        let document = Value::object([
            ("type", Value::text(TYPE)),
            ("version", Value::Integer(self.version)),
            ("expires", Value::text(self.expires)),
            ("threshold", Value::Integer(self.threshold)),
            ("signers", Value::List(self.signers.iter().map(signer).collect())),
        ])
        .to_bytes();
        Self::parse(&document).map(|_| document)
    }

    /// The list with the fingerprints of its certificates' primary keys, in the list's order.
    ///
    /// # Errors
    /// No signers, a threshold of zero or above the number of signers, one key under two names, and a
    /// number of fingerprints other than that of signers.
    pub fn with_fingerprints(&self, fingerprints: &[Fingerprint]) -> Result<Signers, Refusal> {
        if self.signers.is_empty() {
            return Err(Refusal::NoSigners);
        }
        if self.threshold == 0 {
            return Err(Refusal::ThresholdZero);
        }
        if fingerprints.len() != self.signers.len() {
            return Err(Refusal::SignersMissing);
        }
        let mut by_key: BTreeMap<Fingerprint, String> = BTreeMap::new();
        for (fingerprint, signer) in fingerprints.iter().zip(&self.signers) {
            if let Some(first) = by_key.insert(fingerprint.clone(), signer.name.clone()) {
                return Err(Refusal::OneKeyTwoSigners { first, second: signer.name.clone() });
            }
        }
        let threshold = usize::try_from(self.threshold).ok().filter(|&threshold| threshold <= by_key.len());
        let Some(threshold) = threshold else {
            return Err(Refusal::ThresholdTooHigh { threshold: self.threshold, signers: by_key.len() });
        };
        Ok(Signers { version: self.version, expires: self.expires, threshold, by_key })
    }
}

fn signer(mut fields: Fields) -> Result<Signer, DocumentError> {
    let signer = Signer { name: fields.text("name")?, certificate: fields.text("certificate")? };
    if signer.name.is_empty() || signer.name.len() > 100 || signer.name.chars().any(char::is_control) {
        return Err(fields.bad("name", "it is empty, too long, or not plain text"));
    }
    fields.end()?;
    Ok(signer)
}

/// A signer list that signatures can be counted against: at least one signer, each with a key of its own,
/// and a threshold from one to all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    version: u64,
    expires: Timestamp,
    threshold: usize,
    by_key: BTreeMap<Fingerprint, String>,
}

impl Signers {
    /// The version of the list.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// From when on nothing is believed because of it.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// How many signers it takes; at least one.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// The name of the signer whose primary key has this fingerprint.
    pub fn name(&self, key: &Fingerprint) -> Option<&str> {
        self.by_key.get(key).map(String::as_str)
    }

    /// The names of all, in the order of their fingerprints.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_key.values().map(String::as_str)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A fingerprint that is this digit, forty times.
    pub(crate) fn key(digit: &str) -> Fingerprint {
        digit.repeat(40).parse().unwrap()
    }

    /// A list of these signers, whose keys are their digits.
    pub(crate) fn list(version: u64, threshold: u64, names: &[&str]) -> SignerList {
        let signer =
            |name: &&str| Signer { name: (*name).to_owned(), certificate: format!("cert of {name}\n") };
        SignerList {
            version,
            expires: "2027-11-21T00:00:00Z".parse().unwrap(),
            threshold,
            signers: names.iter().map(signer).collect(),
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let list = list(3, 2, &["Alice", "Bob", "Carol"]);
        assert_eq!(SignerList::parse(&list.to_bytes().unwrap()).unwrap(), list);
    }

    #[test]
    fn lists_that_nobody_could_use_are_not_read() {
        for (bad, code) in [
            (list(0, 1, &["Alice"]), "bad_field"),
            (list(1, 1, &[""]), "bad_field"),
            (list(1, 1, &["Al\nice"]), "bad_field"),
            (list(1, 1, &["x"; 17]), "bad_field"),
            (list(1, u64::MAX, &["Alice"]), "bad_number"),
        ] {
            assert_eq!(bad.to_bytes().unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_list_that_everybody_or_nobody_could_satisfy_is_refused() {
        let code = |list: SignerList, keys: &[&str]| {
            let keys: Vec<Fingerprint> = keys.iter().map(|digit| key(digit)).collect();
            list.with_fingerprints(&keys).map_or_else(|refusal| refusal.code(), |_| "taken")
        };
        let two = ["Alice", "Bob"];
        assert_eq!(code(list(1, 2, &two), &["a", "b"]), "taken");
        assert_eq!(code(list(1, 0, &two), &["a", "b"]), "threshold_zero");
        assert_eq!(code(list(1, 3, &two), &["a", "b"]), "threshold_too_high");
        assert_eq!(code(list(1, 2, &two), &["a", "a"]), "one_key_two_signers");
        assert_eq!(code(list(1, 2, &two), &["a"]), "signers_missing");
        assert_eq!(code(list(1, 1, &[]), &[]), "no_signers");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(document in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(SignerList::parse(&document).is_err());
        }
    }
}
