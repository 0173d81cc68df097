//! The built image in QEMU, from outside. A boot is a minute of emulation, so the tests share two boxes:
//! `release_box` (the release image after its first boot) and `dev_box` (the dev image, as a snapshot), of which each
//! works on a copy. Two run at a time (`turn`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod console;
mod dev;
mod disk_full;
mod first_boot;
mod kernel_images;
mod media;
mod network;
mod node;
mod power;
mod release_box;
mod rescue;
mod service;
mod start;
mod tampering;
mod tpm;
mod turn;
mod updates;
mod watchdog;
