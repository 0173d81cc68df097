//! The note on the boot partition that a version is on trial: which, and from which version it was installed.
//!
//! It lies on the partition that the firmware reads first, so that it is there whatever slot runs, also while the data
//! partition is closed. It is written before the version's entry appears, and goes when the version was marked
//! good, or when another version has dealt with it.

use std::io;

use anyhow::{Context, Result};
use ota_core::slots::BootFolder;
use ota_core::version::Version;
use serde::{Deserialize, Serialize};

use crate::esp::Esp;
use crate::note;

const FILE: &str = "trial.json";
const PART: &str = "trial.part";
/// The longest that is read, bytes: a version or two, and some sentences.
const LONGEST: usize = 16 << 10;
/// The longest reason, letters.
const LONGEST_REASON: usize = 2000;

/// A version on trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub(crate) version: Version,
    /// The version that installed it.
    pub(crate) from: Version,
    /// Why it gave way, once it did.
    pub(crate) reason: Option<String>,
}

impl Trial {
    /// The note; `None` when there is none. One that cannot be read is none either: it is removed.
    ///
    /// # Errors
    /// The boot partition.
    pub(crate) fn read(esp: &Esp<'_>) -> Result<Option<Self>> {
        let folder = esp.notes().context("cannot look for an update on trial")?;
        match folder.read(FILE, LONGEST) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(trial) => Ok(Some(trial)),
                Err(error) => {
                    note(&format!("the note of an update on trial is damaged, and goes: {error}"));
                    Self::remove(esp)?;
                    Ok(None)
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("cannot read which update is on trial"),
        }
    }

    /// Writes it, in the place of any other.
    ///
    /// # Errors
    /// The boot partition.
    pub(crate) fn write(&self, esp: &Esp<'_>) -> Result<()> {
        let mut note = self.clone();
        note.reason = self.reason.as_ref().map(|reason| reason.chars().take(LONGEST_REASON).collect());
        let write = || -> io::Result<()> {
            let mut folder = esp.notes()?;
            folder.write(PART, &mut serde_json::to_vec(&note)?.as_slice())?;
            folder.sync()?;
            folder.rename(PART, FILE)?;
            folder.sync()
        };
        write().context("cannot note that an update is on trial")
    }

    /// After a check of the file system: what was being written goes, unless the check has left the note its first name.
    ///
    /// # Errors
    /// The boot partition.
    pub(crate) fn clear_up(esp: &Esp<'_>) -> Result<()> {
        let clear_up = || -> io::Result<()> {
            let mut folder = esp.notes()?;
            let names = folder.list()?;
            let is_there = |name| names.iter().any(|other| other == name);
            if !is_there(PART) {
                return Ok(());
            }
            if is_there(FILE) && folder.size(FILE)? == 0 && folder.size(PART)? > 0 {
                folder.rename(PART, FILE)?;
            } else {
                folder.remove(PART)?;
            }
            folder.sync()
        };
        clear_up().context("cannot remove what is left of a note of an update on trial")
    }

    /// Removes it, if there is one.
    ///
    /// # Errors
    /// The boot partition.
    pub(crate) fn remove(esp: &Esp<'_>) -> Result<()> {
        let remove = || -> io::Result<()> {
            let mut folder = esp.notes()?;
            if folder.list()?.iter().any(|name| name == FILE) {
                folder.remove(FILE)?;
                folder.sync()?;
            }
            Ok(())
        };
        remove().context("cannot remove the note of an update on trial")
    }
}
