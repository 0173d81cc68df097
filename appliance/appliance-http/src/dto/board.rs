//! The board and the devices that compute.

use hal_api::{Accelerator, AcceleratorKind};
use serde::Serialize;
use utoipa::ToSchema;

/// One thermometer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Temperature {
    /// The kernel's name for it.
    sensor: String,
    /// Degrees Celsius.
    celsius: f32,
}

/// One file system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Disk {
    /// Where it is mounted, or what is kept on it.
    path: String,
    /// Size, bytes.
    total_bytes: u64,
    /// Room left to the service, bytes.
    available_bytes: u64,
}

/// One reading of everything the board measures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BoardReading {
    hostname: String,
    /// Processor, as the kernel names it.
    processor: String,
    /// Logical processors.
    cores: u32,
    /// Processes wanting to run, averaged over a minute.
    load_1min: f32,
    memory_total_bytes: u64,
    /// Memory that could be given out now, bytes.
    memory_available_bytes: u64,
    /// Resident memory of the box's service, bytes.
    service_resident_bytes: u64,
    /// Time since the kernel started, seconds.
    uptime_seconds: u64,
    /// The disk that holds the data folder.
    data_disk: Disk,
    /// Empty where there are none.
    temperatures: Vec<Temperature>,
}

impl From<hal_api::BoardReading> for BoardReading {
    fn from(reading: hal_api::BoardReading) -> Self {
        let hal_api::Disk { path, total_bytes, available_bytes } = reading.data_disk;
        let thermometer = |t: hal_api::Temperature| Temperature { sensor: t.sensor, celsius: t.celsius };
        Self {
            hostname: reading.hostname,
            processor: reading.processor,
            cores: reading.cores,
            load_1min: reading.load_1min,
            memory_total_bytes: reading.memory_total_bytes,
            memory_available_bytes: reading.memory_available_bytes,
            service_resident_bytes: reading.service_resident_bytes,
            uptime_seconds: reading.uptime_seconds,
            data_disk: Disk { path, total_bytes, available_bytes },
            temperatures: reading.temperatures.into_iter().map(thermometer).collect(),
        }
    }
}

/// The box itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct System {
    #[schema(example = "Anya Box")]
    pub(crate) name: &'static str,
    #[schema(example = "0.1.0")]
    pub(crate) version: String,
    pub(crate) hostname: String,
    /// When the service started.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) started_at: jiff::Timestamp,
    /// Time since the service started, seconds.
    pub(crate) uptime_seconds: u64,
    pub(crate) profile: crate::Profile,
    pub(crate) board: BoardReading,
    /// Where the box is reached.
    #[schema(example = "https://localhost:8443")]
    pub(crate) address: String,
}

/// What sort of device.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceKind {
    /// The processor.
    Cpu,
    /// A graphics card with memory of its own.
    DiscreteGpu,
    /// A graphics unit that shares the processor's memory.
    IntegratedGpu,
    /// A virtual machine's graphics unit.
    VirtualGpu,
    /// A driver that computes on the processor (lavapipe): correct, never fast.
    Software,
    /// The driver does not say.
    Other,
}

/// A device that could run a model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Device {
    name: String,
    kind: DeviceKind,
    /// Driver and its version, as far as known; empty for the processor.
    driver: String,
    /// The programming interface: `vulkan`, or `native` for the processor.
    backend: String,
    /// PCI vendor number; 0 where there is none.
    vendor: u32,
    /// Largest buffer that a shader can bind, bytes; 0 for the processor.
    max_binding_bytes: u64,
    /// Whether shaders may compute in 16-bit floats.
    f16: bool,
    /// Whether shaders may use subgroup operations.
    subgroups: bool,
    /// Whether this is a driver that computes on the processor.
    software: bool,
}

impl Device {
    /// The processor.
    pub(crate) fn cpu(name: String) -> Self {
        Self {
            name,
            kind: DeviceKind::Cpu,
            driver: String::new(),
            backend: "native".to_owned(),
            vendor: 0,
            max_binding_bytes: 0,
            f16: false,
            subgroups: false,
            software: false,
        }
    }
}

impl From<Accelerator> for Device {
    fn from(device: Accelerator) -> Self {
        let kind = match device.kind {
            AcceleratorKind::DiscreteGpu => DeviceKind::DiscreteGpu,
            AcceleratorKind::IntegratedGpu => DeviceKind::IntegratedGpu,
            AcceleratorKind::VirtualGpu => DeviceKind::VirtualGpu,
            AcceleratorKind::Software => DeviceKind::Software,
            AcceleratorKind::Other => DeviceKind::Other,
        };
        Self {
            name: device.name,
            kind,
            driver: device.driver,
            backend: device.backend,
            vendor: device.vendor,
            max_binding_bytes: device.max_binding_bytes,
            f16: device.f16,
            subgroups: device.subgroups,
            software: device.kind == AcceleratorKind::Software,
        }
    }
}

/// The devices, and how far the search for them is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Devices {
    /// The processor first.
    pub(crate) items: Vec<Device>,
    pub(crate) state: crate::ProbeState,
    /// Why the search failed.
    #[schema(required)]
    pub(crate) detail: Option<String>,
}
