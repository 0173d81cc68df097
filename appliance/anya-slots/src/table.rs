//! The partition table as it stands on the box's disk.
//!
//! It is read from the disk itself, not from what the kernel and udev know: they are not told of the changes
//! that this program makes while the disk is in use.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ota_client::gpt::{self, BlockDevice, Change, Partition};

/// The table of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    device: PathBuf,
    /// The length of the disk's sectors, bytes.
    sector: usize,
}

impl Table {
    /// The table of the disk that `/sys` tells of at this place.
    pub(crate) fn of(disk: &Path, device: PathBuf) -> Self {
        let sector = fs::read_to_string(disk.join("queue/logical_block_size")).unwrap_or_default();
        Self { device, sector: sector.trim().parse().unwrap_or(512) }
    }

    /// The partitions, by their numbers.
    ///
    /// # Errors
    /// The disk cannot be read, or has no table that is whole.
    pub(crate) fn partitions(&self) -> Result<Vec<Partition>> {
        Ok(gpt::partitions(&self.open(false)?)?)
    }

    /// Changes partitions, down to the medium. The kernel is not told: the disk is in use, and it would only refuse.
    ///
    /// # Errors
    /// As [`gpt::change`].
    pub(crate) fn change(&self, changes: &[Change]) -> Result<()> {
        Ok(gpt::change(&mut self.open(true)?, changes)?)
    }

    fn open(&self, write: bool) -> Result<BlockDevice> {
        let told = || format!("cannot open {}", self.device.display());
        let file = OpenOptions::new().read(true).write(write).open(&self.device).with_context(told)?;
        BlockDevice::new(file, self.sector).with_context(told)
    }
}
