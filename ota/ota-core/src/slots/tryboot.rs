//! The Raspberry Pi's `tryboot`.
//!
//! The firmware reads `autoboot.txt` of the first partition (at most 512 bytes): section `[all]` names the
//! boot partition of the default slot, `[tryboot]` that of the other one, which is started once after a
//! restart with the argument `0 tryboot`; any later start is of the default slot again (Raspberry Pi
//! documentation, "The autoboot.txt file"). `tryboot_a_b=1` switches between partitions, not files.
//!
//! So a new system has one try. Marking it good makes it the default: one rename of a file of one sector.
//!
//! Limits: starts of the default slot are not counted, so a slot that dies later is left only by hand or by
//! the firmware's own means (`BOOT_WATCHDOG_PARTITION`). [`LoaderCapabilities`] says so.

use std::io::Read;

use super::entry::Tries;
use super::loader::{BootLoader, LoaderCapabilities, LoaderError, Marked, Restart, Start};
use super::{BootFolder, Slot, System};
use crate::manifest::Content;

const AUTOBOOT: &str = "autoboot.txt";
const AUTOBOOT_NEW: &str = "autoboot.new";
const KERNEL: &str = "boot.img";
const KERNEL_PART: &str = "boot.part";
/// The firmware reads no more of it.
const AUTOBOOT_LIMIT: usize = 512;

/// `tryboot` over the partition with `autoboot.txt` and the boot partitions of both slots.
#[derive(Debug)]
pub struct Tryboot<F> {
    first: F,
    slots: [F; 2],
}

/// The partition number of a slot's boot partition.
fn partition(slot: Slot) -> u32 {
    match slot {
        Slot::A => 2,
        Slot::B => 3,
    }
}

/// `autoboot.txt` with this default slot.
pub fn autoboot(default: Slot) -> String {
    let [all, tryboot] = [partition(default), partition(default.other())];
    format!("[all]\ntryboot_a_b=1\nboot_partition={all}\n[tryboot]\nboot_partition={tryboot}\n")
}

/// The default slot of an `autoboot.txt` that [`autoboot`] wrote.
pub fn default_slot(text: &[u8]) -> Option<Slot> {
    Slot::ALL.into_iter().find(|&slot| autoboot(slot).as_bytes() == text)
}

impl<F: BootFolder> Tryboot<F> {
    /// The first partition, and the boot partitions `[A, B]`.
    pub fn new(first: F, slots: [F; 2]) -> Self {
        Self { first, slots }
    }

    fn default(&self) -> Result<Slot, LoaderError> {
        let told = |source| LoaderError::Read { name: AUTOBOOT.to_owned(), source };
        let text = self.first.read(AUTOBOOT, AUTOBOOT_LIMIT).map_err(told)?;
        default_slot(&text).ok_or(LoaderError::BadAutoboot)
    }

    fn set_default(&mut self, slot: Slot) -> Result<(), LoaderError> {
        if matches!(self.default(), Ok(default) if default == slot) {
            return Ok(());
        }
        let told = |source| LoaderError::Write { name: AUTOBOOT_NEW.to_owned(), source };
        self.first.write(AUTOBOOT_NEW, &mut autoboot(slot).as_bytes()).map_err(told)?;
        replace(&mut self.first, AUTOBOOT_NEW, AUTOBOOT)
    }

    fn folder(&mut self, slot: Slot) -> &mut F {
        &mut self.slots[slot as usize]
    }

    fn has_kernel(&self, slot: Slot) -> Result<bool, LoaderError> {
        let files = self.slots[slot as usize].list().map_err(LoaderError::List)?;
        Ok(files.iter().any(|file| file == KERNEL))
    }

    fn with_kernel(&self, system: &System) -> Result<(), LoaderError> {
        if self.has_kernel(system.slot)? { Ok(()) } else { Err(LoaderError::NoEntry(system.clone())) }
    }
}

/// Renames what is on the medium over what was there.
fn replace(folder: &mut impl BootFolder, from: &str, to: &str) -> Result<(), LoaderError> {
    folder.sync().map_err(LoaderError::Sync)?;
    let told = |source| LoaderError::Rename { from: from.to_owned(), to: to.to_owned(), source };
    folder.rename(from, to).map_err(told)?;
    folder.sync().map_err(LoaderError::Sync)
}

impl<F: BootFolder> BootLoader for Tryboot<F> {
    fn capabilities(&self) -> LoaderCapabilities {
        LoaderCapabilities { tries: 1, counts_every_start: false }
    }

    /// The default slot is started always; the other one once, on request, so that it has no try left.
    fn start_of(&self, system: &System) -> Result<Start, LoaderError> {
        if !self.has_kernel(system.slot)? {
            return Ok(Start::Never);
        }
        let default = self.default()? == system.slot;
        Ok(if default { Start::Always } else { Start::Counted(Tries { left: 0, done: 0 }) })
    }

    fn forget_all_but(&mut self, running: &System) -> Result<(), LoaderError> {
        self.with_kernel(running)?;
        self.set_default(running.slot)?;
        let other = self.folder(running.slot.other());
        for name in other.list().map_err(LoaderError::List)? {
            if [KERNEL, KERNEL_PART].contains(&name.as_str()) {
                other.remove(&name).map_err(|source| LoaderError::Remove { name, source })?;
            }
        }
        other.sync().map_err(LoaderError::Sync)
    }

    fn stage(
        &mut self,
        target: &System,
        kernel: &mut dyn Read,
        promised: &Content,
    ) -> Result<(), LoaderError> {
        let folder = self.folder(target.slot);
        let told = |source| LoaderError::Write { name: KERNEL_PART.to_owned(), source };
        let written = folder.write(KERNEL_PART, kernel).map_err(told)?;
        folder.sync().map_err(LoaderError::Sync)?;
        if written == *promised { Ok(()) } else { Err(LoaderError::OtherKernel) }
    }

    fn arm(&mut self, target: &System) -> Result<Restart, LoaderError> {
        replace(self.folder(target.slot), KERNEL_PART, KERNEL)?;
        Ok(Restart::Tryboot)
    }

    fn mark_good(&mut self, running: &System) -> Result<Marked, LoaderError> {
        self.with_kernel(running)?;
        self.set_default(running.slot)?;
        Ok(Marked::Fully)
    }

    /// A default slot is started always; one that was only tried is not kept.
    fn keep(&mut self, running: &System) -> Result<(), LoaderError> {
        self.with_kernel(running)
    }

    fn prefer(&mut self, other: &System, _running: &System) -> Result<Restart, LoaderError> {
        self.with_kernel(other)?;
        Ok(Restart::Tryboot)
    }
}

#[cfg(test)]
mod tests;
