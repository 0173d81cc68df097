//! Why a partition table cannot be read or changed.

use std::fmt;
use std::io;

use thiserror::Error;

/// One of the two copies of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// At the disk's beginning.
    Primary,
    /// At its end.
    Backup,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        })
    }
}

/// Why a table cannot be read or changed.
#[derive(Debug, Error)]
pub enum GptError {
    /// Neither copy is whole.
    #[error("the disk has no partition table that is whole: the primary one {primary}, the backup {backup}")]
    NoTable {
        /// What is wrong with the one at the disk's beginning.
        primary: Fault,
        /// What is wrong with the one at its end.
        backup: Fault,
    },
    /// A partition that is to be changed is not there.
    #[error("the disk has no partition {0}")]
    NoPartition(u32),
    /// A label has more than 36 UTF-16 units.
    #[error("`{0}` is too long for a partition's label")]
    LabelTooLong(String),
    /// What was written before cannot be brought to the medium.
    #[error("cannot flush the disk")]
    Flush(#[source] io::Error),
    /// A copy cannot be written, or not be read back.
    #[error("cannot write the {0} partition table")]
    Write(Which, #[source] io::Error),
    /// The medium has something else than what was written.
    #[error("the {0} partition table did not come to the disk")]
    NotKept(Which),
}

/// What is wrong with a copy.
#[derive(Debug, Error)]
pub enum Fault {
    /// The disk fails, or ends before.
    #[error("cannot be read ({0})")]
    Unreadable(io::Error),
    /// There is no signature.
    #[error("is not there")]
    Absent,
    /// Another revision, or header or entries of other lengths.
    #[error("is of an unknown kind")]
    Unknown,
    /// A checksum is wrong.
    #[error("is damaged")]
    Damaged,
    /// It says that it, its entries or partitions lie where they cannot.
    #[error("contradicts itself about places on the disk")]
    Misplaced,
}
