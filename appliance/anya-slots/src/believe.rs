//! Whether a release is believed. The service's own verdict counts for nothing here.

use ota_client::check::{self, Checked, Facts};
use ota_client::slot_keeper::protocol::Believed;
use ota_client::source::Evidence;
use ota_core::identifier::Identifier;
use ota_core::trust::{BoardFacts, Room, SetAside, Verdict};

use crate::failure::Failure;
use crate::keeper::{Keeper, Machine};
use crate::store::Store;

/// Answers a request.
///
/// # Errors
/// Why it is not believed.
pub(crate) fn believe(
    keeper: &Keeper<'_>,
    channel: Identifier,
    evidence: Evidence,
) -> Result<Believed, Failure> {
    let machine = keeper.look()?;
    let store = keeper.store()?;
    let room = machine.room(&keeper.esp(&machine)?)?;
    let checked = check(keeper, &machine, &store, room, channel, evidence)?;
    let version = checked.manifest.version;
    Ok(match checked.verdict {
        Verdict::NothingNew => {
            Believed { version, signed_by: Vec::new(), set_aside: None, nothing_new: true }
        }
        Verdict::Offer(offer) => Believed {
            version,
            signed_by: offer.signed_by,
            set_aside: offer.set_aside.as_ref().map(in_words),
            nothing_new: false,
        },
    })
}

/// Checks a release by what the image and the box's memory say, and remembers what follows from it.
///
/// # Errors
/// Why it is not believed; nothing is remembered then but the signer lists that follow the image's.
pub(crate) fn check(
    keeper: &Keeper<'_>,
    machine: &Machine,
    store: &Store,
    room: Room,
    channel: Identifier,
    mut evidence: Evidence,
) -> Result<Checked, Failure> {
    let image = &machine.image;
    let board = BoardFacts {
        board: image.board.clone(),
        channel,
        installed: image.version.clone(),
        built: image.built,
        room,
    };
    let facts = Facts {
        signers: image.signers.as_deref(),
        followed: &store.followed()?,
        known: &keeper.known(store)?,
        system_time: keeper.now,
        synchronised: keeper.synchronised(),
        board: &board,
    };
    let checked = check::check(&mut evidence, &facts, &mut |remember| {
        store.keep_followed(remember.followed)?;
        store.keep_known(remember.known)
    })?;
    if checked.verdict == Verdict::NothingNew {
        store.keep_epoch(&image.version, checked.manifest.epoch)?;
    }
    Ok(checked)
}

/// Why a version is not installed by itself, in words for the owner.
pub(crate) fn in_words(why: &SetAside) -> String {
    match why {
        SetAside::Failed { reason } => reason.clone(),
        SetAside::RolledBack => "You went back from this version.".to_owned(),
    }
}
