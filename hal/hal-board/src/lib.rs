//! The board on Linux: sensors, graphics cards, the service manager and the system's journal.
//!
//! # Design
//!
//! - [`LinuxSensors`] reads `/proc`, `/sys` and the file system's statistics; no program is started.
//! - Listing graphics cards loads drivers, which take memory and can crash. So the service asks a
//!   [`ChildProbe`], which starts the service's own program again and reads what [`probe_in_process`]
//!   found there, within a bound.
//! - [`SystemdServiceManager`] tells systemd how the service is; [`SystemdJournal`] reads back what the
//!   service logged. Without systemd both are absent, not broken.
//! - [`BoxVolume`] asks `anya-data`, which alone may touch the disk, about the data partition.
//!
//! # Limits
//!
//! Graphics cards are found through Vulkan only.

mod child_probe;
mod data_volume;
mod error_map;
mod journal;
mod sensors;
mod systemd_manager;
mod vulkan;

pub use child_probe::ChildProbe;
pub use data_volume::BoxVolume;
pub use journal::SystemdJournal;
pub use sensors::LinuxSensors;
pub use systemd_manager::SystemdServiceManager;
pub use vulkan::probe_in_process;
