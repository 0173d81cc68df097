//! The folder that a boot loader reads, on a boot partition that is mounted: FAT, without a journal.
//!
//! - What is written is read back past the cache through the same descriptor; the caller learns what the
//!   medium has.
//! - A rename comes between two syncs of the partition. Without the first one FAT can end up with the new name and
//!   no content, which was seen with systemd-bless-boot; without the second one the name is in memory only.
//! - A sync is `syncfs` and then `fsync` of the folder. The first hands everything to the disk, but FAT has no
//!   `sync_fs` in Linux that tells the disk to empty its own cache, which may lose any part of it when the power
//!   goes. The second does that, and leaves what belongs to other files in memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use nix::unistd::syncfs;
use ota_core::manifest::Content;
use ota_core::slots::BootFolder;
use ota_core::slots::entry::EntryName;
use ota_core::version::Version;

use crate::{readback, room};

/// A folder on a mounted boot partition: `EFI/Linux` of the ESP, or a boot partition of a Raspberry Pi.
#[derive(Debug)]
pub struct BootPartition {
    path: PathBuf,
    /// Kept open: it is what is synced, whatever is mounted over the path later.
    folder: File,
}

impl BootPartition {
    /// The folder at a path, which is there.
    ///
    /// # Errors
    /// The system's; and something that is not a folder.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let folder = File::open(&path)?;
        if !folder.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path, folder })
    }

    /// The room for one more kernel image, in bytes, once
    /// [`forget_all_but`](ota_core::slots::BootLoader::forget_all_but) has removed the other slot's and what an
    /// attempt left behind, and has seen to the spare. In whole clusters, as FAT gives them.
    ///
    /// # Errors
    /// The system's.
    pub fn room(&self, running: &Version) -> io::Result<u64> {
        let cluster = nix::sys::statvfs::fstatvfs(&self.folder)?.fragment_size().max(1);
        let changes = self.changes_first(running, cluster)?;
        let free = room::free(&self.folder)?.saturating_add(changes.freed);
        Ok(free.saturating_sub(changes.taken))
    }

    /// The room for a kernel image in a boot partition that is its slot's own, in bytes, once that slot's files of
    /// which this is true were removed.
    ///
    /// # Errors
    /// The system's.
    pub fn room_without(&self, removed: impl Fn(&str) -> bool) -> io::Result<u64> {
        let cluster = nix::sys::statvfs::fstatvfs(&self.folder)?.fragment_size().max(1);
        let mut room = room::free(&self.folder)?;
        for name in self.list()?.iter().filter(|name| removed(name)) {
            room = room.saturating_add(self.size(name)?.next_multiple_of(cluster));
        }
        Ok(room)
    }

    /// What the removal of all but the running system's images frees, and what its spare takes.
    fn changes_first(&self, running: &Version, cluster: u64) -> io::Result<Changes> {
        let (mut changes, mut image, mut spare) = (Changes::default(), 0, 0);
        for name in self.list()? {
            let size = self.size(&name)?;
            let taken = size.next_multiple_of(cluster);
            let entry = EntryName::parse(&name).map(|entry| entry.version);
            if entry.as_ref() == Some(running) {
                image = image.max(size);
            } else if EntryName::spare_of(&name).as_ref() == Some(running) {
                spare = size;
            } else if entry.is_some()
                || EntryName::spare_of(&name).is_some()
                || EntryName::is_part(&name)
                || EntryName::is_stray(&name)
            {
                changes.freed = changes.freed.saturating_add(taken);
            }
        }
        if spare != image {
            changes.freed = changes.freed.saturating_add(spare.next_multiple_of(cluster));
            changes.taken = image.next_multiple_of(cluster);
        }
        Ok(changes)
    }

    /// Where a file is. Names are plain names, whoever they come from.
    fn at(&self, name: &str) -> io::Result<PathBuf> {
        let plain = !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0']);
        if plain { Ok(self.path.join(name)) } else { Err(io::ErrorKind::InvalidFilename.into()) }
    }
}

/// Bytes on the medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Changes {
    freed: u64,
    taken: u64,
}

