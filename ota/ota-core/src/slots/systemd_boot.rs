//! systemd-boot's counted entries (UEFI).
//!
//! All there is to it are the names of files in `EFI/Linux` ([`super::entry`]); the loader itself counts
//! down. Each change is one rename of a file whose content is on the medium, with a sync before and after.

use std::io::Read;

use super::entry::{EntryName, TRIES, Tries};
use super::loader::{BootLoader, LoaderCapabilities, LoaderError, Restart, Start};
use super::{BootFolder, System};
use crate::manifest::Content;
use crate::version::Version;

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

    /// For the rescue system, before it shows anything: every slot without a try gets one more, unless it
    /// had that before. Returns the versions that got one: when there are any, restart; when there are none,
    /// say so to the owner and stay.
    ///
    /// # Errors
    /// The folder.
    pub fn last_chance(&mut self) -> Result<Vec<Version>, LoaderError> {
        let due = |tries: Tries| tries.left == 0 && !had_last_chance(tries);
        self.set_tries(|tries| due(tries).then_some(Tries { left: 1, ..tries }))
    }

    /// For the rescue system, when the owner asks for it: every slot gets all its tries. Returns the
    /// versions.
    ///
    /// # Errors
    /// The folder.
    pub fn try_all_again(&mut self) -> Result<Vec<Version>, LoaderError> {
        self.set_tries(|_| Some(Tries::ALL))
    }

    fn set_tries(&mut self, new: impl Fn(Tries) -> Option<Tries>) -> Result<Vec<Version>, LoaderError> {
        let mut versions = Vec::new();
        for entry in self.entries()? {
            if let Some(tries) = entry.tries.and_then(&new) {
                self.rename(&entry, Some(tries))?;
                versions.push(entry.version);
            }
        }
        self.sync()?;
        Ok(versions)
    }

    /// A system stays up: should it die one day, the other slot may have its last chance once more.
    fn allow_last_chance(&mut self) -> Result<(), LoaderError> {
        let had = |tries: Tries| tries.left == 0 && had_last_chance(tries);
        if self.entries()?.iter().any(|entry| entry.tries.is_some_and(had)) {
            self.set_tries(|tries| had(tries).then_some(Tries { left: 0, done: TRIES }))?;
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<String>, LoaderError> {
        self.folder.list().map_err(LoaderError::List)
    }

    /// The slots' entries, in the order in which the loader would start them.
    fn entries(&self) -> Result<Vec<EntryName>, LoaderError> {
        let mut entries: Vec<_> =
            self.files()?.iter().filter_map(|file| super::order::Candidate::from_file(file)).collect();
        entries.sort_by(super::order::compare);
        Ok(entries.iter().filter_map(|entry| EntryName::parse(&entry.file)).collect())
    }

    /// The entries of a system: one, or twins that something left behind.
    fn entries_of(&self, system: &System) -> Result<Vec<EntryName>, LoaderError> {
        let mut entries = self.entries()?;
        entries.retain(|entry| entry.version == system.version);
        if entries.is_empty() { Err(LoaderError::NoEntry(system.clone())) } else { Ok(entries) }
    }

    /// The system has one entry, with this counter.
    fn count(&mut self, system: &System, tries: Tries) -> Result<(), LoaderError> {
        let entries = self.entries_of(system)?;
        let wanted = entries.iter().position(|entry| entry.tries == Some(tries));
        if wanted.is_some() && entries.len() == 1 {
            return Ok(());
        }
        self.sync()?;
        let kept = wanted.unwrap_or(0);
        if wanted.is_none() {
            self.rename(&entries[kept], Some(tries))?;
            self.sync()?;
        }
        for (at, twin) in entries.iter().enumerate() {
            if at != kept {
                self.remove(&twin.to_string())?;
            }
        }
        self.sync()
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

/// More tries were made than are given at first.
fn had_last_chance(tries: Tries) -> bool {
    tries.done > TRIES
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
        self.count(running, Tries::ALL)?;
        for file in self.files()? {
            let other = EntryName::parse(&file).is_some_and(|entry| entry.version != running.version);
            if other || EntryName::is_part(&file) {
                self.remove(&file)?;
            }
        }
        self.sync()
    }

    fn stage(
        &mut self,
        target: &System,
        kernel: &mut dyn Read,
        promised: &Content,
    ) -> Result<(), LoaderError> {
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

    fn mark_good(&mut self, running: &System) -> Result<(), LoaderError> {
        self.count(running, Tries::ALL)?;
        self.allow_last_chance()
    }

    fn keep(&mut self, running: &System) -> Result<(), LoaderError> {
        self.count(running, Tries { left: 1, done: 0 })?;
        self.allow_last_chance()
    }

    /// The other gets all its tries. When the running one would still come first, being newer, it has none
    /// left: the rescue system gives it one again, should the other not work.
    fn prefer(&mut self, other: &System, running: &System) -> Result<Restart, LoaderError> {
        self.count(other, Tries::ALL)?;
        if running.version > other.version {
            self.count(running, Tries { left: 0, done: 0 })?;
        }
        Ok(Restart::Plain)
    }
}

#[cfg(test)]
mod tests;
