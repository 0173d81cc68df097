//! FAT in memory.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::medium::{Change, Medium};
use crate::digest::Sha256;
use crate::manifest::Content;
use crate::slots::BootFolder;

/// A folder on a boot partition, in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFolder {
    medium: Medium,
    /// What was done since the last sync, in its order.
    pending: Vec<Change>,
    /// The power goes after so many more operations.
    fuse: Option<usize>,
}

impl MemoryFolder {
    /// A folder with these files on the medium.
    pub fn with<const N: usize>(files: [(&str, &[u8]); N]) -> Self {
        let mut folder = Self::default();
        for (name, content) in files {
            folder.medium.apply(Change::Write { name: name.to_owned(), content: content.to_vec() });
        }
        folder
    }

    /// What stands for the SHA-256 of a content: its first 32 bytes.
    pub fn digest(content: &[u8]) -> Sha256 {
        let mut digest = [0; 32];
        let length = content.len().min(32);
        digest[..length].copy_from_slice(&content[..length]);
        Sha256(digest)
    }

    /// The power goes during the operation after so many more; `None`: not at all. See
    /// [`MemoryFolder::spend`].
    pub fn set_fuse(&mut self, operations: Option<usize>) {
        self.fuse = operations;
    }

    /// How many operations are left before the power goes.
    pub fn fuse(&self) -> Option<usize> {
        self.fuse
    }

    /// Counts one operation; the folder's own count themselves.
    ///
    /// # Errors
    /// The power went. What the operation did is known after [`MemoryFolder::cut`].
    pub fn spend(&mut self) -> io::Result<()> {
        match &mut self.fuse {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    /// The power goes now. Of what was not synced, anything may have come to the medium, in any
    /// combination; `chance` chooses. Returns the rest of the chance.
    pub fn cut(&mut self, chance: u64) -> u64 {
        self.fuse = None;
        let pending = std::mem::take(&mut self.pending);
        self.medium.tear(pending, chance)
    }

    /// What `fsck.fat -a` does with the medium after a cut.
    pub fn repair(&mut self) {
        self.medium.repair();
    }

    /// What the firmware reads.
    pub fn on_the_medium(&self) -> BTreeMap<String, Vec<u8>> {
        self.medium.files()
    }

    /// What the firmware's own rename does: it refuses a name that there is. When the power goes during it, `cut`
    /// chooses what of it comes to the medium.
    pub(super) fn rename_by_firmware(&mut self, from: &str, to: &str, cut: Option<u64>) {
        if self.medium.files().contains_key(to) {
            return;
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        match cut {
            None => self.medium.apply(Change::Rename { from, to }),
            Some(chance) => self.medium.tear_rename(from, to, chance & 7),
        }
    }

    /// What programs see.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut medium = self.medium.clone();
        for change in &self.pending {
            medium.apply(change.clone());
        }
        medium.files()
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        self.pending.push(change);
        self.spend()
    }

    fn there(&self, name: &str) -> io::Result<()> {
        self.files().contains_key(name).then_some(()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl BootFolder for MemoryFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().into_keys().collect())
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        let content = self.files().remove(name).ok_or(io::ErrorKind::NotFound)?;
        if content.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(self.files().get(name).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn write(&mut self, name: &str, source: &mut dyn Read) -> io::Result<Content> {
        let mut content = Vec::new();
        source.read_to_end(&mut content)?;
        let written = Content { size: content.len() as u64, sha256: Self::digest(&content) };
        self.change(Change::Write { name: name.to_owned(), content })?;
        Ok(written)
    }

    fn copy(&mut self, from: &str, to: &str) -> io::Result<bool> {
        let content = self.files().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.change(Change::Write { name: to.to_owned(), content })?;
        Ok(true)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.there(from)?;
        self.change(Change::Rename { from: from.to_owned(), to: to.to_owned() })
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.there(name)?;
        self.change(Change::Remove { name: name.to_owned() })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.spend()?;
        for change in std::mem::take(&mut self.pending) {
            self.medium.apply(change);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_before_the_sync_can_lose_the_content_and_one_after_it_cannot() {
        let outcomes = |synced: bool| -> Vec<BTreeMap<String, Vec<u8>>> {
            let mut outcomes: Vec<_> = (0..256)
                .map(|chance| {
                    let mut folder = MemoryFolder::default();
                    folder.write("a.part", &mut &b"kernel"[..]).unwrap();
                    if synced {
                        folder.sync().unwrap();
                    }
                    folder.rename("a.part", "a.efi").unwrap();
                    folder.cut(chance);
                    folder.on_the_medium()
                })
                .collect();
            outcomes.sort();
            outcomes.dedup();
            outcomes
        };
        let empty_entry = [("a.efi".to_owned(), Vec::new())].into();
        assert!(outcomes(false).contains(&empty_entry));
        let whole =
            |files: BTreeMap<String, Vec<u8>>| files.into_values().all(|content| content == b"kernel");
        assert!(outcomes(true).into_iter().all(whole), "the name may be lost, never the content of one");
    }
}
