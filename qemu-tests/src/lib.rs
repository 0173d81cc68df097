//! Boots the built image in QEMU and drives it from outside.
pub mod agent;
mod arguments;
pub mod box_client;
pub mod chance;
pub mod dev_box;
pub mod disk;
pub mod lab;
pub mod machine;
pub mod plain_debian;
pub mod power_cuts;
mod process;
pub mod qmp;
pub mod screen;
pub mod serial;
pub mod snapshot;
pub mod states;
pub mod tamper;
mod tpm;
