//! What the boot loaders do with a folder.

use std::collections::BTreeMap;

use super::MemoryFolder;
use crate::slots::Slot;
use crate::slots::entry::EntryName;
use crate::slots::order::{Candidate, choose};

/// systemd-boot: picks an entry, counts the try and starts it. Returns the entry as it was counted, and its
/// content; `None` when there is nothing to start.
///
/// A file of no length is no kernel image and so no entry. A name that there is already is not given to a second file:
/// such an entry is started without being counted.
pub fn systemd_boot(folder: &mut MemoryFolder) -> Option<(Candidate, Vec<u8>)> {
    count(folder, None)
}

/// The same; the power goes while it counts, and `chance` chooses what of that comes to the medium.
pub fn systemd_boot_cut(folder: &mut MemoryFolder, chance: u64) {
    count(folder, Some(chance));
}

fn count(folder: &mut MemoryFolder, cut: Option<u64>) -> Option<(Candidate, Vec<u8>)> {
    let files: BTreeMap<String, Vec<u8>> = folder.on_the_medium();
    let entry =
        choose(files.iter().filter(|(_, content)| !content.is_empty()).map(|(name, _)| name.as_str()))?;
    let content = files[&entry.file].clone();
    let Some(tries) = entry.tries else { return Some((entry, content)) };
    let mut name = EntryName::parse(&entry.file)?;
    name.tries = Some(tries.counted());
    folder.rename_by_firmware(&entry.file, &name.to_string(), cut);
    Some((Candidate { file: name.to_string(), tries: name.tries, ..entry }, content))
}

/// The Raspberry Pi's firmware: the slot that it starts, and its kernel image. `once` is the flag that a
/// restart with `0 tryboot` leaves, and that the next start takes away. `None` when there is nothing to
/// start.
pub fn tryboot(first: &MemoryFolder, slots: &[MemoryFolder; 2], once: bool) -> Option<(Slot, Vec<u8>)> {
    let default = match first.on_the_medium().remove("autoboot.txt") {
        Some(text) => crate::slots::tryboot::default_slot(&text)?,
        None => Slot::A,
    };
    let slot = if once { default.other() } else { default };
    let kernel =
        slots[slot as usize].on_the_medium().remove("boot.img").filter(|kernel| !kernel.is_empty())?;
    Some((slot, kernel))
}
