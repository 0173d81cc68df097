//! Who drives a machine's disk: the firmware, nobody, or the box; and a disk that answers nobody.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::arguments;
use crate::machine::{BOOT, Machine};
use crate::qmp::Qmp;

impl Machine {
    /// Whether somebody in the guest drives the disk: the firmware, or the box once it has loaded its driver. Until then
    /// no stall is the box's.
    ///
    /// # Errors
    /// When QEMU does not tell.
    pub fn is_disk_driven(&mut self) -> Result<bool> {
        is_driven(self.qmp())
    }

    /// Once the firmware lets go of the disk after reading the kernel image, of so many bytes, the disk answers to
    /// nothing any more: it is there, and whoever asks it waits. Begins anew when the start stalls (`stall.rs`) before the
    /// box has loaded its driver. Gives how many starts that took, which is 1 without a stall.
    ///
    /// # Errors
    /// When the box does not come so far within [`BOOT`], or QEMU refuses it.
    pub fn silence_disk(&mut self, kernel_image: u64) -> Result<u32> {
        let deadline = Instant::now() + BOOT;
        let mut starts = 1;
        loop {
            let (stalls, before) = (self.stalls(), self.bytes_read()?);
            self.wait("the kernel image is read", deadline, |it| {
                Ok(it.bytes_read()? - before >= kernel_image)
            })?;
            self.wait("the firmware lets go of the disk", deadline, |it| Ok(!it.is_disk_driven()?))?;
            // Bytes in a second; nothing at all cannot be said, as 0 is no limit.
            self.limit_disk(1)?;
            self.wait("the box drives the disk", deadline, |it| {
                Ok(it.stalls() > stalls || it.is_disk_driven()?)
            })?;
            if self.stalls() == stalls {
                return Ok(starts);
            }
            starts += 1;
            // At once: what the firmware asks of a silent disk stays unanswered for long, whatever is set by then.
            self.limit_disk(0)?;
        }
    }

    fn limit_disk(&mut self, bytes: u64) -> Result<()> {
        let path = format!("/objects/{}", arguments::SILENCER);
        let limits = json!({"path": path, "property": "limits", "value": {"bps-total": bytes}});
        self.qmp().execute("qom-set", &limits)?;
        Ok(())
    }

    /// How much the guest has read from its disk since the machine was switched on, in bytes.
    fn bytes_read(&mut self) -> Result<u64> {
        let disks = self.qmp().execute("query-blockstats", &json!({}))?;
        let disks = disks.as_array().map(Vec::as_slice).unwrap_or_default();
        let disks = disks.iter().filter(|disk| disk["qdev"].as_str().is_some_and(|at| !at.is_empty()));
        Ok(disks.filter_map(|disk| disk["stats"]["rd_bytes"].as_u64()).sum())
    }

    fn wait(
        &mut self,
        what: &str,
        deadline: Instant,
        mut there: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        while !there(self)? {
            if Instant::now() > deadline {
                bail!("in vain until {what}; {}", self.serial().told());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// Whether somebody in the guest has the disk under control (virtio 1.2, 2.1). The firmware lets go of it when the
/// kernel starts.
///
/// # Errors
/// When QEMU does not tell.
pub(crate) fn is_driven(qmp: &mut Qmp) -> Result<bool> {
    let devices = qmp.execute("x-query-virtio", &json!({}))?;
    let disk = devices.as_array().and_then(|all| all.iter().find(|device| device["name"] == "virtio-blk"));
    let disk = json!({"path": disk.context("a machine has a disk")?["path"]});
    let status = qmp.execute("x-query-virtio-status", &disk)?;
    let bits = status["status"]["statuses"].as_array().context("a device has a status")?;
    Ok(bits.iter().any(|bit| bit.as_str().is_some_and(|bit| bit.starts_with("VIRTIO_CONFIG_S_DRIVER"))))
}
