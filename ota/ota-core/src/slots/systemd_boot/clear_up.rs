//! What a power cut has left in the folder, once the file system was checked.
//!
//! The check has seen to it that no two files share content: of two names of one file, one has none any more.

use super::super::entry::EntryName;
use super::super::loader::LoaderError;
use super::{BootFolder, SystemdBoot};
use crate::version::Version;

impl<F: BootFolder> SystemdBoot<F> {
    /// Once after each start, when the file system was checked and before anything else is done: removes what is left
    /// of renames and of what was being written, and puts back the entries that got lost. Returns the versions of
    /// those. `running` is what runs; the rescue system is none.
    ///
    /// # Errors
    /// The folder; also when there is no room for what was lost.
    pub fn clear_up(&mut self, running: Option<&Version>) -> Result<Vec<Version>, LoaderError> {
        self.complete()?;
        self.remove_empty()?;
        self.clear_parts()?;
        let put_back = self.put_back()?;
        if let Some(running) = running {
            self.deal_with_strays(running)?;
        }
        Ok(put_back)
    }

    /// A kernel image that was getting its name had both, and has kept its content under the first one.
    fn complete(&mut self) -> Result<(), LoaderError> {
        for file in self.files()? {
            let entry = EntryName::parse(&file).map(|entry| entry.version);
            let Some(version) = entry.clone().or_else(|| EntryName::spare_of(&file)) else { continue };
            let part = EntryName::part(&version);
            let has_content = self.files()?.contains(&part) && self.size(&part)? > 0;
            let is_twin = entry.is_some() && self.has_entry(&version)?;
            if self.size(&file)? == 0 && has_content && !is_twin {
                self.sync()?;
                self.rename_file(&part, &file)?;
                self.sync()?;
            }
        }
        Ok(())
    }

    /// Names without content have no clusters either, so that it does not matter how far their removal gets.
    fn remove_empty(&mut self) -> Result<(), LoaderError> {
        let is_ours = |file: &str| EntryName::parse(file).is_some() || EntryName::spare_of(file).is_some();
        for file in self.files_that(is_ours)? {
            if self.size(&file)? == 0 {
                self.remove(&file)?;
            }
        }
        self.sync()
    }

    /// What is left of an entry whose long name was torn off. When the system that runs has no other entry, it was
    /// started from this one.
    fn deal_with_strays(&mut self, running: &Version) -> Result<(), LoaderError> {
        let strays = self.files_that(EntryName::is_stray)?;
        if self.has_entry(running)? {
            return self.discard(strays);
        }
        if let [stray] = strays.as_slice() {
            self.sync()?;
            self.rename_file(stray, &EntryName::fresh(running).to_string())?;
            self.sync()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
