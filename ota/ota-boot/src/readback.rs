//! Reads what was written back from the medium: through the descriptor that wrote it, past the cache.
//!
//! What is verified is what was written (RAUC CVE-2020-25860 verified one file and installed another). The
//! kernel's cache would answer with what it was given, not with what the medium took; so what it holds of the
//! file is synced and dropped first (`POSIX_FADV_DONTNEED`, posix_fadvise(2)).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use ota_core::manifest::Content;

use crate::digest::Hasher;

/// Brings a file to the medium, and makes the kernel forget its content.
///
/// # Errors
/// The system's.
pub fn forget(file: &File) -> io::Result<()> {
    file.sync_all()?;
    // A length of zero is all of it.
    Ok(posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?)
}

/// Size and digest of the first `size` bytes; of fewer, when the file ends before.
///
/// # Errors
/// The system's.
pub fn content(file: &File, size: u64) -> io::Result<Content> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 1 << 20];
    let mut offset = 0;
    while offset < size {
        let most = usize::try_from(size - offset).map_or(buffer.len(), |left| left.min(buffer.len()));
        match file.read_at(&mut buffer[..most], offset) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&buffer[..length]);
                offset += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Content { size: offset, sha256: hasher.finish() })
}

/// Whether the medium has what was promised, at the beginning of a file or partition.
///
/// # Errors
/// The system's.
pub fn holds(file: &File, promised: &Content) -> io::Result<bool> {
    forget(file)?;
    Ok(content(file, promised.size)? == *promised)
}
