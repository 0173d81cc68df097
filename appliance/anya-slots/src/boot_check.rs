//! The boot partition after a start: it is checked, before it is mounted for the first time, and cleared up.
//!
//! Every start does so: the firmware renames entries without marking the file system as changed, and whoever comes
//! later relies on it ([`ota_client::fsck`]).

use anyhow::{Context, Result, bail};
use ota_client::fsck::{Found, remove_salvaged};

use crate::keeper::{Keeper, Machine};
use crate::trial::Trial;
use crate::{commands, note};

/// Checks and clears up. Nothing is cleared up that could not be checked.
///
/// # Errors
/// What could not be done.
pub(crate) fn check(keeper: &Keeper<'_>, machine: &Machine) -> Result<()> {
    let checked = keeper.runner.run(&commands::check(&machine.disk.esp))?;
    match Found::of_status(checked.code) {
        Some(Found::Sound) => {}
        Some(Found::Repaired) => note("the boot partition was repaired"),
        None => bail!("the boot partition cannot be checked ({}): {}", checked.code, checked.complaint),
    }
    let esp = keeper.esp(machine)?;
    for folder in [esp.root()?, esp.entries()?, esp.notes()?].iter_mut() {
        remove_salvaged(folder).context("cannot remove what the check of the boot partition left")?;
    }
    Trial::clear_up(&esp)?;
    let put_back = esp.loader()?.clear_up(Some(&machine.image.version));
    for version in put_back.context("cannot clear up the boot loader's entries")? {
        note(&format!("the entry of {version} was lost, and is put back"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
