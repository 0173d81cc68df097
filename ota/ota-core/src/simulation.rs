//! A boot partition in memory, whose power can be cut, and the firmware that starts from it.
//!
//! For tests, of this crate and of those who build on it. [`MemoryFolder`] keeps apart what was written and
//! what is on the medium; a power cut leaves the latter and any part of what was under way, as FAT does, renames that
//! are torn apart among it. [`systemd_boot`] and [`tryboot`] do what the boot loaders do with it.
//!
//! Limits: a digest is not computed: [`MemoryFolder::digest`] stands for it.

mod firmware;
mod folder;
mod medium;

pub use firmware::{systemd_boot, systemd_boot_cut, tryboot};
pub use folder::MemoryFolder;
