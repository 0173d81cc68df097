//! How much room there is for the parts, before anything is fetched or written.
//!
//! The facts go into [`BoardFacts::room`](ota_core::trust::BoardFacts), where the manifest's sizes are compared
//! with them. What a boot loader's folder has is in [`BootPartition::room`](crate::boot_folder::BootPartition).

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt;

use nix::sys::statvfs::fstatvfs;

/// The room for a part in bytes: the size of a partition; or, for a file, its length and what is free beside
/// it.
///
/// # Errors
/// The system's; and a file that is neither.
pub fn of(file: &File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    if metadata.file_type().is_block_device() {
        // A descriptor that was handed over shares its position; nothing here relies on it.
        let mut file = file;
        return file.seek(SeekFrom::End(0));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a block device"));
    }
    Ok(metadata.len().saturating_add(free(file)?))
}

/// What is free for everybody on the file system of a file or folder, in bytes.
///
/// # Errors
/// The system's.
pub fn free(file: &File) -> io::Result<u64> {
    let system = fstatvfs(file)?;
    Ok(system.blocks_available().saturating_mul(system.fragment_size()))
}
