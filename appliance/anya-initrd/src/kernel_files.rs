//! The file systems through which the kernel tells and takes orders. The root's systemd takes them over as they are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount as mount_file_system};

/// Kind, place and options.
const MOUNTS: [(&str, &str, MsFlags, &str); 4] = [
    ("devtmpfs", "/dev", MsFlags::MS_NOSUID, "mode=755"),
    ("proc", "/proc", NOTHING_RUNS, ""),
    ("sysfs", "/sys", NOTHING_RUNS, ""),
    ("tmpfs", "/run", MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV), "mode=755"),
];
const NOTHING_RUNS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);

/// Mounts them.
///
/// # Errors
/// The kernel's.
pub(crate) fn mount() -> Result<()> {
    for (kind, at, flags, options) in MOUNTS {
        fs::create_dir_all(at).with_context(|| format!("cannot make {at}"))?;
        mount_file_system(Some(kind), at, Some(kind), flags, Some(options))
            .with_context(|| format!("cannot mount {at}"))?;
    }
    Ok(())
}

/// The firmware's variables; a machine without UEFI has none.
pub(crate) const EFI_VARIABLES: &str = "/sys/firmware/efi/efivars";

/// Mounts the firmware's variables. The kernel loads the module for it by itself.
pub(crate) fn mount_efi_variables() {
    if Path::new(EFI_VARIABLES).is_dir() {
        // What depends on them finds out by itself that they are missing.
        let _ =
            mount_file_system(Some("efivarfs"), EFI_VARIABLES, Some("efivarfs"), NOTHING_RUNS, None::<&str>);
    }
}
