//! Where everything lies.

use std::path::{Path, PathBuf};

/// The name of the opened volume below `/dev/mapper`.
pub(crate) const VOLUME: &str = "data";

/// The label of the data partition.
pub(crate) const PARTITION: &str = "data";

/// The user of the service.
pub(crate) const SERVICE_USER: &str = "anya";

/// The definitions of the partitions.
pub(crate) const DEFINITIONS: &str = "/usr/lib/anya/repart.d";

/// Set by the boot stub when it measured the image into a TPM (systemd-stub(7)).
const MEASURED: &str = "sys/firmware/efi/efivars/StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

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

    /// What udev knows of a device; `number` is `major:minor`.
    pub(crate) fn known_to_udev(&self, number: &str) -> PathBuf {
        self.root.join("run/udev/data").join(format!("b{number}"))
    }

    pub(crate) fn tpm(&self) -> PathBuf {
        self.root.join("sys/class/tpm/tpm0")
    }

    pub(crate) fn measured(&self) -> PathBuf {
        self.root.join(MEASURED)
    }

    /// The opened volume.
    pub(crate) fn mapped(&self) -> PathBuf {
        self.root.join("dev/mapper").join(VOLUME)
    }

    /// Where the volume is mounted.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn mounts(&self) -> PathBuf {
        self.root.join("proc/self/mountinfo")
    }

    /// The machine's identity, kept on the data partition.
    pub(crate) fn kept_machine_id(&self) -> PathBuf {
        self.root.join("data/system/machine-id")
    }

    pub(crate) fn machine_id(&self) -> PathBuf {
        self.root.join("etc/machine-id")
    }

    /// The last known time, kept on the data partition.
    pub(crate) fn kept_time(&self) -> PathBuf {
        self.root.join("data/system/timesync")
    }

    pub(crate) fn time(&self) -> PathBuf {
        self.root.join("var/lib/systemd/timesync")
    }

    /// The folders in which the journal of this boot lies, one for each machine id.
    pub(crate) fn journals(&self) -> PathBuf {
        self.root.join("run/log/journal")
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run/anya-data")
    }
}
