//! Thermometers (`/sys/class/thermal`, Linux' thermal sysfs API).

use std::fs;
use std::path::Path;

use hal_api::Temperature;

/// Every thermal zone that answers, ordered by name; empty on a machine without.
pub(super) fn read(folder: &Path) -> Vec<Temperature> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut zones: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    zones.sort();
    zones.iter().filter_map(|zone| temperature(zone)).collect()
}

fn temperature(zone: &Path) -> Option<Temperature> {
    let sensor = fs::read_to_string(zone.join("type")).ok()?.trim().to_owned();
    let thousandths: f32 = fs::read_to_string(zone.join("temp")).ok()?.trim().parse().ok()?;
    Some(Temperature { sensor, celsius: thousandths / 1000.0 })
}
