//! The kernel image that the service assembled, taken out of its hands.
//!
//! It is copied into a file of root's own before anything is looked at, so that what is checked is what is
//! installed; the service could change its own file in between.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ota_client::readback;
use ota_core::manifest::Manifest;
use ota_core::trust::Refusal;

use crate::failure::Failure;
use crate::places::Places;
use crate::run_files::private;

/// A copy of the kernel image, which has the content that was signed.
pub(super) struct KernelCopy {
    pub(super) file: File,
    path: PathBuf,
}

impl KernelCopy {
    /// Copies a kernel image.
    ///
    /// # Errors
    /// Refused when it is not the one that the manifest promises.
    pub(super) fn take(places: &Places, from: OwnedFd, manifest: &Manifest) -> Result<Self, Failure> {
        let other = || Failure::from(Refusal::OtherContent { what: "The kernel image".to_owned() });
        let (from, promised) = (File::from(from), &manifest.uki.image);
        let metadata = from.metadata().context("cannot look at the kernel image")?;
        // Of anything but a file, reading could take for ever.
        if !metadata.is_file() || metadata.len() != promised.size {
            return Err(other());
        }
        let path = places.run().join("kernel.efi");
        let file = private().truncate(true).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        let copy = Self { file, path };
        copy_bytes(&from, &copy.file, promised.size).context("cannot copy the kernel image")?;
        let content = readback::content(&copy.file, promised.size).context("cannot read the kernel image")?;
        if content == *promised { Ok(copy) } else { Err(other()) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Copies so many bytes from the beginning, wherever the descriptor stands.
fn copy_bytes(from: &File, mut to: &File, size: u64) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < size {
        let most = usize::try_from(size - at).map_or(buffer.len(), |left| left.min(buffer.len()));
        let length = from.read_at(&mut buffer[..most], at)?;
        if length == 0 {
            break;
        }
        to.write_all(&buffer[..length])?;
        at += length as u64;
    }
    Ok(())
}

impl Drop for KernelCopy {
    fn drop(&mut self) {
        // It lies in memory; the next installation would overwrite it.
        let _ = fs::remove_file(&self.path);
    }
}
