//! The Raspberry Pi's `tryboot`.
//!
//! The firmware reads `autoboot.txt` of the first partition (at most 512 bytes): section `[all]` names the
//! boot partition of the default slot, `[tryboot]` that of the other one, which is started once after a
//! restart with the argument `0 tryboot`; any later start is of the default slot again (Raspberry Pi
//! documentation, "The autoboot.txt file"). `tryboot_a_b=1` switches between partitions, not files.
//!
//! So a new system has one try. Marking it good makes it the default: one rename of a file of one sector.
//!
//! # Every start is counted
//!
//! The firmware counts nothing. The kernel image's initrd does it in its place, before it touches the root
//! ([`count_start`]): the default slot has three tries, which a healthy start sets back. When they are used up, the
//! other slot gets one, and then the default slot has three again. So a slot that was good and dies later is left for
//! the other one, which becomes the default once it is healthy; and when neither works, they take turns for ever.
//! There is no rescue system that would say so.
//!
//! # Limits
//!
//! - What goes wrong before the initrd runs is not counted: a kernel image of the default slot that was good and can
//!   no longer be read. The firmware's own means can be set for that by hand (`BOOT_WATCHDOG_TIMEOUT` and
//!   `BOOT_WATCHDOG_PARTITION` of the EEPROM), and lead to one fixed partition.
//! - Any other restart between arming a system and starting it passes it over. It stays armed.

mod tries;

use std::io::{self, Read};

use super::entry::TRIES;
use super::loader::{BootLoader, LoaderCapabilities, LoaderError, Marked, Restart, Start};
use super::{BootFolder, Slot, System};
use crate::manifest::Content;

const AUTOBOOT: &str = "autoboot.txt";
const AUTOBOOT_NEW: &str = "autoboot.new";
/// The kernel image in a slot's boot partition.
pub const KERNEL: &str = "boot.img";
const KERNEL_PART: &str = "boot.part";
/// The firmware reads no more of it.
const AUTOBOOT_LIMIT: usize = 512;

/// `tryboot` over the partition with `autoboot.txt` and the boot partitions of both slots.
#[derive(Debug)]
pub struct Tryboot<F> {
    first: F,
    slots: [F; 2],
}

/// The number of the partition with `autoboot.txt`.
pub const FIRST: u32 = 1;

/// The number of a slot's boot partition.
pub fn partition(slot: Slot) -> u32 {
    match slot {
        Slot::A => 2,
        Slot::B => 3,
    }
}

/// The slot with this boot partition.
pub fn slot_of(number: u32) -> Option<Slot> {
    Slot::ALL.into_iter().find(|&slot| partition(slot) == number)
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

/// What becomes of a start that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It goes on.
    GoesOn,
    /// The tries are used up: restart by `tryboot`, which starts the other slot.
    GivesWay,
}

/// For the initrd: counts the start of a slot, before anything of the slot is used. `first` is the partition with
/// `autoboot.txt`; `other_starts` tells whether the other slot has a kernel image, and is asked only when that
/// matters.
///
/// # Errors
/// The first partition.
pub fn count_start<F: BootFolder>(
    first: &mut F,
    slot: Slot,
    other_starts: impl FnOnce() -> bool,
) -> Result<Counted, LoaderError> {
    if default_of(first)? != slot {
        tries::set_other(first, true)?;
        return Ok(Counted::GoesOn);
    }
    let left = tries::of_default(first)?.left;
    if left > 0 {
        tries::set_default(first, left - 1)?;
        return Ok(Counted::GoesOn);
    }
    tries::set_default(first, TRIES)?;
    Ok(if other_starts() { Counted::GivesWay } else { Counted::GoesOn })
}

/// Whether a slot's boot partition has a kernel image; one without content is none.
///
/// # Errors
/// The folder.
pub fn has_kernel(slot: &impl BootFolder) -> Result<bool, LoaderError> {
    if !slot.list().map_err(LoaderError::List)?.iter().any(|file| file == KERNEL) {
        return Ok(false);
    }
    let told = |source| LoaderError::Read { name: KERNEL.to_owned(), source };
    Ok(slot.size(KERNEL).map_err(told)? > 0)
}

/// Whether a file of a boot partition is a kernel image, or what was to become one: an installation removes it.
pub fn is_kernel(name: &str) -> bool {
    [KERNEL, KERNEL_PART].contains(&name)
}

