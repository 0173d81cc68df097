//! FAT in memory.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::digest::Sha256;
use crate::manifest::Content;
use crate::slots::BootFolder;

#[derive(Clone, Debug)]
enum Change {
    Write { name: String, content: Vec<u8> },
    Rename { from: String, to: String },
    Remove { name: String },
}

/// A folder on a boot partition, in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFolder {
    medium: BTreeMap<String, Vec<u8>>,
    /// What was done since the last sync, in its order.
    pending: Vec<Change>,
    /// The power goes after so many more operations.
    fuse: Option<usize>,
}

impl MemoryFolder {
    /// A folder with these files on the medium.
    pub fn with<const N: usize>(files: [(&str, &[u8]); N]) -> Self {
        let medium = files.map(|(name, content)| (name.to_owned(), content.to_vec())).into();
        Self { medium, ..Self::default() }
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
    pub fn cut(&mut self, mut chance: u64) -> u64 {
        self.fuse = None;
        let mut dirty = Vec::new();
        for change in std::mem::take(&mut self.pending) {
            let draw = chance & 3;
            chance = chance.rotate_right(2);
            match change {
                Change::Write { name, content } => {
                    dirty.push(name.clone());
                    match draw {
                        0 => continue,
                        1 => self.medium.insert(name, Vec::new()),
                        2 => self.medium.insert(name, content[..content.len() / 2].to_vec()),
                        _ => self.medium.insert(name, content),
                    };
                }
                // Of what was not synced, the new name may come without its content, or with half of it.
                Change::Rename { from, to } if dirty.contains(&from) => {
                    if draw > 0
                        && let Some(mut content) = self.medium.remove(&from)
                    {
                        content.truncate(content.len() * (draw as usize - 1) / 2);
                        self.medium.insert(to.clone(), content);
                        dirty.push(to);
                    }
                }
                Change::Rename { from, to } if draw > 1 => self.rename_on_the_medium(&from, &to),
                Change::Remove { name } if draw > 1 => {
                    self.medium.remove(&name);
                }
                Change::Rename { .. } | Change::Remove { .. } => {}
            }
        }
        chance
    }

    /// What the firmware reads.
    pub fn on_the_medium(&self) -> BTreeMap<String, Vec<u8>> {
        self.medium.clone()
    }

    /// What the firmware's own rename does.
    pub fn rename_on_the_medium(&mut self, from: &str, to: &str) {
        if let Some(content) = self.medium.remove(from) {
            self.medium.insert(to.to_owned(), content);
        }
    }

    /// What programs see.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.medium.clone();
        for change in &self.pending {
            apply(&mut files, change.clone());
        }
        files
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        self.pending.push(change);
        self.spend()
    }

    fn there(&self, name: &str) -> io::Result<()> {
        self.files().contains_key(name).then_some(()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, change: Change) {
    match change {
        Change::Write { name, content } => {
            files.insert(name, content);
        }
        Change::Rename { from, to } => {
            if let Some(content) = files.remove(&from) {
                files.insert(to, content);
            }
        }
        Change::Remove { name } => {
            files.remove(&name);
        }
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

    fn write(&mut self, name: &str, source: &mut dyn Read) -> io::Result<Content> {
        let mut content = Vec::new();
        source.read_to_end(&mut content)?;
        let written = Content { size: content.len() as u64, sha256: Self::digest(&content) };
        self.change(Change::Write { name: name.to_owned(), content })?;
        Ok(written)
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
            apply(&mut self.medium, change);
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
        let whole = |name: &str| [(name.to_owned(), b"kernel".to_vec())].into();
        assert_eq!(outcomes(true), [whole("a.efi"), whole("a.part")]);
    }
}
