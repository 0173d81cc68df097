//! systemd-boot's counted entries (UEFI).
//!
//! All there is to it are the names of files in `EFI/Linux` ([`super::entry`]); the loader itself counts
//! down. Each change is one rename of a file whose content is on the medium, with a sync before and after.
//!
//! A rename can lose a file when the power goes, so a copy of the version that was good last lies beside the entries
//! ([`spare`]). Before anything is removed it goes by a name that the loader ignores: a file that is half removed may
//! still have its name, and would be started. What a cut leaves is cleared up after the next start ([`clear_up`]).

use std::io::Read;

use super::entry::{EntryName, TRIES, Tries};
use super::loader::{BootLoader, LoaderCapabilities, LoaderError, Marked, Restart, Start};
use super::order::{Candidate, compare};
use super::{BootFolder, System};
use crate::manifest::Content;

mod clear_up;
mod last_chance;
mod spare;

/// systemd-boot over the folder with its entries.
#[derive(Debug)]
pub struct SystemdBoot<F> {
    folder: F,
}

impl<F: BootFolder> SystemdBoot<F> {
    /// The entries in this folder: `EFI/Linux` of the ESP.
    pub fn new(folder: F) -> Self {
        Self { folder }
    }

    fn files(&self) -> Result<Vec<String>, LoaderError> {
        self.folder.list().map_err(LoaderError::List)
    }

    fn size(&self, name: &str) -> Result<u64, LoaderError> {
        self.folder.size(name).map_err(|source| LoaderError::Read { name: name.to_owned(), source })
    }

    /// Those files of which this is true.
    fn files_that(&self, is: impl Fn(&str) -> bool) -> Result<Vec<String>, LoaderError> {
        let mut files = self.files()?;
        files.retain(|file| is(file));
        Ok(files)
    }

    /// The slots' entries, in the order in which the loader would start them. A file without content is none.
    fn entries(&self) -> Result<Vec<EntryName>, LoaderError> {
        let mut candidates = Vec::new();
        for candidate in self.files()?.iter().filter_map(|file| Candidate::from_file(file)) {
            if self.size(&candidate.file)? > 0 {
                candidates.push(candidate);
            }
        }
        candidates.sort_by(compare);
        Ok(candidates.iter().filter_map(|candidate| EntryName::parse(&candidate.file)).collect())
    }

    /// The entries of a system: one, or two names of one file that a cut left behind.
    fn entries_of(&self, system: &System) -> Result<Vec<EntryName>, LoaderError> {
        let mut entries = self.entries()?;
        entries.retain(|entry| entry.version == system.version);
        if entries.is_empty() { Err(LoaderError::NoEntry(system.clone())) } else { Ok(entries) }
    }

    /// The system has an entry with this counter.
    fn count(&mut self, system: &System, tries: Tries) -> Result<(), LoaderError> {
        let entries = self.entries_of(system)?;
        if entries.iter().any(|entry| entry.tries == Some(tries)) {
            return Ok(());
        }
        self.sync()?;
        self.rename(&entries[0], Some(tries))?;
        self.sync()
    }

    /// The system, which may be dead, has all its tries. It gets there by way of a name to which no counting leads:
    /// should a cut leave both names, and the firmware come to the second one, it could not give it and would not count.
    fn rearm(&mut self, system: &System) -> Result<(), LoaderError> {
        if self.start_of(system)? != Start::Counted(Tries::ALL) {
            self.count(system, Tries::NONE)?;
        }
        self.count(system, Tries::ALL)
    }

    fn rename(&mut self, entry: &EntryName, tries: Option<Tries>) -> Result<(), LoaderError> {
        let to = EntryName { version: entry.version.clone(), tries };
        self.rename_file(&entry.to_string(), &to.to_string())
    }

    fn rename_file(&mut self, from: &str, to: &str) -> Result<(), LoaderError> {
        let told = |source| LoaderError::Rename { from: from.to_owned(), to: to.to_owned(), source };
        self.folder.rename(from, to).map_err(told)
    }

    fn remove(&mut self, name: &str) -> Result<(), LoaderError> {
        self.folder.remove(name).map_err(|source| LoaderError::Remove { name: name.to_owned(), source })
    }

    fn sync(&mut self) -> Result<(), LoaderError> {
        self.folder.sync().map_err(LoaderError::Sync)
    }
}

impl<F: BootFolder> BootLoader for SystemdBoot<F> {
    fn capabilities(&self) -> LoaderCapabilities {
        LoaderCapabilities { tries: TRIES, counts_every_start: true, armed_by: Restart::Plain }
    }

    fn start_of(&self, system: &System) -> Result<Start, LoaderError> {
        match self.entries_of(system) {
            Ok(entries) => Ok(entries[0].tries.map_or(Start::Always, Start::Counted)),
            Err(LoaderError::NoEntry(_)) => Ok(Start::Never),
            Err(error) => Err(error),
        }
    }

    fn forget_all_but(&mut self, running: &System) -> Result<(), LoaderError> {
        self.make_spare(running)?;
        self.count(running, Tries::ALL)?;
        let is_other = |file: &str| {
            EntryName::parse(file).is_some_and(|entry| entry.version != running.version)
                || EntryName::is_stray(file)
        };
        self.discard(self.files_that(is_other)?)?;
        self.clear_parts()
    }

    fn stage(
        &mut self,
        target: &System,
        kernel: &mut dyn Read,
        promised: &Content,
    ) -> Result<(), LoaderError> {
        self.clear_parts()?;
        let name = EntryName::part(&target.version);
        let told = |source| LoaderError::Write { name: name.clone(), source };
        let written = self.folder.write(&name, kernel).map_err(told)?;
        self.sync()?;
        if written != *promised {
            self.remove(&name)?;
            return Err(LoaderError::OtherKernel);
        }
        Ok(())
    }

    fn arm(&mut self, target: &System) -> Result<Restart, LoaderError> {
        let part = EntryName::part(&target.version);
        if !self.files()?.contains(&part) {
            return Err(LoaderError::NoEntry(target.clone()));
        }
        self.sync()?;
        self.rename_file(&part, &EntryName::fresh(&target.version).to_string())?;
        self.sync()?;
        Ok(Restart::Plain)
    }

    fn mark_good(&mut self, running: &System) -> Result<Marked, LoaderError> {
        let spare = self.make_spare(running);
        self.count(running, Tries::ALL)?;
        self.allow_last_chance()?;
        Ok(spare.map_or_else(Marked::WithoutSpare, |()| Marked::Fully))
    }

    fn keep(&mut self, running: &System) -> Result<(), LoaderError> {
        self.count(running, Tries { left: 1, done: 0 })?;
        self.allow_last_chance()
    }

    /// The other gets all its tries. When the running one would still come first, being newer, it has none
    /// left: the rescue system gives it one again, should the other not work.
    fn prefer(&mut self, other: &System, running: &System) -> Result<Restart, LoaderError> {
        self.rearm(other)?;
        if running.version > other.version {
            self.count(running, Tries::NONE)?;
        }
        Ok(Restart::Plain)
    }
}

#[cfg(test)]
mod tests;
