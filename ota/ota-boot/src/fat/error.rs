//! Why a FAT32 file system cannot be read, or a folder of it not be changed.

use std::io;

use thiserror::Error;

/// Why it cannot be read or changed.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum FatError {
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    #[error("it cannot be written")]
    Write(#[source] io::Error),
    #[error("it is no FAT32 file system")]
    NotFat,
    #[error("its file system is damaged")]
    Damaged,
    #[error("the folder is too long")]
    LongFolder,
    #[error("the file is missing")]
    NoFile,
    #[error("the file is there twice")]
    Twice,
    #[error("the file is too long")]
    TooLong,
}
