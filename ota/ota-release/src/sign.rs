//! `sign`: one person's signature is added to a release or to the next signer list.
//!
//! What would not count is refused: a key of nobody on the list, and a second signature of the same signer.

use std::fmt;

use jiff::Timestamp;
use ota_client::openpgp::Certificates;
use ota_core::signers::Signer;
use ota_core::trust::Finding;
use ota_core::{layout, limits};
use serde::Serialize;

use crate::error::{ReleaseError, Result};
use crate::openpgp::{self, Cert, SigningKey};
use crate::repository::{Document, ReleaseName, Repository};
use crate::trust::{self, Tally};

/// What is to be signed.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A release.
    Release(ReleaseName),
    /// The next signer list.
    NextSigners,
}

/// A signature that was added.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    /// What was signed.
    pub what: String,
    /// Its path in the repository.
    pub document: String,
    /// The name of the signer.
    pub signer: String,
    /// Who has signed by now: for a release by the current list; for a list by the one before, and by itself.
    pub tallies: Vec<Tally>,
}

/// The document of what is to be signed, and the lists by which its signatures are counted.
pub(crate) fn counted(
    repository: &Repository,
    subject: &Subject,
) -> Result<(String, Document, Vec<Certificates>)> {
    match subject {
        Subject::Release(name) => {
            let newest = trust::newest(repository)?;
            Ok((format!("the release {name}"), repository.release(name)?.document, vec![newest]))
        }
        Subject::NextSigners => {
            let next = repository.next_signers()?.ok_or_else(|| ReleaseError::Missing {
                what: "a signer list that waits for signatures".to_owned(),
                cure: "`ota-release rotate` makes one",
            })?;
            let mut lists = match next.list.version {
                1 => Vec::new(),
                _ => vec![trust::newest(repository)?],
            };
            lists.push(trust::certificates(&next)?);
            Ok((format!("the signer list {}", next.list.version), next.document, lists))
        }
    }
}

/// The certificates of all who may sign something: of the current list and of the next one.
///
/// # Errors
/// A list cannot be read.
pub fn certificates(repository: &Repository) -> Result<Vec<Cert>> {
    let mut signers = repository.newest_signers()?.map_or_else(Vec::new, |listed| listed.list.signers);
    signers.extend(repository.next_signers()?.map_or_else(Vec::new, |listed| listed.list.signers));
    let read = |signer: &Signer| openpgp::certificate(&signer.name, signer.certificate.as_bytes());
    signers.iter().map(read).collect()
}

/// Adds a signature.
///
/// # Errors
/// The signature would not count, or the key fails.
pub fn sign(
    repository: &Repository,
    subject: &Subject,
    key: &mut SigningKey,
    now: Timestamp,
) -> Result<Signed> {
    let _lock = repository.lock()?;
    let (what, mut document, lists) = counted(repository, subject)?;
    let fingerprint = key.fingerprint();
    let name = lists.iter().rev().find_map(|list| list.signers().name(&fingerprint)).map(str::to_owned);
    let signer = name.ok_or_else(|| ReleaseError::NotASigner { who: key.owner() })?;
    let by_signer = |document: &Document| {
        let found = trust::findings(document, &lists, now);
        found.iter().any(|one| one.finding == Finding::Good && one.signer.as_ref() == Some(&fingerprint))
    };
    if by_signer(&document) {
        return Err(ReleaseError::SignedAlready { signer, what });
    }
    document.signatures.extend(key.sign(&document.bytes, now)?);
    if !by_signer(&document) {
        let why = "its certificate on the signer list does not allow it to sign now: `rotate` replaces it";
        return Err(ReleaseError::Unusable { subject: key.owner(), why: why.to_owned() });
    }
    if document.signatures.len() > limits::SIGNATURES {
        let why = format!("the signatures are longer than {} bytes", limits::SIGNATURES);
        return Err(ReleaseError::Unusable { subject: what, why });
    }
    repository.put(&layout::signatures(&document.path), &document.signatures)?;
    let tallies = trust::tallies(&document, &lists, now);
    Ok(Signed { what, document: document.path, signer, tallies })
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signed {}.", self.signer, self.what)?;
        self.tallies.iter().try_for_each(|tally| write!(f, "\n  {tally}"))
    }
}
