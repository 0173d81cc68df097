//! Where everything lies.

use std::path::{Path, PathBuf};

use ota_core::slots::Slot;

/// The variable that tells whether the firmware enforces Secure Boot (UEFI 2.10, 3.3).
const SECURE_BOOT: &str = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// The variable with the certificates that the firmware lets sign what it starts (UEFI 2.10, 32.4).
const SIGNATURES: &str = "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f";

/// The paths of one machine; a test's lie below a folder of its own.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    root: PathBuf,
}

impl Places {
    pub(crate) fn under(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn dev(&self) -> PathBuf {
        self.root.join("dev")
    }

    /// What the kernel was started with.
    pub(crate) fn command_line(&self) -> PathBuf {
        self.root.join("proc/cmdline")
    }

    /// What the image says of itself.
    pub(crate) fn os_release(&self) -> PathBuf {
        self.root.join("usr/lib/os-release")
    }

    /// When the image was built: the time of this file.
    pub(crate) fn clock_epoch(&self) -> PathBuf {
        self.root.join("usr/lib/clock-epoch")
    }

    /// What the image has for this program and the service.
    pub(crate) fn image(&self) -> PathBuf {
        self.root.join("usr/lib/anya")
    }

    /// Is there once the clock was set from the network.
    pub(crate) fn synchronised(&self) -> PathBuf {
        self.root.join("run/systemd/timesync/synchronized")
    }

    pub(crate) fn secure_boot(&self) -> PathBuf {
        self.root.join("sys/firmware/efi/efivars").join(SECURE_BOOT)
    }

    pub(crate) fn trusted_by_firmware(&self) -> PathBuf {
        self.root.join("sys/firmware/efi/efivars").join(SIGNATURES)
    }

    /// Root's part of the data partition; is there while that is open.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data/system")
    }

    /// What this program remembers.
    pub(crate) fn remembered(&self) -> PathBuf {
        self.data().join("updates")
    }

    /// What this program found out since the start.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run/anya-slots")
    }

    /// Where the boot partition is mounted, for this process alone.
    pub(crate) fn esp(&self) -> PathBuf {
        self.run().join("esp")
    }

    /// Where a slot's own boot partition is mounted, on a board that starts by `tryboot`.
    pub(crate) fn boot(&self, slot: Slot) -> PathBuf {
        self.run().join(match slot {
            Slot::A => "boot-a",
            Slot::B => "boot-b",
        })
    }
}
