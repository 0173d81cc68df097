//! Counts this start on a board whose firmware does not: the Raspberry Pi ([`ota_core::slots::tryboot`]).
//!
//! The firmware tells in the device tree which boot partition it started from; other machines have no such word. What
//! is counted lies on the first partition of the root's disk. A start that cannot be counted goes on all the same.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::libc;
use nix::mount::{MsFlags, mount as mount_file_system, umount};
use ota_boot::boot_folder::BootPartition;
use ota_core::slots::tryboot::{self, Counted};
use root_side::block;

use crate::console::{Level, say};
use crate::partitions::Slot;

/// The number of the partition (Raspberry Pi documentation, "Device trees": `/chosen/bootloader`).
const STARTED_FROM: &str = "proc/device-tree/chosen/bootloader/partition";
/// Where a boot partition is mounted while it is looked at.
const MOUNT_POINT: &str = "/run/anya-initrd";

/// Counts the start of a slot, where the firmware leaves that to this program. Whether the start goes on.
pub(crate) fn count(root: &Path, slot: &Slot) -> Counted {
    let Some(started) = started(root) else { return Counted::GoesOn };
    count_start(root, slot, started).unwrap_or_else(|error| {
        say(Level::Error, &format!("this start is not counted: {error:#}"));
        Counted::GoesOn
    })
}

/// The slot that the firmware started.
fn started(root: &Path) -> Option<ota_core::slots::Slot> {
    let told = fs::read(root.join(STARTED_FROM)).ok()?;
    tryboot::slot_of(u32::from_be_bytes(told.try_into().ok()?))
}

fn count_start(root: &Path, slot: &Slot, started: ota_core::slots::Slot) -> Result<Counted> {
    let disk = disk_of(root, slot).context("the root's disk was not found")?;
    let device =
        |number| device(root, &disk, number).with_context(|| format!("there is no partition {number}"));
    let other = device(tryboot::partition(started.other()))?;
    let first = Mounted::mount(&device(tryboot::FIRST)?, "first", MsFlags::empty())?;
    // Whatever keeps it from being looked at would keep the firmware from starting it.
    let other_starts = || -> Result<bool> {
        let other = Mounted::mount(&other, "other", MsFlags::MS_RDONLY)?;
        Ok(tryboot::has_kernel(&other.folder()?)?)
    };
    tryboot::count_start(&mut first.folder()?, started, || other_starts().unwrap_or(false))
        .context("the boot partition cannot be written")
}

/// The disk with the root, where `/sys` tells of it.
fn disk_of(root: &Path, slot: &Slot) -> Option<PathBuf> {
    let has_root = |disk: &PathBuf| {
        block::partitions(disk).any(|at| block::device(root, &at).as_ref() == Some(&slot.root))
    };
    block::disks(root).find(has_root)
}

fn device(root: &Path, disk: &Path, number: u32) -> Option<PathBuf> {
    let at = block::partitions(disk).find(|at| block::number(at) == Some(number))?;
    block::device(root, &at)
}

/// A boot partition, mounted until it is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn mount(device: &Path, name: &str, flags: MsFlags) -> Result<Self> {
        let at = Path::new(MOUNT_POINT).join(name);
        fs::create_dir_all(&at).with_context(|| format!("cannot make {}", at.display()))?;
        let flags = flags | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount_file_system(Some(device), &at, Some("vfat"), flags, Some("umask=0077"))
            .with_context(|| format!("{} cannot be mounted", device.display()))?;
        Ok(Self(at))
    }

    fn folder(&self) -> io::Result<BootPartition> {
        BootPartition::open(&self.0)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(error) = umount(&self.0) {
            say(Level::Error, &format!("{} stays mounted: {error}", self.0.display()));
        }
    }
}

/// Starts the box again, and the other slot in it (reboot(2), `LINUX_REBOOT_CMD_RESTART2`).
///
/// # Errors
/// The kernel's.
#[expect(unsafe_code, reason = "reboot(2) with an argument, which no library offers")]
pub(crate) fn restart() -> Result<Infallible> {
    nix::unistd::sync();
    // SAFETY: the argument is a text that ends with a zero, and outlives the call.
    unsafe {
        libc::syscall(
            libc::SYS_reboot,
            libc::LINUX_REBOOT_MAGIC1,
            libc::LINUX_REBOOT_MAGIC2,
            libc::LINUX_REBOOT_CMD_RESTART2,
            c"0 tryboot".as_ptr(),
        );
    }
    Err(io::Error::last_os_error()).context("the box cannot be restarted into the other slot")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: PathBuf, content: impl AsRef<[u8]>) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn the_firmware_tells_which_slot_it_started() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(started(root.path()), None, "a machine without such firmware");
        for (told, slot) in [
            (&[0, 0, 0, 2][..], Some(ota_core::slots::Slot::A)),
            (&[0, 0, 0, 3], Some(ota_core::slots::Slot::B)),
            (&[0, 0, 0, 1], None),
            (&[3], None),
        ] {
            put(root.path().join(STARTED_FROM), told);
            assert_eq!(started(root.path()), slot, "{told:?}");
        }
    }

    #[test]
    fn its_partitions_are_those_of_the_disk_with_the_root() {
        let root = tempfile::tempdir().unwrap();
        for (disk, part) in [("mmcblk0", "mmcblk0p1"), ("sda", "sda1"), ("sda", "sda2"), ("sda", "sda4")] {
            let at = root.path().join("sys/class/block").join(disk).join(part);
            put(at.join("partition"), part.trim_start_matches("mmcblk0p").trim_start_matches("sda"));
            put(at.join("uevent"), format!("DEVNAME={part}\n"));
        }
        let dev = |name: &str| root.path().join("dev").join(name);
        let slot = Slot { root: dev("sda4"), verity: dev("sda5") };
        let disk = disk_of(root.path(), &slot).unwrap();
        assert_eq!(device(root.path(), &disk, 1), Some(dev("sda1")));
        assert_eq!(device(root.path(), &disk, 3), None);
        let nowhere = Slot { root: dev("sdb4"), verity: dev("sdb5") };
        assert_eq!(disk_of(root.path(), &nowhere), None);
    }
}
