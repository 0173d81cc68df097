//! The boot partitions, mounted while they are needed, for this process alone, and the boot loader behind them.
//!
//! Every box has the one that the firmware reads first. With systemd-boot the entries of both slots lie in it; on a
//! board that starts by `tryboot` each slot has a boot partition of its own besides. That of the running slot is
//! mounted for reading only.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ota_client::boot_folder::BootPartition;
use ota_client::fat::Fat;
use ota_client::fsck::remove_salvaged;
use ota_core::slots::entry::EntryName;
use ota_core::slots::{BootFolder, BootLoader, Slot, System, SystemdBoot, Tryboot, tryboot};
use ota_core::version::Version;
use root_side::mount::Mount;
use root_side::program::Runner;

use crate::disk::Disk;
use crate::note;
use crate::places::Places;

/// The folder with systemd-boot's entries.
const ENTRIES: &str = "EFI/Linux";
/// The folder with what this program writes there beside them.
const NOTES: &str = "EFI/anya";

/// How a boot partition is mounted. Nothing on it is for anybody but root.
const OPTIONS: &str = "nosuid,nodev,noexec,umask=0077";
/// The same, for reading only.
const OPTIONS_TO_READ: &str = "ro,nosuid,nodev,noexec,umask=0077";

/// The mounted boot partitions.
pub(crate) struct Esp<'a> {
    first: Mounted<'a>,
    /// Those of the slots `[A, B]`, on a board that starts by `tryboot`.
    slots: Option<[Mounted<'a>; 2]>,
}

impl<'a> Esp<'a> {
    /// Mounts them, on a box where this slot runs.
    ///
    /// # Errors
    /// When one cannot be mounted.
    pub(crate) fn mount(runner: &'a dyn Runner, places: &Places, disk: &Disk, running: Slot) -> Result<Self> {
        let mount = |device: &Path, at, options| Mounted::mount(runner, device, at, options);
        let of_slot = |slot, device: &Path| {
            let options = if slot == running { OPTIONS_TO_READ } else { OPTIONS };
            mount(device, places.boot(slot), options)
        };
        let first = mount(&disk.esp, places.esp(), OPTIONS)?;
        let slots = match &disk.slots_boot {
            Some([a, b]) => Some([of_slot(Slot::A, a)?, of_slot(Slot::B, b)?]),
            None => None,
        };
        Ok(Self { first, slots })
    }

    /// Clears up what a power cut has left, once the file systems were checked. Returns the versions whose lost
    /// entries were put back.
    ///
    /// # Errors
    /// What could not be done.
    pub(crate) fn clear_up(&self, running: &System) -> Result<Vec<Version>> {
        let mut folders =
            vec![self.first.folder()?, self.notes().context("cannot open the folder of notes")?];
        match &self.slots {
            Some(slots) => folders.push(slots[running.slot.other() as usize].folder()?),
            None => folders.push(self.entries()?),
        }
        for folder in &mut folders {
            remove_salvaged(folder).context("cannot remove what the check of the boot partition left")?;
        }
        let cleared = match &self.slots {
            Some([a, b]) => {
                let mut tryboot = Tryboot::new(self.first.folder()?, [a.folder()?, b.folder()?]);
                tryboot.clear_up(running.slot).map(|()| Vec::new())
            }
            None => SystemdBoot::new(self.entries()?).clear_up(Some(&running.version)),
        };
        cleared.context("cannot clear up the boot loader's files")
    }

    /// The boot loader.
    ///
    /// # Errors
    /// Its files are not there.
    pub(crate) fn loader(&self) -> Result<Box<dyn BootLoader>> {
        let Some([a, b]) = &self.slots else { return Ok(Box::new(SystemdBoot::new(self.entries()?))) };
        Ok(Box::new(Tryboot::new(self.first.folder()?, [a.folder()?, b.folder()?])))
    }

    /// The folder with this program's files, made where it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn notes(&self) -> io::Result<BootPartition> {
        let folder = self.first.at.join(NOTES);
        fs::create_dir_all(&folder)?;
        BootPartition::open(folder)
    }

    /// The kernel image of the running system, to be read.
    ///
    /// # Errors
    /// The boot loader does not know it, or it cannot be opened.
    pub(crate) fn kernel_image(&self, running: &System) -> Result<File> {
        let path = match &self.slots {
            Some(slots) => slots[running.slot as usize].at.join(tryboot::KERNEL),
            None => self.first.at.join(ENTRIES).join(self.entry_of(running)?),
        };
        File::open(&path).with_context(|| format!("cannot open {}", path.display()))
    }

    /// The room for the kernel image of another version, bytes.
    ///
    /// # Errors
    /// It cannot be measured.
    pub(crate) fn room(&self, running: &System) -> Result<u64> {
        let room = match &self.slots {
            Some(slots) => slots[running.slot.other() as usize].folder()?.room_without(tryboot::is_kernel),
            None => self.entries()?.room(&running.version),
        };
        room.context("cannot measure the boot partition")
    }

    /// The folder with systemd-boot's entries.
    fn entries(&self) -> Result<BootPartition> {
        BootPartition::open(self.first.at.join(ENTRIES)).context("the boot partition has no entries")
    }

    fn entry_of(&self, system: &System) -> Result<String> {
        let names = self.entries()?.list().context("cannot list the boot loader's entries")?;
        let is_its =
            |name: &String| EntryName::parse(name).is_some_and(|entry| entry.version == system.version);
        names.into_iter().find(is_its).context("the boot loader has no entry of the running version")
    }
}

/// Frees the end of the folder of systemd-boot's entries, once the firmware has added the name that counts this start,
/// and nobody renames it back there any more ([`Fat::free_end`]).
///
/// # Errors
/// What could not be done.
pub(crate) fn free_end(disk: &Disk) -> Result<()> {
    if disk.slots_boot.is_some() {
        return Ok(());
    }
    let file = File::options().read(true).write(true).open(&disk.esp);
    let file = file.with_context(|| format!("cannot open {}", disk.esp.display()))?;
    let freed = Fat::open(&file).and_then(|fat| fat.free_end(ENTRIES));
    freed.context("cannot free the end of the folder of the boot loader's entries")
}

/// A boot partition, mounted until it is dropped.
struct Mounted<'a> {
    runner: &'a dyn Runner,
    at: PathBuf,
}

impl<'a> Mounted<'a> {
    fn mount(runner: &'a dyn Runner, device: &Path, at: PathBuf, options: &'static str) -> Result<Self> {
        fs::create_dir_all(&at).with_context(|| format!("cannot make {}", at.display()))?;
        let mount = Mount::FileSystem { kind: "vfat", options, device: device.to_owned(), at: at.clone() };
        runner.mount(&mount).context("cannot mount the boot partition")?;
        Ok(Self { runner, at })
    }

    fn folder(&self) -> Result<BootPartition> {
        BootPartition::open(&self.at).with_context(|| format!("cannot open {}", self.at.display()))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.runner.unmount(&self.at) {
            note(&format!("{error:#}"));
        }
    }
}
