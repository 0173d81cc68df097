//! The boot partition, mounted while it is needed, for this process alone.
//!
//! Limits: systemd-boot's entries only. A board that starts by `tryboot` needs more partitions than the image
//! makes so far.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ota_client::boot_folder::BootPartition;
use ota_core::slots::entry::EntryName;
use ota_core::slots::{BootFolder, SystemdBoot};
use ota_core::version::Version;
use root_side::program::Runner;

use crate::places::Places;
use crate::{commands, note};

/// The folder with the boot loader's entries.
const ENTRIES: &str = "EFI/Linux";
/// The folder with what this program writes there beside them.
const NOTES: &str = "EFI/anya";

/// The mounted boot partition.
pub(crate) struct Esp<'a> {
    runner: &'a dyn Runner,
    at: PathBuf,
}

impl<'a> Esp<'a> {
    /// Mounts it.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub(crate) fn mount(runner: &'a dyn Runner, places: &Places, device: &Path) -> Result<Self> {
        let at = places.esp();
        fs::create_dir_all(&at).with_context(|| format!("cannot make {}", at.display()))?;
        runner.must(&commands::mount(device, &at)).context("cannot mount the boot partition")?;
        Ok(Self { runner, at })
    }

    /// The folder with the entries.
    ///
    /// # Errors
    /// It is not there.
    pub(crate) fn entries(&self) -> Result<BootPartition> {
        BootPartition::open(self.at.join(ENTRIES)).context("the boot partition has no entries")
    }

    /// The folder that all others lie in.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn root(&self) -> io::Result<BootPartition> {
        BootPartition::open(&self.at)
    }

    /// The boot loader.
    ///
    /// # Errors
    /// As [`Self::entries`].
    pub(crate) fn loader(&self) -> Result<SystemdBoot<BootPartition>> {
        Ok(SystemdBoot::new(self.entries()?))
    }

    /// The folder with this program's files, made where it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn notes(&self) -> io::Result<BootPartition> {
        let folder = self.at.join(NOTES);
        fs::create_dir_all(&folder)?;
        BootPartition::open(folder)
    }

    /// The kernel image of a version, to be read.
    ///
    /// # Errors
    /// It has no entry, or cannot be opened.
    pub(crate) fn kernel_image(&self, version: &Version) -> Result<File> {
        let names = self.entries()?.list().context("cannot list the boot loader's entries")?;
        let is_its = |name: &&String| EntryName::parse(name).is_some_and(|entry| entry.version == *version);
        let name =
            names.iter().find(is_its).context("the boot loader has no entry of the running version")?;
        File::open(self.at.join(ENTRIES).join(name)).with_context(|| format!("cannot open {name}"))
    }
}

impl Drop for Esp<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.runner.must(&commands::unmount(&self.at)) {
            note(&format!("{error:#}"));
        }
    }
}
