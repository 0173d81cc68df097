//! Accelerators: the devices that could run a model.

use serde::{Deserialize, Serialize};

use crate::HalResult;

/// What sort of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceleratorKind {
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

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accelerator {
    /// The driver's name for it.
    pub name: String,
    /// What sort.
    pub kind: AcceleratorKind,
    /// Driver and its version, as far as known.
    pub driver: String,
    /// The programming interface, `vulkan`.
    pub backend: String,
    /// PCI vendor number; 0 where there is none.
    pub vendor: u32,
    /// Largest storage buffer that a shader can bind, bytes.
    pub max_binding_bytes: u64,
    /// Whether shaders may compute in 16-bit floats.
    pub f16: bool,
    /// Whether shaders may use subgroup operations.
    pub subgroups: bool,
}

/// Lists accelerators. Loads drivers, so it may take seconds and memory.
pub trait AcceleratorProbe: Send + Sync {
    /// Every device the drivers report; empty without drivers.
    ///
    /// # Errors
    /// `Timeout` when a driver hangs, `Device` when the probe dies.
    fn accelerators(&self) -> HalResult<Vec<Accelerator>>;
}
