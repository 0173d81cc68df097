//! The port to the file system that a boot loader reads.

use std::io::{self, Read};

use crate::manifest::Content;

/// A folder on a boot partition: `EFI/Linux` of the ESP, or a boot partition of a Raspberry Pi. It is FAT:
/// without a journal, so that the order of writes and syncs is all there is against power cuts. Names are
/// plain file names.
///
/// After a cut, two names may stand for one content, and a name for content that FAT's table calls free; removing
/// one of them, or writing beside it, would damage the other. So whoever changes a folder has the file system checked
/// first, once after each start (`fsck.fat -a`: of two names the first keeps the content, the other has none then).
///
/// Nothing but [`BootFolder::sync`] promises that something is on the medium.
pub trait BootFolder {
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A file's content, of at most `limit` bytes; more is an error.
    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>>;

    /// How long a file is, bytes.
    fn size(&self, name: &str) -> io::Result<u64>;

    /// Writes a file anew, whatever was there, and says what it holds then: size and SHA-256 of what was
    /// **read back** past the cache, not of what was given.
    fn write(&mut self, name: &str, content: &mut dyn Read) -> io::Result<Content>;

    /// Copies a file to another name, whatever was there, and says whether what was **read back** past the cache is
    /// what the first one holds.
    fn copy(&mut self, from: &str, to: &str) -> io::Result<bool>;

    /// Renames a file, over another one if need be. Until it is synced, a cut can leave the old name, the new one, both
    /// for one content, or neither.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Brings everything to the medium, past the disk's own cache: `syncfs`, as `fsync` of the folder alone leaves
    /// new entries of no length on FAT, and `fsync` of the folder, as `syncfs` alone leaves FAT in the cache.
    fn sync(&mut self) -> io::Result<()>;
}

impl<F: BootFolder + ?Sized> BootFolder for &mut F {
    fn list(&self) -> io::Result<Vec<String>> {
        (**self).list()
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        (**self).read(name, limit)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        (**self).size(name)
    }

    fn write(&mut self, name: &str, content: &mut dyn Read) -> io::Result<Content> {
        (**self).write(name, content)
    }

    fn copy(&mut self, from: &str, to: &str) -> io::Result<bool> {
        (**self).copy(from, to)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        (**self).remove(name)
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }
}
