//! The boot partitions after a start: they are checked, before they are mounted for the first time, and cleared up.
//!
//! Every start does so: the firmware renames entries without marking the file system as changed, and whoever comes
//! later relies on it ([`ota_client::fsck`]). That of the running slot alone, on a board where slots have one of their
//! own, is left as it is.

use std::path::Path;

use anyhow::{Result, bail};
use ota_client::fsck::Found;

use crate::keeper::{Keeper, Machine};
use crate::trial::Trial;
use crate::{commands, note};

/// Checks and clears up. Nothing is cleared up that could not be checked.
///
/// # Errors
/// What could not be done.
pub(crate) fn check(keeper: &Keeper<'_>, machine: &Machine) -> Result<()> {
    let running = machine.slots.running();
    check_file_system(keeper, &machine.disk.esp)?;
    if let Some(slots) = &machine.disk.slots_boot {
        check_file_system(keeper, &slots[running.slot.other() as usize])?;
    }
    let esp = keeper.esp(machine)?;
    Trial::clear_up(&esp)?;
    for version in esp.clear_up(running)? {
        note(&format!("the entry of {version} was lost, and is put back"));
    }
    Ok(())
}

fn check_file_system(keeper: &Keeper<'_>, device: &Path) -> Result<()> {
    let checked = keeper.runner.run(&commands::check(device))?;
    match Found::of_status(checked.code) {
        Some(Found::Sound) => {}
        Some(Found::Repaired) => note("the boot partition was repaired"),
        None => bail!("the boot partition cannot be checked ({}): {}", checked.code, checked.complaint),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
