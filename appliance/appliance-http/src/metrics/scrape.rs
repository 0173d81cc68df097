//! Reading the figures.

use std::fs;

use appliance_core::health::ComponentState;
use prometheus_client::encoding::text;

use super::{ComponentLabels, Metrics};
use crate::Services;

/// Every figure in the OpenMetrics text format. Blocks for a moment.
pub(crate) fn scrape(metrics: &Metrics, services: &Services) -> Result<String, std::fmt::Error> {
    components(metrics, services);
    let node = services.node.status();
    metrics.node_height.set(i64::try_from(node.blocks).unwrap_or(i64::MAX));
    metrics.node_headers.set(i64::try_from(node.headers).unwrap_or(i64::MAX));
    metrics.resident.set(resident_bytes().unwrap_or(0));
    let mut out = String::with_capacity(16 << 10);
    text::encode(&mut out, &metrics.registry)?;
    Ok(out)
}

fn components(metrics: &Metrics, services: &Services) {
    const STATES: [(ComponentState, &str); 5] = [
        (ComponentState::Ready, "ready"),
        (ComponentState::Starting, "starting"),
        (ComponentState::Degraded, "degraded"),
        (ComponentState::Failed, "failed"),
        (ComponentState::Off, "off"),
    ];
    for component in services.health.components() {
        for (state, name) in STATES {
            let labels = ComponentLabels { component: component.name.clone(), state: name };
            metrics.components.get_or_create(&labels).set(i64::from(component.state == state));
        }
    }
}

/// The service's resident memory, bytes (proc(5): `VmRSS`, in kibibytes).
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
