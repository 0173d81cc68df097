//! The boot partition that this system was started from.
//!
//! The boot loader tells which one that is, in a variable of the firmware (systemd.io/BOOT_LOADER_INTERFACE,
//! `LoaderDevicePartUUID`): a second disk with a boot partition of its own is not touched. A loader that does not
//! tell leaves the label.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount as mount_file_system, umount};
use ota_boot::fsck::{self, Found};

/// What the loader tells.
const TOLD: &str = "sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// Where udev says which device has which id.
const BY_ID: &str = "dev/disk/by-partuuid";
/// What the image calls it.
const BY_LABEL: &str = "dev/disk/by-partlabel/esp";
/// How long a disk may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where it is mounted.
const MOUNT_POINT: &str = "run/anya-rescue/esp";
/// The folder with the loader's entries.
const ENTRIES: &str = "EFI/Linux";

/// The boot partition, mounted until it is dropped.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// The folder that all others lie in.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// The folder with the boot loader's entries.
    pub(crate) fn entries(&self) -> PathBuf {
        self.0.join(ENTRIES)
    }
}

impl Drop for Mounted {
    #[expect(clippy::print_stderr, reason = "the journal, for who looks why")]
    fn drop(&mut self) {
        // What was renamed was synced before; the restart does the rest.
        if let Err(error) = umount(&self.0) {
            eprintln!("anya-rescue: {} stays mounted: {error}", self.0.display());
        }
    }
}

/// Waits for it, and tells its device.
pub(crate) fn find(root: &Path) -> Result<PathBuf> {
    let device = root.join(device(fs::read(root.join(TOLD)).ok().as_deref()));
    let late = Instant::now() + PATIENCE;
    while !device.exists() {
        ensure!(Instant::now() < late, "the boot partition ({}) does not show up", device.display());
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(device)
}

/// Checks it, and repairs what a power cut has left in it, before it is mounted. Whether that was done.
#[expect(clippy::print_stderr, reason = "the journal, for who looks why")]
pub(crate) fn check(device: &Path) -> bool {
    match Command::new(fsck::PROGRAM).arg(fsck::REPAIR).arg(device).status() {
        Ok(status) if status.code().and_then(Found::of_status).is_some() => return true,
        Ok(status) => eprintln!("anya-rescue: {} is not checked: {status}", device.display()),
        Err(error) => eprintln!("anya-rescue: {} is not checked: {error}", device.display()),
    }
    false
}

/// Mounts it.
pub(crate) fn mount(root: &Path, device: &Path) -> Result<Mounted> {
    let to = root.join(MOUNT_POINT);
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_file_system(Some(device), &to, Some("vfat"), flags, Some("umask=0077"))
        .with_context(|| format!("the boot partition ({}) cannot be mounted", device.display()))?;
    Ok(Mounted(to))
}

/// The device, from the root on. `told`: four bytes of attributes, then UTF-16 (efivarfs).
fn device(told: Option<&[u8]>) -> PathBuf {
    let id = told.and_then(|bytes| bytes.get(4..)).map(|bytes| {
        let units: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units).trim_end_matches('\0').to_lowercase()
    });
    let plain =
        |id: &String| id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match id.filter(plain) {
        Some(id) => Path::new(BY_ID).join(id),
        None => PathBuf::from(BY_LABEL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        [6, 0, 0, 0].into_iter().chain(units).collect()
    }

    #[test]
    fn the_loader_tells_which_partition_it_came_from_and_the_label_serves_where_it_does_not() {
        let id = "B0CA03B3-83C5-47BA-9CE4-2909FF4CCF46";
        assert_eq!(
            device(Some(&variable(id))),
            Path::new("dev/disk/by-partuuid/b0ca03b3-83c5-47ba-9ce4-2909ff4ccf46")
        );
        for none in [None, Some(&b""[..]), Some(&variable("../../sda")), Some(&variable(""))] {
            assert_eq!(device(none), Path::new("dev/disk/by-partlabel/esp"));
        }
    }
}