/// The slot that the firmware starts. Without a file it takes the first partition that can be started.
fn default_of(first: &impl BootFolder) -> Result<Slot, LoaderError> {
    match first.read(AUTOBOOT, AUTOBOOT_LIMIT) {
        Ok(text) => default_slot(&text).ok_or(LoaderError::BadAutoboot),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Slot::A),
        Err(source) => Err(LoaderError::Read { name: AUTOBOOT.to_owned(), source }),
    }
}

impl<F: BootFolder> Tryboot<F> {
    /// The first partition, and the boot partitions `[A, B]`.
    pub fn new(first: F, slots: [F; 2]) -> Self {
        Self { first, slots }
    }

    /// Once after each start, when the file systems were checked and before anything else is done: removes what is
    /// left of what was being written, and a kernel image that has lost its content.
    ///
    /// # Errors
    /// A folder.
    pub fn clear_up(&mut self, running: Slot) -> Result<(), LoaderError> {
        remove_those(&mut self.first, |name| name == AUTOBOOT_NEW)?;
        let other = self.folder(running.other());
        let is_whole = has_kernel(other)?;
        remove_those(other, |name| name == KERNEL_PART || name == KERNEL && !is_whole)
    }

    fn default(&self) -> Result<Slot, LoaderError> {
        default_of(&self.first)
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

    fn with_kernel(&self, system: &System) -> Result<(), LoaderError> {
        if has_kernel(&self.slots[system.slot as usize])? {
            Ok(())
        } else {
            Err(LoaderError::NoEntry(system.clone()))
        }
    }
}

/// Renames what is on the medium over what was there.
fn replace(folder: &mut impl BootFolder, from: &str, to: &str) -> Result<(), LoaderError> {
    folder.sync().map_err(LoaderError::Sync)?;
    let told = |source| LoaderError::Rename { from: from.to_owned(), to: to.to_owned(), source };
    folder.rename(from, to).map_err(told)?;
    folder.sync().map_err(LoaderError::Sync)
}

/// Removes the files of which this is true.
fn remove_those(folder: &mut impl BootFolder, is: impl Fn(&str) -> bool) -> Result<(), LoaderError> {
    for name in folder.list().map_err(LoaderError::List)? {
        if is(&name) {
            folder.remove(&name).map_err(|source| LoaderError::Remove { name, source })?;
        }
    }
    folder.sync().map_err(LoaderError::Sync)
}

impl<F: BootFolder> BootLoader for Tryboot<F> {
    fn capabilities(&self) -> LoaderCapabilities {
        LoaderCapabilities { tries: 1, counts_every_start: true, armed_by: Restart::Tryboot }
    }

    /// The default slot has its tries; the other one has one, on request.
    fn start_of(&self, system: &System) -> Result<Start, LoaderError> {
        if !has_kernel(&self.slots[system.slot as usize])? {
            return Ok(Start::Never);
        }
        let default = self.default()? == system.slot;
        let tries = if default { tries::of_default(&self.first) } else { tries::of_other(&self.first) };
        Ok(Start::Counted(tries?))
    }

    fn forget_all_but(&mut self, running: &System) -> Result<(), LoaderError> {
        self.mark_good(running)?;
        remove_those(self.folder(running.slot.other()), is_kernel)
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
        tries::set_other(&mut self.first, false)?;
        replace(self.folder(target.slot), KERNEL_PART, KERNEL)?;
        Ok(Restart::Tryboot)
    }

    fn mark_good(&mut self, running: &System) -> Result<Marked, LoaderError> {
        self.with_kernel(running)?;
        tries::set_default(&mut self.first, TRIES)?;
        self.set_default(running.slot)?;
        tries::set_other(&mut self.first, false)?;
        Ok(Marked::Fully)
    }

    fn keep(&mut self, running: &System) -> Result<(), LoaderError> {
        self.with_kernel(running)?;
        tries::set_default(&mut self.first, 1)?;
        self.set_default(running.slot)
    }

    fn prefer(&mut self, other: &System, _running: &System) -> Result<Restart, LoaderError> {
        self.with_kernel(other)?;
        if self.default()? == other.slot {
            tries::set_default(&mut self.first, TRIES)?;
            return Ok(Restart::Plain);
        }
        tries::set_other(&mut self.first, false)?;
        Ok(Restart::Tryboot)
    }
}

#[cfg(test)]
mod tests;
