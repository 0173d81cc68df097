//! Thermometers: thermal zones (`/sys/class/thermal`, the kernel's thermal sysfs API) and hardware
//! monitors (`/sys/class/hwmon`, its hwmon sysfs interface), in thousandths of a degree both.

use std::fs;
use std::path::{Path, PathBuf};

use hal_api::Temperature;

/// Every thermometer under `class` (`/sys/class`) that answers, ordered by name; empty on a machine
/// without. The kernel shows most zones a second time as a monitor of the same name: those are left out.
pub(super) fn read(class: &Path) -> Vec<Temperature> {
    let mut found: Vec<_> = entries(&class.join("thermal")).iter().filter_map(|zone| of_zone(zone)).collect();
    let zones = found.len();
    for monitor in entries(&class.join("hwmon")) {
        let Some(name) = text(&monitor.join("name")) else { continue };
        if !found[..zones].iter().any(|zone| zone.sensor == name) {
            found.extend(entries(&monitor).iter().filter_map(|input| of_monitor(&name, input)));
        }
    }
    found
}

fn of_zone(zone: &Path) -> Option<Temperature> {
    Some(Temperature { sensor: text(&zone.join("type"))?, celsius: celsius(&zone.join("temp"))? })
}

/// One of a monitor's thermometers, by its `tempN_input`.
fn of_monitor(monitor: &str, input: &Path) -> Option<Temperature> {
    let number = input.file_name()?.to_str()?.strip_prefix("temp")?.strip_suffix("_input")?;
    let label = text(&input.with_file_name(format!("temp{number}_label")));
    let sensor = label.map_or_else(|| monitor.to_owned(), |label| format!("{monitor} {label}"));
    Some(Temperature { sensor, celsius: celsius(input)? })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries
}

fn text(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

fn celsius(file: &Path) -> Option<f32> {
    let thousandths: f32 = text(file)?.parse().ok()?;
    Some(thousandths / 1000.0)
}
