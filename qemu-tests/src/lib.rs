//! Boots the built image in QEMU and drives it from outside, as an owner would.
//!
//! # Design
//!
//! A [`machine::Machine`] is one QEMU with firmware, a software TPM and a disk of its own (a
//! [`disk::Disk`]: a copy-on-write layer over the image, the firmware's variables, the TPM's state). What
//! the guest does is read from its serial console ([`serial`], [`states`]) and from the service
//! ([`box_client`]). The release image is only ever seen that way. The dev image, which is the same root
//! under another signed command line, also has a root shell ([`agent`]) that the tests bring along.
//!
//! Everything runs under emulation, so that it runs wherever the tests do. A boot takes a minute; what
//! does not need its own begins from a snapshot ([`snapshot`], [`dev_box`]).
//!
//! # Limits
//!
//! One program at a time drives machines on one checkout ([`lab`]). A power cut of a machine loses what the guest's
//! kernel had not written; a disk that reorders or tears writes is imitated for the partition table, and for what files
//! of the boot partition hold ([`replay`]).
//!
//! ```text
//! cargo test -p qemu-tests            needs a built image: make image BOARD=qemu-x86_64
//! ANYA_QEMU_IMAGE=folder              another image than the newest of the cache
//! ANYA_QEMU_SEED=7 ANYA_QEMU_CUTS=3   which power cuts, and how many
//! target/qemu-tests/NAME/serial.log   what a machine said
//! ```

pub mod agent;
mod arguments;
pub mod bitcoin_peer;
pub mod box_client;
pub mod chance;
pub mod dev_box;
pub mod disk;
mod disk_driver;
mod fat;
mod gpt;
pub mod lab;
pub mod machine;
mod other_version;
pub mod plain_debian;
pub mod power_cuts;
mod process;
pub mod qmp;
pub mod releases;
pub mod replay;
pub mod screen;
pub mod serial;
pub mod snapshot;
mod stall;
pub mod states;
pub mod stick;
pub mod tamper;
mod tpm;
pub mod update_box;
pub mod update_cuts;
pub mod web_server;
pub mod write_log;
