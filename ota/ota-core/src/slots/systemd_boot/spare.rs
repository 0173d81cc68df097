//! The spare: a second copy of the kernel image of the version that was good last.
//!
//! It makes up for an entry that a torn rename has lost. There is one at most, and as long as a version is the only one
//! with an entry it is of that one; it changes hands while both versions have an entry. A spare whose version has no
//! entry means that the entry got lost.
//!
//! One that is there is known by its name and size, so that a start costs no more than a look: it was read back when it
//! was written, and a check after a cut that found it damaged has cut it off. Reading it every time would take longer
//! than all the rest of the gate, to find what a disk reports by itself.

use super::super::entry::{EntryName, IMAGE_ID};
use super::super::loader::LoaderError;
use super::{BootFolder, SystemdBoot};
use crate::slots::System;
use crate::version::Version;

impl<F: BootFolder> SystemdBoot<F> {
    /// Puts back the entries that got lost, with all their tries. Returns their versions.
    ///
    /// # Errors
    /// The folder; also when there is no room.
    pub fn put_back(&mut self) -> Result<Vec<Version>, LoaderError> {
        let mut versions = Vec::new();
        for version in self.files()?.iter().filter_map(|file| EntryName::spare_of(file)) {
            let spare = EntryName::spare(&version);
            if self.has_entry(&version)? || self.size(&spare)? == 0 {
                continue;
            }
            self.copy(&version, &spare, &EntryName::fresh(&version).to_string())?;
            versions.push(version);
        }
        Ok(versions)
    }

    /// The spare is of this system. What is lost is put back before, as the old spare goes.
    pub(super) fn make_spare(&mut self, running: &System) -> Result<(), LoaderError> {
        self.put_back()?;
        let version = &running.version;
        let (entry, spare) =
            (self.entries_of(running)?.swap_remove(0).to_string(), EntryName::spare(version));
        let is_there = self.files()?.contains(&spare) && self.size(&spare)? == self.size(&entry)?;
        let is_old =
            |file: &str| EntryName::spare_of(file).is_some() && !(is_there && file == spare.as_str());
        self.discard(self.files_that(is_old)?)?;
        if is_there { Ok(()) } else { self.copy(version, &entry, &spare) }
    }

    pub(super) fn has_entry(&self, version: &Version) -> Result<bool, LoaderError> {
        Ok(self.entries()?.iter().any(|entry| entry.version == *version))
    }

    /// A version's kernel image gets a copy of this name, which appears when all of it is on the medium.
    fn copy(&mut self, version: &Version, from: &str, to: &str) -> Result<(), LoaderError> {
        self.clear_parts()?;
        let part = EntryName::part(version);
        let written = match self.folder.copy(from, &part) {
            Ok(true) => self.sync(),
            Ok(false) => Err(LoaderError::OtherKernel),
            Err(source) => Err(LoaderError::Write { name: part.clone(), source }),
        };
        if let Err(error) = written {
            // If it cannot be removed now, it goes before anything else is written.
            let _ = self.clear_parts();
            return Err(error);
        }
        self.rename_file(&part, to)?;
        self.sync()
    }

    /// Removes files that the loader may start or that may be put back.
    pub(super) fn discard(&mut self, files: Vec<String>) -> Result<(), LoaderError> {
        if files.is_empty() {
            return Ok(());
        }
        self.clear_parts()?;
        self.sync()?;
        for (number, file) in files.iter().enumerate() {
            self.rename_file(file, &format!("{IMAGE_ID}_discarded-{number}.part"))?;
            self.sync()?;
        }
        self.clear_parts()
    }

    /// Removes what is not whole, before anything is written beside it.
    pub(super) fn clear_parts(&mut self) -> Result<(), LoaderError> {
        let parts = self.files_that(EntryName::is_part)?;
        for part in &parts {
            self.remove(part)?;
        }
        if parts.is_empty() { Ok(()) } else { self.sync() }
    }
}

#[cfg(test)]
mod tests;
