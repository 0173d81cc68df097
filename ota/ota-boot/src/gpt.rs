//! The partition table of a disk (GPT; UEFI 2.10, chapter 5): read, and changed so that no power cut loses it.
//!
//! # Design
//!
//! A table stands on the disk twice, each time as a header and an array of entries whose checksums hold them
//! together: at the disk's beginning, and as a backup at its end. A disk with a cache of its own writes what it was
//! given in any order until it is told to empty that cache; so a copy that is being written is worth nothing.
//! [`change`] therefore writes one copy at a time, brings it to the medium, reads it back from there, and touches
//! the other one only then. Where one is damaged at the start, it is made whole before the other changes.
//!
//! So at every moment one of the two is whole, with the partitions as they were or as they are to be. What finds the
//! first copy damaged takes the backup: [`partitions`] does, EDK2's firmware does and repairs the first one, and
//! Linux does when it is started with `gpt`.
//!
//! It is own code because neither sfdisk nor the crate `gpt` keeps to that: sfdisk writes over the backup also where
//! that is the only copy that is whole, the crate flushes once, at the end.
//!
//! # Limits
//!
//! Partitions keep their places; labels and unique ids change. Sectors have 512 or 4096 bytes, entries 128. The
//! kernel writes pages: no partition may share one with the backup, and none does that ends on a multiple of 4096
//! bytes.

mod change;
mod entry;
mod error;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
mod header;
mod medium;
mod table;
#[cfg(test)]
mod tests;

pub use change::{Change, change};
pub use entry::Partition;
pub use error::{Fault, GptError, Which};
pub use medium::{BlockDevice, Medium};

/// The partitions of a disk by their numbers, as firmware finds them: by the first copy of the table that is whole.
///
/// # Errors
/// No copy is.
pub fn partitions(medium: &impl Medium) -> Result<Vec<Partition>, GptError> {
    Ok(table::find(medium)?.1.partitions(medium.sector()))
}
