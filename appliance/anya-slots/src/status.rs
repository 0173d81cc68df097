//! How the slots are.

use ota_client::slot_keeper::protocol::SlotsStatus;
use ota_core::slots::Start;

use crate::epoch::counted;
use crate::esp::Esp;
use crate::failure::Failure;
use crate::keeper::{DATA_CLOSED, Keeper, Machine, ON_TRIAL};
use crate::run_files::{Gated, Started};
use crate::store::Store;
use crate::{roll_back, secure_boot};

/// Finds it out. Nothing is changed.
///
/// # Errors
/// Refused on a system without slots; and what cannot be read.
pub(crate) fn status(keeper: &Keeper<'_>) -> Result<SlotsStatus, Failure> {
    let machine = keeper.look()?;
    let esp = keeper.esp(&machine)?;
    let other_start = machine.other_start(esp.loader()?.as_ref())?;
    let store = Store::open(keeper.places)?;
    let counter = counted(keeper.counter);
    let known = match &store {
        Some(store) => store.known()?,
        None => Default::default(),
    };
    let known = known.with_counter(counter.unwrap_or(0));
    let blocked = if store.is_none() {
        Some(DATA_CLOSED)
    } else {
        keeper.may_give_way(&machine, other_start).then_some(ON_TRIAL)
    };
    let rollback_refused =
        rollback_refused(&machine, store.as_ref(), &esp, other_start, known.highest_epoch)?;
    let (started, good) = (Started::read(keeper.places), Gated::read(keeper.places).good);
    Ok(SlotsStatus {
        running: machine.slots.running().clone(),
        other: machine.slots.other(),
        other_starts: other_start.tries_left() > 0,
        rollback_refused,
        room: machine.room(&esp)?,
        followed: store.map_or_else(|| Ok(Default::default()), |store| store.followed())?,
        known,
        has_signers: machine.image.signers.is_some(),
        synchronised: keeper.synchronised(),
        secure_boot: secure_boot::is_enforced(keeper.places),
        epoch_in_tpm: counter.is_some(),
        trial: started.trial.filter(|_| !good),
        good,
        gone_back: started.gone_back,
        blocked: blocked.map(str::to_owned),
        board: machine.image.board,
        built: machine.image.built,
    })
}

/// Why the owner may not go back; `None` when he may, or when there is nothing to go back to.
fn rollback_refused(
    machine: &Machine,
    store: Option<&Store>,
    esp: &Esp<'_>,
    start: Start,
    highest_epoch: u64,
) -> Result<Option<String>, Failure> {
    if machine.slots.other().is_none() {
        return Ok(None);
    }
    let Some(store) = store else { return Ok(Some(DATA_CLOSED.to_owned())) };
    match roll_back::allowed(machine, store, esp, start, highest_epoch) {
        Ok(_) => Ok(None),
        Err(Failure::Refused(refused)) => Ok(Some(refused.text)),
        Err(failed) => Err(failed),
    }
}
