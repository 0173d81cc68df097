//! Counts who signed: detached OpenPGP signatures (RFC 9580) against a list of pinned certificates.
//!
//! The list of [`Signers`] is pinned by the fingerprints of their primary keys; nothing else is trusted: no
//! key server, no web of trust, no certificate that comes with the signatures. [`Signers::check`] takes
//! signatures as releases carry them, one armoured block after another, and counts **signers**, not
//! signatures: however many keys and signatures one signer has, it counts once.
//!
//! A signature counts when all of this holds:
//! - Its key belongs to a pinned certificate, may sign, and was valid when the signature was made: neither
//!   expired nor revoked.
//! - Key and certificate are valid now too. A key that was lost can sign with a date from before; so a
//!   signer with an expired or revoked key has to be renewed in the list.
//! - Hashes and algorithms satisfy Sequoia's standard policy.
//!
//! What does not count is no error: a release may well carry signatures of people who are not pinned. The
//! reasons are kept, so that a refusal can say what was found instead.

mod validity;

use std::collections::BTreeSet;
use std::fmt;
use std::time::SystemTime;

use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle, Packet};
use thiserror::Error;

/// More signatures than this in one file are not looked at.
const MOST_SIGNATURES: usize = 500;

/// Why a list of signers cannot be used, or a document is not signed as demanded.
#[derive(Debug, Error)]
pub enum SignersError {
    /// The fingerprint is not one of version 4 (40 hexadecimal digits).
    #[error("the fingerprint of {name} is not 40 hexadecimal digits: {given:?}")]
    BadFingerprint {
        /// Whose.
        name: String,
        /// What stands there.
        given: String,
    },
    /// The certificate cannot be read.
    #[error("the certificate of {name} cannot be read")]
    BadCertificate {
        /// Whose.
        name: String,
        /// From Sequoia.
        #[source]
        source: anyhow::Error,
    },
    /// No certificate with the pinned fingerprint was given.
    #[error("the certificate of {name} does not have the pinned fingerprint {pinned}, but {found}")]
    OtherCertificate {
        /// Whose.
        name: String,
        /// The fingerprint of the list.
        pinned: String,
        /// What was found instead.
        found: String,
    },
    /// Two signers have one key, so that it would count twice.
    #[error("{first} and {second} have the same fingerprint: one signer would count twice")]
    SameSigner {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A demand that everything satisfies, or nothing can.
    #[error("{required} signatures of {known} known signers cannot be demanded: it is 1 to {known}")]
    BadDemand {
        /// How many were demanded.
        required: usize,
        /// How many signers there are.
        known: usize,
    },
    /// The file of signatures is not one.
    #[error("the signatures cannot be read: {0}")]
    BadSignatures(&'static str),
    /// Fewer signers than demanded.
    #[error("{} of {required} signatures that are needed: {found}", found.signed_by.len())]
    TooFew {
        /// How many were demanded.
        required: usize,
        /// What there is.
        found: Count,
    },
}

/// What a file of signatures amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The names of those who signed, each once, in the order of the list.
    pub signed_by: Vec<String>,
    /// What did not count, each with its reason, in the order of the file; signatures of unknown signers
    /// are in `unknown` only.
    pub not_counted: Vec<String>,
    /// How many signatures come from keys that are not in the list.
    pub unknown: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed_by = if self.signed_by.is_empty() { "nobody".into() } else { self.signed_by.join(", ") };
        write!(f, "signed by {signed_by}")?;
        for reason in &self.not_counted {
            write!(f, "; {reason}")?;
        }
        match self.unknown {
            0 => Ok(()),
            1 => f.write_str("; 1 signature is of an unknown key"),
            several => write!(f, "; {several} signatures are of unknown keys"),
        }
    }
}

#[derive(Debug)]
struct Signer {
    name: String,
    cert: Cert,
}

/// The pinned signers.
#[derive(Debug, Default)]
pub struct Signers(Vec<Signer>);

