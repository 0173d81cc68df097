//! The partitions of the slot that is written, opened.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use nix::libc::{O_EXCL, O_NOFOLLOW};

use crate::keeper::Machine;

/// The partitions of the slot that does not run, to be read and written.
pub(super) struct SlotFiles {
    pub(super) root: File,
    pub(super) verity: File,
}

impl SlotFiles {
    /// Opens them. That they are not the running ones was decided by the root hash and by what the running
    /// root is made of; the kernel has the last word: it opens no device exclusively that is in use (open(2),
    /// `O_EXCL` without `O_CREAT`).
    ///
    /// # Errors
    /// When they cannot be opened, also because they are in use.
    pub(super) fn open(machine: &Machine) -> Result<Self> {
        let slot = machine.other();
        Ok(Self { root: open(&slot.root.device)?, verity: open(&slot.verity.device)? })
    }
}

fn open(device: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(O_EXCL | O_NOFOLLOW);
    options.open(device).with_context(|| format!("cannot open {} to be written", device.display()))
}
