//! What firmware and boot loader read of a disk: the partition table, and the folder with what can be started.
//!
//! # Design
//!
//! The rules are `ota-core`'s ([`ota_core::slots`]); here is the I/O of its port
//! [`BootFolder`](ota_core::slots::BootFolder), and what that is made of. It is a crate of its own because two
//! programs need it that have nothing else in common: the one that installs updates, and the rescue system in
//! the initrd, which has room for neither an HTTP client nor an OpenPGP library. `ota-client` hands all of it on.
//!
//! | module | what it does |
//! |---|---|
//! | [`boot_folder`] | the folder, on FAT |
//! | [`fat`] | files in a file system that is itself a file, such as a Raspberry Pi's kernel image |
//! | [`fsck`] | what has to be repaired of it after a power cut |
//! | [`gpt`] | the partition table, which a power cut must not lose |
//! | [`readback`], [`digest`] | what the medium has, not what it was given |
//! | [`room`] | how much room there is |

pub mod boot_folder;
pub mod digest;
pub mod fat;
pub mod fsck;
pub mod gpt;
pub mod readback;
pub mod room;
