//! Lists graphics cards through Vulkan, in this process.

use hal_api::{Accelerator, AcceleratorKind};
use wgpu::{Adapter, Backends, DeviceType, Features, Instance, InstanceDescriptor};

/// Every Vulkan device, the software one (lavapipe) included; empty without drivers.
///
/// Loads the drivers into this process, where some stay: meant for a short-lived child, see
/// [`crate::ChildProbe`].
pub fn probe_in_process() -> Vec<Accelerator> {
    let descriptor =
        InstanceDescriptor { backends: Backends::VULKAN, ..InstanceDescriptor::new_without_display_handle() };
    let adapters = pollster::block_on(Instance::new(descriptor).enumerate_adapters(Backends::VULKAN));
    adapters.iter().map(describe).collect()
}

fn describe(adapter: &Adapter) -> Accelerator {
    let info = adapter.get_info();
    let features = adapter.features();
    Accelerator {
        kind: match info.device_type {
            DeviceType::DiscreteGpu => AcceleratorKind::DiscreteGpu,
            DeviceType::IntegratedGpu => AcceleratorKind::IntegratedGpu,
            DeviceType::VirtualGpu => AcceleratorKind::VirtualGpu,
            DeviceType::Cpu => AcceleratorKind::Software,
            DeviceType::Other => AcceleratorKind::Other,
        },
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        backend: info.backend.to_str().to_owned(),
        vendor: info.vendor,
        max_binding_bytes: adapter.limits().max_storage_buffer_binding_size,
        f16: features.contains(Features::SHADER_F16),
        subgroups: features.contains(Features::SUBGROUP),
        name: info.name,
    }
}
