//! The board: what it measures of itself.

use serde::{Deserialize, Serialize};

use crate::HalResult;

/// One thermometer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// The kernel's name for it (`x86_pkg_temp`).
    pub sensor: String,
    /// Degrees Celsius.
    pub celsius: f32,
}

/// One file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Where it is mounted or what is kept on it.
    pub path: String,
    /// Size, bytes.
    pub total_bytes: u64,
    /// Room left to the service, bytes.
    pub available_bytes: u64,
}

/// One reading of everything the board measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardReading {
    /// Host name.
    pub hostname: String,
    /// Processor, as the kernel names it.
    pub processor: String,
    /// Logical processors.
    pub cores: u32,
    /// Processes wanting to run, averaged over a minute.
    pub load_1min: f32,
    /// Memory in all, bytes.
    pub memory_total_bytes: u64,
    /// Memory that could be given out now, bytes.
    pub memory_available_bytes: u64,
    /// Resident memory of this service, bytes.
    pub service_resident_bytes: u64,
    /// Time since the kernel started, seconds.
    pub uptime_seconds: u64,
    /// The disk that holds the data folder.
    pub data_disk: Disk,
    /// Thermometers; empty where there are none.
    pub temperatures: Vec<Temperature>,
}

/// Reads the board's sensors.
pub trait BoardSensors: Send + Sync {
    /// One reading; takes a few milliseconds.
    ///
    /// # Errors
    /// `Device` when the kernel's figures cannot be read.
    fn read(&self) -> HalResult<BoardReading>;
}
