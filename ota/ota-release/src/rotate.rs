//! `rotate`: the next signer list, and its publication.
//!
//! A list is signed by the threshold of the one before and by its own (TUF specification 1.0, 5.3). The first
//! one has none before it; boxes carry it in their image. Two of three signers are the default: one key that
//! is lost or stolen neither stops updates nor makes one.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use ota_client::openpgp::Certificates;
use ota_core::signers::{Signer, SignerList};
use ota_core::trust::{Refusal, Rotation};
use ota_core::{layout, limits};
use serde::Serialize;

use crate::error::{ReleaseError, Result};
use crate::flip;
use crate::openpgp::{self, Cert};
use crate::repository::{NEXT_SIGNERS, ReleaseName, Repository};
use crate::sign::{self, Subject};
use crate::trust::{self, Tally};

/// How many signers it takes where nobody says otherwise.
const THRESHOLD: u64 = 2;

/// What is to change. With no change but the expiry, the same signers go on for longer.
#[derive(Clone, Debug)]
pub struct Change {
    /// Signers to be added, with their certificates. A name that is there gets another certificate.
    pub add: Vec<(String, Cert)>,
    /// Names of signers to be removed.
    pub remove: Vec<String>,
    /// How many it takes from now on; as before when nothing is said.
    pub threshold: Option<u64>,
    /// From when on nothing is believed because of the list.
    pub expires: Timestamp,
}

/// A list that waits for its signatures.
#[derive(Clone, Debug, Serialize)]
pub struct Rotated {
    /// Its version.
    pub version: u64,
    /// Its path in the repository.
    pub document: String,
    /// Its signers.
    pub signers: Vec<String>,
    /// How many of them it takes.
    pub threshold: u64,
    /// When it expires.
    pub expires: Timestamp,
    /// Who has to sign it: enough of each of these lists.
    pub tallies: Vec<Tally>,
}

/// A list that was published.
#[derive(Clone, Debug, Serialize)]
pub struct PublishedSigners {
    /// Its version.
    pub version: u64,
    /// The path that boxes ask for.
    pub document: String,
    /// What is current and does not have enough signatures of the new list: boxes refuse it until it is signed
    /// and published again.
    pub to_be_signed_anew: Vec<ReleaseName>,
}

/// Makes the next list.
///
/// # Errors
/// The list could not be used, or the repository not be written.
pub fn rotate(repository: &Repository, change: &Change, now: Timestamp) -> Result<Rotated> {
    let _lock = repository.lock()?;
    let before = repository.newest_signers()?;
    let list = change.applied(before.as_ref().map(|listed| &listed.list), now)?;
    let bytes = list.to_bytes().map_err(ReleaseError::document("the signer list"))?;
    // Signatures of a former list are over other bytes.
    repository.remove(&layout::signatures(NEXT_SIGNERS))?;
    repository.put(NEXT_SIGNERS, &bytes)?;
    let (_, document, lists) = sign::counted(repository, &Subject::NextSigners)?;
    Ok(Rotated {
        version: list.version,
        document: document.path.clone(),
        signers: list.signers.into_iter().map(|signer| signer.name).collect(),
        threshold: list.threshold,
        expires: list.expires,
        tallies: trust::tallies(&document, &lists, now),
    })
}

/// Publishes the next list, once enough of the old and of the new signers have signed it.
///
/// # Errors
/// Boxes would not follow it, or the repository cannot be written.
pub fn publish(repository: &Repository, now: Timestamp) -> Result<PublishedSigners> {
    let _lock = repository.lock()?;
    let (what, document, lists) = sign::counted(repository, &Subject::NextSigners)?;
    let signatures = trust::findings(&document, &lists, now);
    let next = lists.last().expect("a list counts its own signatures").signers().clone();
    let version = next.version();
    let rotation = match &lists[..] {
        [old, _] => {
            let mut rotation =
                Rotation::from(Some(old.signers().clone())).map_err(ReleaseError::refused(&what))?;
            rotation.follow(next, &signatures).map_err(ReleaseError::refused(&what))?;
            rotation
        }
        _ => {
            ota_core::trust::count(&next, &signatures).map_err(ReleaseError::refused(&what))?;
            Rotation::from(Some(next)).map_err(ReleaseError::refused(&what))?
        }
    };
    rotation.current(&trust::clock(now)).map_err(ReleaseError::refused(&what))?;
    let path = layout::signer_list(version);
    for step in flip::steps(repository, &path, &document)? {
        step.take(repository)?;
    }
    for done in [layout::signatures(NEXT_SIGNERS), NEXT_SIGNERS.to_owned()] {
        repository.remove(&done)?;
    }
    let to_be_signed_anew = short_of_signatures(repository, lists.last(), now)?;
    Ok(PublishedSigners { version, document: path, to_be_signed_anew })
}

