//! The owner goes back to the other slot.

use anyhow::Context;
use ota_client::slot_keeper::protocol::{Answer, code};
use ota_core::slots::{Start, System, rollback};
use ota_core::trust::SetAside;

use crate::esp::Esp;
use crate::failure::Failure;
use crate::keeper::{Keeper, Machine};
use crate::run_files::{self, Next};
use crate::store::Store;
use crate::trial::Trial;

/// The next start is of the other slot. The running version is set aside before, so that the box does not
/// install it again by itself; whoever goes back wants the other one, whatever was against it.
///
/// # Errors
/// Why it is not done.
pub(crate) fn roll_back(keeper: &Keeper<'_>) -> Result<Answer, Failure> {
    let _lock = run_files::lock(keeper.places)?.ok_or_else(Failure::busy)?;
    let machine = keeper.look()?;
    let store = keeper.store()?;
    let esp = keeper.esp(&machine)?;
    let mut loader = esp.loader()?;
    let start = machine.other_start(loader.as_ref())?;
    let mut known = keeper.known(&store)?;
    let other = allowed(&machine, &store, &esp, start, known.highest_epoch)?;
    let running = machine.slots.running();
    known.set_aside(running.version.clone(), SetAside::RolledBack);
    known.take_up(&other.version);
    store.keep_known(&known).context("cannot set the running version aside")?;
    let restart = loader.prefer(&other, running).context("cannot let the other version be started")?;
    Next::from(restart).write(keeper.places)?;
    // Whoever left a version on purpose is not told that it failed.
    Trial::remove(&esp)?;
    Ok(Answer::Accepted {})
}

/// The system to go back to.
///
/// # Errors
/// Why the owner may not go back. An update that has not run yet is nothing to go back to: it would not be on
/// trial then.
pub(crate) fn allowed(
    machine: &Machine,
    store: &Store,
    esp: &Esp<'_>,
    start: Start,
    highest_epoch: u64,
) -> Result<System, Failure> {
    let other = machine.slots.other().map(|other| other.version);
    let epochs = store.epochs()?;
    let epoch = other.as_ref().and_then(|other| epochs.get(other)).copied().unwrap_or(0);
    let system = rollback::allow(&machine.slots, start, epoch, highest_epoch)?;
    if Trial::read(esp)?.map(|trial| trial.version) == other {
        let text = "The other slot holds an update that has not run yet: restart to start it.";
        return Err(Failure::refused(code::NOT_NOW, text));
    }
    Ok(system)
}
