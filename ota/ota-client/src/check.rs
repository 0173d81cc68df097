//! From a source to an offer.
//!
//! The order is that of TUF's client workflow (specification 1.0, 5.3 to 5.6): the signer lists that follow the
//! one in the image, each signed by its own threshold and by that of the one before, until there is no further
//! one; then the manifest and its signatures; then the rules of [`ota_core::trust::judge`].
//!
//! What is believed is stored **before** anything is done because of it: [`check`] hands it to the caller's
//! function and gives no verdict when that fails. What is refused is not stored.
//!
//! The signer lists are kept as a chain from the list in the image, so that what a server once showed it cannot
//! take back, and so that a program that trusts the image alone can follow it ([`Evidence`]).

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use ota_core::manifest::Manifest;
use ota_core::signers::SignerList;
use ota_core::trust::{BoardFacts, Case, Clock, Known, Refusal, Rotation, Verdict, judge};
use thiserror::Error;

use crate::openpgp::{Certificates, findings};
use crate::source::{Evidence, Signed, Source, SourceError};

/// The signer lists after the one in the image, by their versions.
pub type SignerLists = BTreeMap<u64, Signed>;

/// What a check goes by.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The document of the signer list in the image; without one nothing is trusted.
    pub signers: Option<&'a [u8]>,
    /// The signer lists that earlier checks followed.
    pub followed: &'a SignerLists,
    /// What the box remembers.
    pub known: &'a Known,
    /// What the system's clock says.
    pub system_time: Timestamp,
    /// Whether that clock was set from the network since the start.
    pub synchronised: bool,
    /// What the box is.
    pub board: &'a BoardFacts,
}

impl Facts<'_> {
    fn clock(&self) -> Clock {
        self.known.clock(self.board.built, self.system_time, self.synchronised)
    }
}

/// What has to be stored.
#[derive(Clone, Copy, Debug)]
pub struct Remember<'a> {
    /// The signer lists to begin with the next time.
    pub followed: &'a SignerLists,
    /// What the box knows from now on.
    pub known: &'a Known,
}

/// A release that is believed.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its manifest.
    pub manifest: Manifest,
    /// What there is to do.
    pub verdict: Verdict,
    /// What it was based on, for a program that checks it again.
    pub evidence: Evidence,
}

/// Why there is no verdict.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The source has nothing, or something that is refused.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The source has no release for this box.
    #[error("There is no release for this board on this channel.")]
    NoRelease,
    /// What was believed could not be stored, so nothing follows from it.
    #[error("What was found out about updates cannot be stored.")]
    Remember(#[source] io::Error),
}

impl CheckError {
    /// The reason in one word, which stays the same; for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(error) => error.code(),
            Self::NoRelease => "no_release",
            Self::Remember(_) => "not_stored",
        }
    }
}

impl From<Refusal> for CheckError {
    fn from(refusal: Refusal) -> Self {
        Self::Source(refusal.into())
    }
}

/// Asks a source for what is current, and decides. `remember` stores, on the medium, what is believed: after
/// new signer lists were followed, and before a verdict.
///
/// # Errors
/// See [`CheckError`].
pub fn check(
    source: &mut dyn Source,
    facts: &Facts<'_>,
    remember: &mut dyn FnMut(Remember<'_>) -> io::Result<()>,
) -> Result<Checked, CheckError> {
    let (certificates, followed) = follow(source, facts)?;
    if followed != *facts.followed {
        remember(Remember { followed: &followed, known: facts.known }).map_err(CheckError::Remember)?;
    }
    let board = facts.board;
    let signed = source.manifest(&board.channel, &board.board)?.ok_or(CheckError::NoRelease)?;
    let manifest =
        Manifest::parse(&signed.document).map_err(|reason| Refusal::Document { what: "manifest", reason })?;
    let signatures = findings(&[&certificates], &signed.document, &signed.signatures, facts.clock().now());
    let judgement = judge(&Case {
        manifest: &manifest,
        signatures: &signatures,
        signers: Some(certificates.signers()),
        known: facts.known,
        system_time: facts.system_time,
        synchronised: facts.synchronised,
        board,
    })?;
    remember(Remember { followed: &followed, known: &judgement.known }).map_err(CheckError::Remember)?;
    let evidence = Evidence { signer_lists: followed, manifest: signed };
    Ok(Checked { manifest, verdict: judgement.verdict, evidence })
}

/// From the list in the image to the newest one: over those that were followed before, and then over those of
/// the source.
fn follow(source: &mut dyn Source, facts: &Facts<'_>) -> Result<(Certificates, SignerLists), CheckError> {
    let clock = facts.clock();
    let first = facts.signers.ok_or(Refusal::SignersMissing)?;
    let mut newest = read(first)?;
    let mut rotation = Rotation::from(Some(newest.signers().clone()))?;
    let mut followed = SignerLists::new();
    loop {
        let version = newest.signers().version().saturating_add(1);
        // A copy that the disk has spoilt is fetched anew.
        let kept = facts.followed.get(&version).and_then(|kept| {
            let next = step(&mut rotation, &newest, kept, &clock).ok()?;
            Some((next, kept.clone()))
        });
        let next = match kept {
            Some(kept) => kept,
            None => {
                let Some(list) = source.signer_list(version)? else { break };
                (step(&mut rotation, &newest, &list, &clock)?, list)
            }
        };
        newest = next.0;
        followed.insert(version, next.1);
    }
    rotation.current(&clock)?;
    Ok((newest, followed))
}

/// One step, to the next list.
fn step(
    rotation: &mut Rotation,
    newest: &Certificates,
    list: &Signed,
    clock: &Clock,
) -> Result<Certificates, Refusal> {
    let next = read(&list.document)?;
    let signatures = findings(&[newest, &next], &list.document, &list.signatures, clock.now());
    rotation.follow(next.signers().clone(), &signatures)?;
    Ok(next)
}

fn read(document: &[u8]) -> Result<Certificates, Refusal> {
    let list =
        SignerList::parse(document).map_err(|reason| Refusal::Document { what: "signer list", reason })?;
    Certificates::read(&list)
}
