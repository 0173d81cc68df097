//! Who has signed what, by the signer lists of a repository.
//!
//! What is found about signatures is [`ota_client::openpgp`]'s to say, and who counts [`ota_core::trust`]'s.

use std::fmt;

use jiff::Timestamp;
use ota_client::openpgp::{self, Certificates};
use ota_core::signers::SignerList;
use ota_core::trust::{Clock, Finding, Known, Signature};
use serde::Serialize;

use crate::error::{ReleaseError, Result};
use crate::repository::{Document, ListedSigners, Repository};

/// Who has signed something, by one signer list. Displayed as `signer list 1: 1 of 2 (Alice)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The version of the list.
    pub signer_list: u64,
    /// How many signers it takes.
    pub needed: usize,
    /// The names of those who have signed.
    pub signed_by: Vec<String>,
}

/// The certificates of a list, against which signatures are checked.
pub(crate) fn certificates(listed: &ListedSigners) -> Result<Certificates> {
    Certificates::read(&listed.list).map_err(ReleaseError::refused(&listed.document.path))
}

/// The certificates of the list that is current.
pub(crate) fn newest(repository: &Repository) -> Result<Certificates> {
    let lists = repository.signer_lists()?;
    certificates(lists.last().expect("a repository that has lists has a last one"))
}

/// The certificates of a list whose document was believed.
pub(crate) fn believed(document: &[u8]) -> Result<Certificates> {
    let list = SignerList::parse(document).map_err(ReleaseError::document("the signer list"))?;
    Certificates::read(&list).map_err(ReleaseError::refused("the signer list"))
}

/// What is found about each signature of a document, by the certificates of these lists.
pub(crate) fn findings(document: &Document, lists: &[Certificates], now: Timestamp) -> Vec<Signature> {
    openpgp::findings(&lists.iter().collect::<Vec<_>>(), &document.bytes, &document.signatures, now)
}

/// Who has signed, by each of the lists.
pub(crate) fn tallies(document: &Document, lists: &[Certificates], now: Timestamp) -> Vec<Tally> {
    let found = findings(document, lists, now);
    let tally = |list: &Certificates| {
        let signers = list.signers();
        let good = found.iter().filter(|one| one.finding == Finding::Good);
        let names = good.filter_map(|one| signers.name(one.signer.as_ref()?)).map(str::to_owned);
        let mut signed_by: Vec<String> = names.collect();
        signed_by.sort();
        signed_by.dedup();
        Tally { signer_list: signers.version(), needed: signers.threshold(), signed_by }
    };
    lists.iter().map(tally).collect()
}

/// The clock of whoever makes releases, which is right.
pub(crate) fn clock(now: Timestamp) -> Clock {
    Known::default().clock(now, now, true)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signer_list, needed, signed_by } = self;
        write!(f, "signer list {signer_list}: {} of {needed}", signed_by.len())?;
        if signed_by.is_empty() { Ok(()) } else { write!(f, " ({})", signed_by.join(", ")) }
    }
}
