//! The steps from a lock file to a folder with two programs; each refuses, and nothing is left behind.
//!
//! 1. The lock file and the certificates of its builders: too few of them end it, before any connection.
//! 2. `SHA256SUMS` and `SHA256SUMS.asc`: enough pinned builders have to have signed ([`crate::signers`]).
//! 3. The archive's hash in `SHA256SUMS` has to be the one in the lock file.
//! 4. The archive has to have this hash.
//! 5. The programs are unpacked ([`crate::archive`]) into a hidden folder beside the target, which gets its
//!    name as the last step.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use thiserror::Error;

use crate::archive::{self, ArchiveError, Room};
use crate::download::{DownloadError, Downloads, Patience};
use crate::lock::{Archive, Lock, LockError, Release};
use crate::signers::SignersError;
use crate::sums;

/// `SHA256SUMS` has two dozen lines.
const MOST_SUMS_BYTES: u64 = 100_000;
/// `SHA256SUMS.asc` has two dozen signatures of about 800 bytes.
const MOST_SIGNATURE_BYTES: u64 = 1_000_000;
/// The archives have 40 to 90 MB.
const MOST_ARCHIVE_BYTES: u64 = 200_000_000;

/// What bounds a fetch. The defaults fit the official releases.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long the server may take.
    pub patience: Patience,
    /// The largest archive, in bytes.
    pub archive_bytes: u64,
    /// How much the archive may hold.
    pub room: Room,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { patience: Patience::default(), archive_bytes: MOST_ARCHIVE_BYTES, room: Room::default() }
    }
}

/// What is fetched, and where to.
#[derive(Clone, Debug)]
pub struct Order {
    /// The lock file.
    pub lock: PathBuf,
    /// The folder with the builders' certificates.
    pub keys: PathBuf,
    /// The architecture, as `uname -m` tells it.
    pub arch: String,
    /// The folder that is made; its parent has to be there, and it must not hold anything.
    pub out: PathBuf,
    /// Instead of the address in the lock file.
    pub base_url: Option<String>,
    /// What bounds it.
    pub bounds: Bounds,
}

/// Why there is no Bitcoin Core.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The lock file or the certificates beside it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The server, or the way to it.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// Not signed as demanded.
    #[error("SHA256SUMS is not signed by enough pinned builders")]
    Signers(#[source] SignersError),
    /// The signed list does not have the archive.
    #[error("the signed SHA256SUMS does not list {0} with one hash")]
    NotListed(String),
    /// There is no pin yet.
    #[error(
        "the lock file has no sha256 for {file}. Its signed SHA256SUMS, signed by {signed_by}, says \
         {listed}. Compare that with a second source, then add to [release.archives.{arch}]: sha256 = \"{listed}\""
    )]
    NoPin {
        /// The archive.
        file: String,
        /// Its architecture.
        arch: String,
        /// The hash in `SHA256SUMS`.
        listed: String,
        /// The builders.
        signed_by: String,
    },
    /// The pin is another.
    #[error("SHA256SUMS says {listed} for {file}, the lock file says {pinned}")]
    OtherPin {
        /// The archive.
        file: String,
        /// The hash in `SHA256SUMS`.
        listed: String,
        /// The hash in the lock file.
        pinned: String,
    },
    /// The archive is another.
    #[error("{file} has the SHA-256 {found}, but {pinned} is signed and pinned")]
    OtherArchive {
        /// The archive.
        file: String,
        /// Its hash.
        found: String,
        /// The hash it should have.
        pinned: String,
    },
    /// The archive is right and yet not usable.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The target folder.
    #[error("{} cannot be made", path.display())]
    Out {
        /// The folder.
        path: PathBuf,
        /// From the system.
        #[source]
        source: io::Error,
    },
}

/// Fetches, checks and unpacks; gives the line that `SOURCE` has.
///
/// # Errors
/// See [`FetchError`]; then nothing was made.
pub fn fetch(order: &Order) -> Result<String, FetchError> {
    let lock = Lock::read(&order.lock)?;
    let release = lock.release()?;
    let archive = release.archive(&order.arch)?;
    let signers = release.signers(&order.keys)?;
    let place = order.base_url.as_ref().unwrap_or(&release.base_url).replace("{version}", &release.version);
    let downloads = Downloads::new(&place, order.bounds.patience)?;

    let sums = downloads.bytes("SHA256SUMS", MOST_SUMS_BYTES)?;
    let signatures = downloads.bytes("SHA256SUMS.asc", MOST_SIGNATURE_BYTES)?;
    let signed_by = signers
        .check(&sums, &signatures, release.builders_required, SystemTime::now())
        .map_err(FetchError::Signers)?
        .signed_by
        .join(", ");
    let pinned = pinned_hash(release, archive, &order.arch, &String::from_utf8_lossy(&sums), &signed_by)?;

    let staging = staging(&order.out)?;
    let source = format!(
        "Bitcoin Core {}, official release, SHA-256 {pinned}, signed by {signed_by}",
        release.version
    );
    get_and_unpack(&downloads, release, archive, &pinned, staging.path(), order.bounds)?;
    place_at(staging, &order.out, &source)?;
    Ok(source)
}

/// The hash that both the signed list and the lock file give for the archive.
fn pinned_hash(
    release: &Release,
    archive: &Archive,
    arch: &str,
    sums: &str,
    signed_by: &str,
) -> Result<String, FetchError> {
    let file = release.file_name(archive);
    let Some(listed) = sums::hash_of(sums, &file) else { return Err(FetchError::NotListed(file)) };
    let Some(pinned) = &archive.sha256 else {
        let (arch, signed_by) = (arch.to_owned(), signed_by.to_owned());
        return Err(FetchError::NoPin { file, arch, listed, signed_by });
    };
    let pinned = pinned.to_ascii_lowercase();
    if listed != pinned {
        return Err(FetchError::OtherPin { file, listed, pinned });
    }
    Ok(pinned)
}

fn get_and_unpack(
    downloads: &Downloads,
    release: &Release,
    archive: &Archive,
    pinned: &str,
    to: &Path,
    bounds: Bounds,
) -> Result<(), FetchError> {
    let failed = |source| FetchError::Out { path: to.to_owned(), source };
    let name = release.file_name(archive);
    // Without a name, so that it is gone however this ends.
    let mut file: File = tempfile::tempfile_in(to).map_err(failed)?;
    let found = downloads.write(&name, bounds.archive_bytes, &mut file)?;
    if found != pinned {
        return Err(FetchError::OtherArchive { file: name, found, pinned: pinned.to_owned() });
    }
    file.rewind().map_err(failed)?;
    archive::unpack(io::BufReader::new(file), &release.version, to, bounds.room)?;
    Ok(())
}

/// A folder beside `out` that disappears unless it gets its name.
fn staging(out: &Path) -> Result<tempfile::TempDir, FetchError> {
    let failed = |source| FetchError::Out { path: out.to_owned(), source };
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let beside = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    tempfile::Builder::new().prefix(".bitcoin-release.").tempdir_in(beside).map_err(failed)
}

fn place_at(staging: tempfile::TempDir, out: &Path, source: &str) -> Result<(), FetchError> {
    let placed = archive::write_source(staging.path(), source)
        .and_then(|()| fs::set_permissions(staging.path(), fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(staging.path(), out));
    match placed {
        // It has another name now, so there is nothing to remove.
        Ok(()) => {
            let _old_name = staging.keep();
            Ok(())
        }
        Err(source) => Err(FetchError::Out { path: out.to_owned(), source }),
    }
}