impl BootFolder for BootPartition {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A name that is no text is none that a loader's entry has.
            if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        File::open(self.at(name)?)?.take(limit as u64 + 1).read_to_end(&mut content)?;
        if content.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.at(name)?)?.len())
    }

    fn write(&mut self, name: &str, content: &mut dyn Read) -> io::Result<Content> {
        let mut file = create(&self.at(name)?)?;
        io::copy(content, &mut file)?;
        readback::forget(&file)?;
        let length = file.metadata()?.len();
        readback::content(&file, length)
    }

    fn copy(&mut self, from: &str, to: &str) -> io::Result<bool> {
        let source = File::open(self.at(from)?)?;
        let held = readback::content(&source, source.metadata()?.len())?;
        Ok(self.write(to, &mut &source)? == held)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.at(from)?, self.at(to)?);
        self.sync()?;
        fs::rename(from, to)?;
        self.sync()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        fs::remove_file(self.at(name)?)
    }

    fn sync(&mut self) -> io::Result<()> {
        syncfs(&self.folder)?;
        self.folder.sync_all()
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).custom_flags(O_NOFOLLOW).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    #[test]
    fn it_does_what_the_port_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut partition = BootPartition::open(folder.path()).unwrap();
        fs::create_dir(folder.path().join("a folder")).unwrap();
        let written = partition.write("anya_1.0.0.part", &mut &b"kernel"[..]).unwrap();
        assert_eq!(written, Content { size: 6, sha256: sha256(b"kernel") });
        // Anew: nothing of the longer content before is left.
        let written = partition.write("anya_1.0.0.part", &mut &b"new"[..]).unwrap();
        assert_eq!(written, Content { size: 3, sha256: sha256(b"new") });
        partition.rename("anya_1.0.0.part", "anya_1.0.0+3.efi").unwrap();
        partition.sync().unwrap();
        assert_eq!(partition.list().unwrap(), ["anya_1.0.0+3.efi"]);
        assert_eq!(partition.read("anya_1.0.0+3.efi", 3).unwrap(), b"new");
        let too_large = partition.read("anya_1.0.0+3.efi", 2).unwrap_err();
        assert_eq!(too_large.kind(), io::ErrorKind::FileTooLarge);
        assert!(partition.copy("anya_1.0.0+3.efi", "anya_1.0.0.spare").unwrap());
        assert_eq!(partition.size("anya_1.0.0.spare").unwrap(), 3);
        assert_eq!(partition.read("anya_1.0.0.spare", 3).unwrap(), b"new");
        partition.remove("anya_1.0.0.spare").unwrap();
        partition.remove("anya_1.0.0+3.efi").unwrap();
        assert!(partition.list().unwrap().is_empty());
        assert_eq!(partition.remove("anya_1.0.0+3.efi").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("Linux");
        fs::create_dir(&inner).unwrap();
        let mut partition = BootPartition::open(&inner).unwrap();
        for name in ["../x", "/tmp/x", "a/b", "..", ".", "", "a\\b"] {
            assert_eq!(
                partition.write(name, &mut &b"x"[..]).unwrap_err().kind(),
                io::ErrorKind::InvalidFilename,
                "{name}"
            );
            assert!(partition.rename(name, "x").is_err() && partition.remove(name).is_err(), "{name}");
        }
        std::os::unix::fs::symlink(outer.path().join("target"), inner.join("link")).unwrap();
        assert!(partition.write("link", &mut &b"x"[..]).is_err(), "a link is not written through");
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_room_counts_what_changes_first_in_whole_clusters() {
        let folder = tempfile::tempdir().unwrap();
        let mut partition = BootPartition::open(folder.path()).unwrap();
        for (name, length) in [
            ("anya_1.0.0+3.efi", 9000),
            ("anya_0.9.0+3.efi", 5000),
            ("anya_1.1.0.part", 4096),
            ("anya-rescue.efi", 9000),
            ("notes.txt", 9000),
        ] {
            partition.write(name, &mut io::repeat(1).take(length)).unwrap();
        }
        let changes = |partition: &BootPartition, running: &str| {
            let changes = partition.changes_first(&running.parse().unwrap(), 4096).unwrap();
            (changes.freed, changes.taken)
        };
        assert_eq!(changes(&partition, "1.0.0"), (8192 + 4096, 12288));
        assert_eq!(changes(&partition, "0.9.0"), (12288 + 4096, 8192));
        partition.write("anya_1.0.0.spare", &mut io::repeat(1).take(9000)).unwrap();
        assert_eq!(changes(&partition, "1.0.0"), (8192 + 4096, 0), "its spare is there");
        assert_eq!(changes(&partition, "0.9.0"), (12288 + 4096 + 12288, 8192));
        assert!(partition.room(&"1.0.0".parse().unwrap()).unwrap() >= 9096);
    }

    #[test]
    fn the_room_of_a_slots_own_partition_is_that_without_its_kernel_image() {
        let folder = tempfile::tempdir().unwrap();
        let mut partition = BootPartition::open(folder.path()).unwrap();
        partition.write("boot.img", &mut io::repeat(1).take(64 << 20)).unwrap();
        let with = partition.room_without(|_| false).unwrap();
        let without = partition.room_without(|name| name == "boot.img").unwrap();
        assert!(without > with.saturating_add(32 << 20), "{without} {with}");
    }
}
