//! The folder below which media are mounted.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirEntryExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use appliance_core::update::MediumFile;
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use ota_core::bundle::FileName;

/// So many media are looked at. A stick with more partitions than that is none that somebody brings a release on.
const MOST_MEDIA: usize = 8;
/// So many entries of a medium's folder are looked at, and so many releases of it are told.
const MOST_ENTRIES: usize = 4096;
const MOST_FILES: usize = 16;

/// The media that are there: their names, each with the number of its folder, which is another one each time that
/// something is plugged in, and that of the file system, which is another one once it is mounted there.
pub(super) type Plugged = BTreeMap<String, (u64, u64)>;

/// Where media are mounted, each in a folder named after its device.
#[derive(Clone, Debug)]
pub(in crate::updates) struct MediaFolder(PathBuf);

impl MediaFolder {
    pub(in crate::updates) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Which media are there. None, where nothing was ever mounted.
    pub(super) fn plugged(&self) -> Plugged {
        let medium = |entry: fs::DirEntry| {
            let about = entry.metadata().ok().filter(fs::Metadata::is_dir)?;
            // The entry's number is that of the folder below the mount.
            Some((entry.file_name().into_string().ok()?, (entry.ino(), about.dev())))
        };
        fs::read_dir(&self.0).into_iter().flatten().flatten().filter_map(medium).take(MOST_MEDIA).collect()
    }

    /// The releases on these media. What cannot be read is passed over: it was pulled out, or is damaged.
    pub(super) fn files(&self, media: &Plugged) -> Vec<MediumFile> {
        media.keys().flat_map(|medium| self.files_of(medium)).collect()
    }

    fn files_of(&self, medium: &str) -> Vec<MediumFile> {
        let entries = match fs::read_dir(self.0.join(medium)) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(medium, error = &error as &dyn std::error::Error, "a medium cannot be read");
                return Vec::new();
            }
        };
        let file = |entry: fs::DirEntry| {
            let name: FileName = entry.file_name().to_str()?.parse().ok()?;
            // Of the entry itself: a link is none.
            let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(MediumFile { medium: medium.to_owned(), name, size: about.len() })
        };
        // A folder that cannot be read on would fail for ever.
        entries.take(MOST_ENTRIES).map_while(Result::ok).filter_map(file).take(MOST_FILES).collect()
    }

    /// Opens one of [`Self::files`].
    ///
    /// # Errors
    /// It is not there any more, is no regular file, or has another size.
    pub(super) fn open(&self, file: &MediumFile) -> io::Result<File> {
        let path = self.0.join(&file.medium).join(file.name.to_string());
        // Without waiting, should it have become a pipe.
        let opened = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path)?;
        let about = opened.metadata()?;
        if about.is_file() && about.len() == file.size {
            return Ok(opened);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "it has changed"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use nix::sys::stat::Mode;
    use tempfile::TempDir;

    use super::*;

    const GOOD: &str = "anya-1.3.0-qemu-x86_64.update";

    fn medium(names: &[&str]) -> (TempDir, MediaFolder, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let medium = folder.path().join("sdb1");
        fs::create_dir(&medium).unwrap();
        names.iter().for_each(|name| fs::write(medium.join(name), "1234567").unwrap());
        let media = MediaFolder::at(folder.path());
        (folder, media, medium)
    }

    fn names(media: &MediaFolder) -> Vec<String> {
        let mut names: Vec<_> =
            media.files(&media.plugged()).iter().map(|file| file.name.to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_regular_files_that_are_named_as_bundles_are_told() {
        let other = "anya-1.3.0-generic-x86_64.update";
        let (_folder, media, medium) =
            medium(&[GOOD, other, "anya.update", "._anya-1.3.0-qemu-x86_64.update", "notes.txt"]);
        fs::create_dir(medium.join("anya-1.4.0-qemu-x86_64.update")).unwrap();
        symlink("/etc/passwd", medium.join("anya-1.5.0-qemu-x86_64.update")).unwrap();
        symlink(medium.join(GOOD), medium.join("anya-1.6.0-qemu-x86_64.update")).unwrap();
        nix::unistd::mkfifo(&medium.join("anya-1.7.0-qemu-x86_64.update"), Mode::S_IRWXU).unwrap();
        let hostile = std::ffi::OsStr::new("anya-1.8.0-\u{202e}x.update");
        fs::write(medium.join(hostile), "").unwrap();
        let not_text =
            <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"anya-1.9.0-\xff.update");
        fs::write(medium.join(not_text), "").unwrap();
        assert_eq!(names(&media), [other, GOOD]);
        let files = media.files(&media.plugged());
        assert!(files.iter().all(|file| file.size == 7 && file.medium == "sdb1"), "{files:?}");
    }

    #[test]
    fn a_stick_full_of_them_is_told_in_part() {
        let (_folder, media, medium) = medium(&[]);
        for number in 0..100 {
            fs::write(medium.join(format!("anya-1.{number}.0-qemu-x86_64.update")), "").unwrap();
        }
        assert_eq!(names(&media).len(), MOST_FILES);
    }

    #[test]
    fn media_are_folders_and_not_too_many() {
        let (folder, media, medium) = medium(&[GOOD]);
        fs::write(folder.path().join("sdc1"), "").unwrap();
        symlink(&medium, folder.path().join("sdd1")).unwrap();
        assert_eq!(media.plugged().into_keys().collect::<Vec<_>>(), ["sdb1"]);
        (2..40).for_each(|number| fs::create_dir(folder.path().join(format!("sdb{number}"))).unwrap());
        assert_eq!(media.plugged().len(), MOST_MEDIA);
        assert!(MediaFolder::at(Path::new("/nowhere/at/all")).plugged().is_empty());
    }

    #[test]
    fn what_has_changed_is_not_opened() {
        let (_folder, media, medium) = medium(&[GOOD]);
        let file = media.files(&media.plugged()).remove(0);
        assert!(media.open(&file).is_ok());
        fs::write(medium.join(GOOD), "longer than before").unwrap();
        assert_eq!(media.open(&file).unwrap_err().to_string(), "it has changed");
        fs::remove_file(medium.join(GOOD)).unwrap();
        assert_eq!(media.open(&file).unwrap_err().kind(), io::ErrorKind::NotFound);
        symlink("/etc/passwd", medium.join(GOOD)).unwrap();
        assert!(media.open(&file).is_err());
        fs::remove_file(medium.join(GOOD)).unwrap();
        nix::unistd::mkfifo(&medium.join(GOOD), Mode::S_IRWXU).unwrap();
        assert!(media.open(&file).is_err(), "and nobody waits for it");
    }
}
