//! Counting who signed.
//!
//! The caller checks each signature with its OpenPGP library, against the certificates of the signer list
//! and at the time of [`Clock::now`](super::Clock::now), and says what it found. Here signers are counted:
//! by the fingerprint of the primary key, whatever their keys and signatures (tough CVE-2026-6966).

use std::collections::{BTreeMap, BTreeSet};

use super::Refusal;
use crate::fingerprint::Fingerprint;
use crate::signers::Signers;

/// What the OpenPGP library found about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It is over the document, and its key was valid when it was made and is valid now.
    Good,
    /// Certificate or key is revoked.
    Revoked,
    /// Certificate or key is expired.
    Expired,
    /// The policy does not accept its algorithms (SHA-1).
    Weak,
    /// It is not over the document, or not well-formed.
    Bad,
}

/// A signature, and what there is to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The primary key of the certificate whose key made it; none when no certificate is known.
    pub signer: Option<Fingerprint>,
    /// The key that made it: the primary key itself, or a subkey.
    pub key: Fingerprint,
    /// What was found.
    pub finding: Finding,
}

/// The names of those of the list who signed, when they are enough.
///
/// # Errors
/// Fewer than the threshold. The reason is the most telling one that is to be found in what did not count.
pub fn count(signers: &Signers, signatures: &[Signature]) -> Result<Vec<String>, Refusal> {
    let mut good: BTreeMap<&Fingerprint, BTreeSet<&Fingerprint>> = BTreeMap::new();
    let mut reasons = Vec::new();
    let needed = signers.threshold();
    for signature in signatures {
        let Some((signer, name)) = known(signers, signature) else { continue };
        let name = || name.to_owned();
        match signature.finding {
            Finding::Good => {
                let keys = good.entry(signer).or_default();
                let first = keys.is_empty();
                let new = keys.insert(&signature.key);
                if !new {
                    reasons.push(Refusal::DuplicateSignature { needed, signer: name() });
                } else if !first {
                    reasons.push(Refusal::SameSignerTwice { needed, signer: name() });
                }
            }
            Finding::Revoked => reasons.push(Refusal::SignerRevoked { needed, signer: name() }),
            Finding::Expired => reasons.push(Refusal::SignerExpired { needed, signer: name() }),
            Finding::Weak => reasons.push(Refusal::WeakSignature { needed, signer: name() }),
            Finding::Bad => reasons.push(Refusal::BadSignature { needed, signer: name() }),
        }
    }
    let names: Vec<String> = good.keys().filter_map(|key| signers.name(key)).map(str::to_owned).collect();
    if names.len() >= needed {
        return Ok(names);
    }
    if let Some(reason) = reasons.into_iter().next() {
        return Err(reason);
    }
    if names.is_empty() {
        return Err(Refusal::WrongSigner);
    }
    Err(Refusal::TooFewSignatures { needed, signed_by: names.join(", ") })
}

fn known<'a>(signers: &'a Signers, signature: &'a Signature) -> Option<(&'a Fingerprint, &'a str)> {
    let signer = signature.signer.as_ref()?;
    Some((signer, signers.name(signer)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signers::tests::{key, list};

    /// A good signature of the signer whose key is this digit.
    pub(crate) fn by(digit: &str) -> Signature {
        Signature { signer: Some(key(digit)), key: key(digit), finding: Finding::Good }
    }

    fn two_of_three() -> Signers {
        let keys = ["a", "b", "c"].map(key);
        list(1, 2, &["Alice", "Bob", "Carol"]).with_fingerprints(&keys).unwrap()
    }

    fn code(signatures: &[Signature]) -> &'static str {
        count(&two_of_three(), signatures).map_or_else(|refusal| refusal.code(), |_| "enough")
    }

    #[test]
    fn people_are_counted_not_signatures() {
        let subkey = |digit: &str| Signature { key: key(digit), ..by("a") };
        let found = |digit: &str, finding| Signature { finding, ..by(digit) };
        let unknown = Signature { signer: None, ..by("f") };
        for (signatures, expected) in [
            (vec![by("a"), by("b")], "enough"),
            (vec![by("c"), by("b"), by("a")], "enough"),
            (vec![], "wrong_signer"),
            (vec![unknown.clone(), unknown.clone()], "wrong_signer"),
            (vec![by("d"), by("e")], "wrong_signer"),
            (vec![by("a")], "too_few_signatures"),
            (vec![by("a"), by("d")], "too_few_signatures"),
            (vec![by("a"), by("a")], "duplicate_signature"),
            (vec![subkey("1"), subkey("2")], "same_signer_twice"),
            (vec![by("a"), found("b", Finding::Revoked)], "signer_revoked"),
            (vec![by("a"), found("b", Finding::Expired)], "signer_expired"),
            (vec![by("a"), found("b", Finding::Weak)], "weak_signature"),
            (vec![by("a"), found("b", Finding::Bad)], "bad_signature"),
            // What does not count does not harm either.
            (vec![found("c", Finding::Bad), by("a"), unknown, by("a"), by("b")], "enough"),
        ] {
            assert_eq!(code(&signatures), expected, "{signatures:?}");
        }
    }

    proptest! {
        #[test]
        fn no_number_of_signatures_makes_up_for_a_signer(
            digits in prop::collection::vec(("[ad-f]", "[0-9]", 0_usize..5), 0..40),
        ) {
            // Alice alone is of the list; whatever is signed with whichever keys, she is one.
            let signatures: Vec<Signature> = digits
                .iter()
                .map(|(signer, subkey, finding)| Signature {
                    signer: Some(key(signer)),
                    key: key(subkey),
                    finding: [Finding::Good, Finding::Revoked, Finding::Expired, Finding::Weak, Finding::Bad][*finding],
                })
                .collect();
            prop_assert!(count(&two_of_three(), &signatures).is_err());
        }
    }
}