impl Signers {
    /// A list without anybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the one whose primary key has `fingerprint` (40 hexadecimal digits, spaces allowed);
    /// `certificate` is an OpenPGP certificate, armoured or binary.
    ///
    /// # Errors
    /// A fingerprint or certificate that cannot be read, a certificate with another fingerprint (that of a
    /// subkey is another one), and a signer that is in the list already.
    pub fn add(&mut self, name: &str, fingerprint: &str, certificate: &[u8]) -> Result<(), SignersError> {
        let pinned = parse_fingerprint(name, fingerprint)?;
        let bad = |source| SignersError::BadCertificate { name: name.to_owned(), source };
        let certs = CertParser::from_bytes(certificate).map_err(bad)?;
        let certs: Vec<Cert> = certs.collect::<Result<_, _>>().map_err(bad)?;
        let found: Vec<String> = certs.iter().map(|cert| cert.fingerprint().to_hex()).collect();
        let Some(cert) = certs.into_iter().find(|cert| cert.fingerprint() == pinned) else {
            return Err(SignersError::OtherCertificate {
                name: name.to_owned(),
                pinned: pinned.to_hex(),
                found: if found.is_empty() { "none at all".to_owned() } else { found.join(", ") },
            });
        };
        if let Some(known) = self.0.iter().find(|known| known.cert.fingerprint() == pinned) {
            return Err(SignersError::SameSigner { first: known.name.clone(), second: name.to_owned() });
        }
        self.0.push(Signer { name: name.to_owned(), cert });
        Ok(())
    }

    /// Who of the list signed `document`, of which there have to be `required` at the time `at`.
    ///
    /// # Errors
    /// A demand of none or of more than there are, signatures that are none, and fewer signers than
    /// demanded, with the reasons.
    pub fn check(
        &self,
        document: &[u8],
        signatures: &[u8],
        required: usize,
        at: SystemTime,
    ) -> Result<Count, SignersError> {
        if required == 0 || required > self.0.len() {
            return Err(SignersError::BadDemand { required, known: self.0.len() });
        }
        let found = self.count(document, signatures, at)?;
        if found.signed_by.len() < required {
            return Err(SignersError::TooFew { required, found });
        }
        Ok(found)
    }

    fn count(&self, document: &[u8], signatures: &[u8], at: SystemTime) -> Result<Count, SignersError> {
        let policy = StandardPolicy::new();
        let mut good = BTreeSet::new();
        let mut count = Count::default();
        for signature in read_signatures(signatures)? {
            let Some(position) = self.signer_of(&signature) else {
                count.unknown += 1;
                continue;
            };
            let signer = &self.0[position];
            match validity::verify(&signer.cert, signature, document, &policy, at) {
                Ok(()) => {
                    if !good.insert(position) {
                        count.not_counted.push(format!("{} signed more than once", signer.name));
                    }
                }
                Err(reason) => count.not_counted.push(format!("{}: {reason}", signer.name)),
            }
        }
        count.signed_by = good.into_iter().map(|position: usize| self.0[position].name.clone()).collect();
        Ok(count)
    }

    /// The place of the one with whose keys the signature claims to be made.
    fn signer_of(&self, signature: &Signature) -> Option<usize> {
        let issuers = signature.get_issuers();
        let has = |signer: &Signer, issuer: &KeyHandle| {
            signer.cert.keys().any(|key| key.key().key_handle().aliases(issuer))
        };
        self.0.iter().position(|signer| issuers.iter().any(|issuer| has(signer, issuer)))
    }
}

fn parse_fingerprint(name: &str, given: &str) -> Result<Fingerprint, SignersError> {
    let bad = || SignersError::BadFingerprint { name: name.to_owned(), given: given.to_owned() };
    let digits: String = given.chars().filter(|letter| *letter != ' ').collect();
    if digits.len() != 40 || !digits.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return Err(bad());
    }
    Fingerprint::from_hex(&digits).map_err(|_| bad())
}

/// The signatures of a file: armoured blocks, one after another, each with one or more.
///
/// A block that cannot be read is passed over, as that of an unknown signer is: a new kind of key of
/// somebody else must not make a release unusable.
fn read_signatures(file: &[u8]) -> Result<Vec<Signature>, SignersError> {
    const BEGIN: &str = "-----BEGIN PGP SIGNATURE-----";
    let text = std::str::from_utf8(file).map_err(|_| SignersError::BadSignatures("they are not text"))?;
    let mut found = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let block = format!("{BEGIN}{block}");
        let mut rest = PacketParser::from_bytes(block.as_bytes());
        while let Ok(PacketParserResult::Some(parser)) = rest {
            let Ok((packet, next)) = parser.next() else { break };
            if let Packet::Signature(signature) = packet {
                found.push(signature);
            }
            rest = Ok(next);
        }
        if found.len() > MOST_SIGNATURES {
            return Err(SignersError::BadSignatures("there are far too many"));
        }
    }
    if found.is_empty() {
        return Err(SignersError::BadSignatures("there is no OpenPGP signature in them"));
    }
    Ok(found)
}
