//! Unpacks two programs, and nothing else, out of a release's `.tar.gz`.
//!
//! The archive's hash is checked before it comes here, so what is refused here was signed by builders as
//! well; refused it is all the same. Programs are written under names of our own, never under those of the
//! archive. An archive is refused as a whole when one entry, wanted or not, is no plain file or folder, or
//! has a path that leads out of `bitcoin-VERSION/`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};
use thiserror::Error;

/// The programs that are taken out of `bitcoin-VERSION/bin/`.
pub const PROGRAMS: [&str; 2] = ["bitcoind", "bitcoin-cli"];

/// How much an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Entries of any kind.
    pub entries: usize,
    /// Bytes of all that is unpacked, looked at or not.
    pub bytes: u64,
}

impl Default for Room {
    /// Several times of what a release has.
    fn default() -> Self {
        Self { entries: 1000, bytes: 500_000_000 }
    }
}

/// Why an archive was not unpacked.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It cannot be read, or ends before its end.
    #[error("the archive is damaged or cut off")]
    Damaged(#[source] io::Error),
    /// It unpacks to more than a release has.
    #[error("the archive unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// It has more entries than a release has.
    #[error("the archive has more than {0} entries")]
    TooMany(usize),
    /// A path that leads elsewhere.
    #[error("the archive has an entry outside of {folder}: {path:?}")]
    Outside {
        /// Where all of it should be.
        folder: String,
        /// Where the entry would be.
        path: String,
    },
    /// A link, device or the like.
    #[error("the archive has an entry that is neither file nor folder: {0:?}")]
    NotAFile(String),
    /// A program that is there more than once.
    #[error("the archive has {0} twice")]
    Twice(&'static str),
    /// A program that is not there.
    #[error("the archive has no {0}")]
    Missing(String),
    /// Writing failed.
    #[error("{0} could not be written")]
    Write(&'static str, #[source] io::Error),
}

/// Writes the [`PROGRAMS`] of Bitcoin Core `version` from `archive` into the folder `to`.
///
/// # Errors
/// See [`ArchiveError`]; the folder may then hold a part of them.
pub fn unpack(archive: impl Read, version: &str, to: &Path, room: Room) -> Result<(), ArchiveError> {
    let folder = format!("bitcoin-{version}");
    let unpacked = Bounded { inner: GzDecoder::new(archive), left: room.bytes };
    let mut archive = Archive::new(unpacked);
    let mut written: Vec<&'static str> = Vec::new();
    let damaged = |error| damaged(error, room);
    for (number, entry) in archive.entries().map_err(damaged)?.enumerate() {
        if number >= room.entries {
            return Err(ArchiveError::TooMany(room.entries));
        }
        let mut entry = entry.map_err(damaged)?;
        let Some(program) = wanted(&entry, &folder)? else { continue };
        if written.contains(&program) {
            return Err(ArchiveError::Twice(program));
        }
        write(&mut entry, program, to, room)?;
        written.push(program);
    }
    // The rest behind the end of the tar, so that a hash of gzip that does not match is seen.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    match PROGRAMS.iter().find(|program| !written.contains(program)) {
        Some(missing) => Err(ArchiveError::Missing(format!("{folder}/bin/{missing}"))),
        None => Ok(()),
    }
}

/// Which program the entry is; everything that has no place in a release is an error.
fn wanted(entry: &Entry<'_, impl Read>, folder: &str) -> Result<Option<&'static str>, ArchiveError> {
    let bytes = entry.path_bytes();
    let shown = || String::from_utf8_lossy(&bytes).into_owned();
    let outside = || ArchiveError::Outside { folder: folder.to_owned(), path: shown() };
    let path = entry.path().map_err(|_| outside())?;
    let mut parts = path.components();
    if parts.next() != Some(Component::Normal(folder.as_ref()))
        || !parts.all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(outside());
    }
    match entry.header().entry_type() {
        EntryType::Directory => Ok(None),
        EntryType::Regular => {
            let inside = path.strip_prefix(folder).and_then(|path| path.strip_prefix("bin")).ok();
            Ok(PROGRAMS.into_iter().find(|program| inside == Some(Path::new(program))))
        }
        _ => Err(ArchiveError::NotAFile(shown())),
    }
}

fn write(entry: &mut impl Read, program: &'static str, to: &Path, room: Room) -> Result<(), ArchiveError> {
    let failed = |source| ArchiveError::Write(program, source);
    let mut file: File =
        OpenOptions::new().write(true).create_new(true).mode(0o755).open(to.join(program)).map_err(failed)?;
    // Copied in two steps to tell a damaged archive from a full disk.
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = entry.read(&mut buffer).map_err(|error| damaged(error, room))?;
        if length == 0 {
            break;
        }
        io::Write::write_all(&mut file, &buffer[..length]).map_err(failed)?;
    }
    file.sync_all().map_err(failed)
}

/// Names what the reader below hit: its bound, or the archive's own fault.
fn damaged(error: io::Error, room: Room) -> ArchiveError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return ArchiveError::TooLarge(room.bytes);
    }
    ArchiveError::Damaged(error)
}

/// A reader that fails, instead of ending, after so many bytes.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(length as u64)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(length)
    }
}

/// Writes the one line that tells people where the programs beside it come from.
///
/// # Errors
/// From the system.
pub fn write_source(to: &Path, line: &str) -> io::Result<()> {
    fs::write(to.join("SOURCE"), format!("{line}\n"))
}
