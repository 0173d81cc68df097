//! Works out, once after each start, what has become of an update; and sees to the boot partition before.
//!
//! An update that was armed, was started by the boot loader and is not what runs now did not work: it is set
//! aside, so that the box does not install it by itself again. What the boot loader has not tried yet is left
//! alone: it comes with the next start.

use anyhow::{Context, Result};
use ota_client::slot_keeper::protocol::GoneBack;
use ota_core::slots::{BootLoader, Start, System};
use ota_core::trust::SetAside;
use ota_core::version::Version;

use crate::boot_check;
use crate::failure::Failure;
use crate::keeper::{Keeper, Machine};
use crate::note;
use crate::run_files::{self, Next, Started};
use crate::store::Store;
use crate::trial::Trial;

/// Finds it out and writes it down for the other processes. That it cannot be found out is told to the
/// journal, and no reason to stop the boot.
///
/// # Errors
/// When not even that can be written.
pub(crate) fn start(keeper: &Keeper<'_>) -> Result<()> {
    run_files::make_folder(keeper.places)?;
    let _lock = run_files::lock(keeper.places)?.context("something else is being done to the slots")?;
    let started = find_out(keeper).unwrap_or_else(|failure| {
        match failure {
            Failure::Refused(refused) => note(&refused.text),
            Failure::Failed(error) => note(&format!("{error:#}")),
            Failure::Gone => {}
        }
        Started::default()
    });
    started.write(keeper.places)
}

fn find_out(keeper: &Keeper<'_>) -> Result<Started, Failure> {
    let machine = keeper.look()?;
    // Before anybody mounts it.
    if let Err(error) = boot_check::check(keeper, &machine) {
        note(&format!("{error:#}"));
    }
    let store = Store::open(keeper.places)?;
    if let (Some(store), Some(epoch)) = (&store, machine.image.epoch) {
        store.keep_epoch(&machine.image.version, epoch)?;
    }
    let esp = keeper.esp(&machine)?;
    let Some(trial) = Trial::read(&esp)? else { return Ok(Started::default()) };
    if trial.version == machine.image.version {
        note(&format!("{} is on trial", trial.version));
        return Ok(Started { trial: Some(trial.version), gone_back: None });
    }
    let loader = esp.loader()?;
    let start = start_of(loader.as_ref(), &machine, &trial.version)?;
    if !start.was_tried() {
        // A restart that was not for it passed it over.
        if start != Start::Never {
            Next::from(loader.capabilities().armed_by).write(keeper.places)?;
        }
        return Ok(Started::default());
    }
    let gone_back = gone_back(trial);
    note(&format!("{} did not work: {}", gone_back.version, gone_back.reason));
    // Without the data partition nothing can be remembered: the note stays for a start that can.
    if let Some(store) = store {
        set_aside(&store, &gone_back)?;
        Trial::remove(&esp)?;
    }
    Ok(Started { trial: None, gone_back: Some(gone_back) })
}

/// What the boot loader does with a version in the other slot. One without an entry never was armed; the note of
/// it goes with the next installation.
fn start_of(loader: &dyn BootLoader, machine: &Machine, version: &Version) -> Result<Start> {
    let system = System { slot: machine.slots.running().slot.other(), version: version.clone() };
    Ok(loader.start_of(&system)?)
}

fn gone_back(trial: Trial) -> GoneBack {
    let version = trial.version;
    let reason =
        trial.reason.unwrap_or_else(|| format!("Version {version} did not start in any of its tries."));
    GoneBack { version, reason }
}

/// What the owner set aside himself stays as he did it.
fn set_aside(store: &Store, gone_back: &GoneBack) -> Result<()> {
    let mut known = store.known()?;
    if !known.set_aside.contains_key(&gone_back.version) {
        let why = SetAside::Failed { reason: gone_back.reason.clone() };
        known.set_aside(gone_back.version.clone(), why);
        store.keep_known(&known).context("cannot set the version aside")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
