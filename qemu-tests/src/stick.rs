//! A stick that is plugged into a running machine, and pulled out of it.
//!
//! It is a disk on virtio, as the kernel of the emulated board knows no USB storage; what the box makes of it is the
//! same. It carries one FAT file system and no partition table.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::arguments::SOCKET;
use crate::disk::Disk;
use crate::lab::{Lab, run};
use crate::machine::Machine;

/// The file in the machine's folder.
const FILE: &str = "stick.raw";
/// What QEMU calls the device, its drive, and what makes it slow.
const STICK: &str = "stick";
const SLOW: &str = "slow";

/// How long a guest takes at most to let go of a device.
const LETS_GO: Duration = Duration::from_secs(60);

/// What was made for one machine.
#[derive(Debug)]
pub struct Stick {
    file: PathBuf,
}

impl Stick {
    /// A stick with copies of these files, for the machine with this disk.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(lab: &Lab, disk: &Disk, files: &[&Path]) -> Result<Self> {
        let file = disk.folder().join(FILE);
        let mut bytes = 0;
        for file in files {
            bytes += file.metadata().with_context(|| file.display().to_string())?.len();
        }
        // FAT32 has at least 65525 clusters; and room for its tables.
        let kib = (bytes >> 10) + (128 << 10);
        if file.exists() {
            std::fs::remove_file(&file)?;
        }
        let mut format = lab.command("mkfs.vfat");
        run(format.args(["-F", "32", "-C"]).arg(&file).arg(kib.to_string()), "mkfs.vfat")?;
        let mut copy = lab.command("mcopy");
        run(copy.arg("-i").arg(&file).args(files).arg("::/"), "mcopy")?;
        Ok(Self { file })
    }
}

impl Machine {
    /// Plugs it in; with a limit, it gives at most so many bytes per second. The machine needs
    /// [`crate::machine::Setup::socket`].
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn plug_in(&mut self, stick: &Stick, limit: Option<u64>) -> Result<()> {
        let raw = json!({"driver": "raw", "file": {"driver": "file", "filename": &stick.file}});
        let mut node = raw.clone();
        if let Some(limit) = limit {
            let limits = json!({"bps-total": limit});
            let group = json!({"qom-type": "throttle-group", "id": SLOW, "limits": limits});
            self.qmp().execute("object-add", &group)?;
            node = json!({"driver": "throttle", "throttle-group": SLOW, "file": raw});
        }
        (node["node-name"], node["read-only"]) = (json!(STICK), json!(true));
        self.qmp().execute("blockdev-add", &node)?;
        let device = json!({"driver": "virtio-blk-pci", "id": STICK, "drive": STICK, "bus": SOCKET});
        self.qmp().execute("device_add", &device).map(drop)
    }

    /// Pulls it out. The guest is told, as it is of a stick that is gone.
    ///
    /// # Errors
    /// When the guest does not let go of it.
    pub fn pull_out(&mut self) -> Result<()> {
        self.qmp().execute("device_del", &json!({"id": STICK}))?;
        let deadline = Instant::now() + LETS_GO;
        // The drive is free once the device is gone.
        while let Err(error) = self.qmp().execute("blockdev-del", &json!({"node-name": STICK})) {
            if Instant::now() > deadline {
                bail!("the guest holds the stick: {error}; {}", self.serial().told());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        // Where there was no limit, there is nothing to forget.
        let _ = self.qmp().execute("object-del", &json!({"id": SLOW}));
        Ok(())
    }
}