/// The current releases that the new list does not accept.
fn short_of_signatures(
    repository: &Repository,
    list: Option<&Certificates>,
    now: Timestamp,
) -> Result<Vec<ReleaseName>> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let mut short = Vec::new();
    for place in repository.places()? {
        let Some(current) = repository.current(&place)? else { continue };
        let signatures = trust::findings(&current.document, std::slice::from_ref(list), now);
        if ota_core::trust::count(list.signers(), &signatures).is_err() {
            short.push(current.name());
        }
    }
    Ok(short)
}

impl Change {
    fn applied(&self, before: Option<&SignerList>, now: Timestamp) -> Result<SignerList> {
        let mut signers = before.map_or_else(Vec::new, |list| list.signers.clone());
        for name in &self.remove {
            let there = signers.len();
            signers.retain(|signer| signer.name != *name);
            if signers.len() == there {
                let names: Vec<&str> = signers.iter().map(|signer| signer.name.as_str()).collect();
                let why = format!("{name} is not on the list, which has {}", names.join(", "));
                return Err(ReleaseError::Field { field: "--remove", why });
            }
        }
        let mut named = BTreeSet::new();
        for (name, certificate) in &self.add {
            if !named.insert(name) {
                return Err(ReleaseError::Field { field: "--add", why: format!("{name} is there twice") });
            }
            let signer = Signer { name: name.clone(), certificate: usable(name, certificate, now)? };
            match signers.iter_mut().find(|known| known.name == *name) {
                Some(known) => *known = signer,
                None => signers.push(signer),
            }
        }
        let list = SignerList {
            version: before.map_or(1, |list| list.version + 1),
            expires: self.expires,
            threshold: self.threshold.or(before.map(|list| list.threshold)).unwrap_or(THRESHOLD),
            signers,
        };
        check(&list, now)?;
        Ok(list)
    }
}

/// What [`SignerList::with_fingerprints`] would refuse, in the words of the command line.
fn check(list: &SignerList, now: Timestamp) -> Result<()> {
    let field = |field, why: String| Err(ReleaseError::Field { field, why });
    let (threshold, signers) = (list.threshold, list.signers.len());
    if signers == 0 {
        return field("--add", "a list needs signers: --add NAME=FILE for each".to_owned());
    }
    if signers > limits::SIGNERS {
        return field("--add", format!("{signers} signers; a list has at most {}", limits::SIGNERS));
    }
    if threshold == 0 {
        return field("--threshold", "with zero, everybody could release: take 1 or more".to_owned());
    }
    if threshold > signers as u64 {
        let why = format!(
            "it takes {threshold}, and the list has {signers}: add signers, or take --threshold {signers}"
        );
        return field("--threshold", why);
    }
    if list.expires <= now {
        return field("--expires", format!("{} is past", list.expires));
    }
    let keyed = Certificates::read(list);
    keyed.map(drop).map_err(|reason| match reason {
        Refusal::OneKeyTwoSigners { first, second } => ReleaseError::Field {
            field: "--add",
            why: format!(
                "{first} and {second} have the same key, and would count once: each needs a key of its own"
            ),
        },
        reason => ReleaseError::refused("the signer list")(reason),
    })
}

/// The certificate's text, if its owner can sign with it.
fn usable(name: &str, certificate: &Cert, now: Timestamp) -> Result<String> {
    if openpgp::can_sign(certificate, now) {
        return openpgp::armoured(certificate);
    }
    let why = "it has no key that may sign now (expired, revoked, or for encryption only)";
    Err(ReleaseError::Unusable { subject: format!("the certificate of {name}"), why: why.to_owned() })
}

impl fmt::Display for Rotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Signer list {}: {} of {}, until {}.",
            self.version,
            self.threshold,
            self.signers.join(", "),
            self.expires
        )?;
        write!(f, "It waits for signatures: {}", self.document)?;
        self.tallies.iter().try_for_each(|tally| write!(f, "\n  {tally}"))
    }
}

impl fmt::Display for PublishedSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Published the signer list {}: {}", self.version, self.document)?;
        self.to_be_signed_anew.iter().try_for_each(|name| {
            write!(f, "\n  {name} is not signed by enough of the new signers: sign and publish it again")
        })
    }
}
