//! A driver for every device: the kernel tells of each what would fit it, and who looks after modules loads that.
//!
//! In a thread of its own: a device that does not answer to its driver stops nobody but this one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::kernel_events::KernelEvents;
use crate::modules::Modules;

/// Where the kernel tells of the devices on each of its buses.
const BUSES: &str = "sys/bus";
/// Between two looks when nothing is told.
const PAUSE: Duration = Duration::from_secs(60);

/// The drivers, as far as the initrd has them.
pub(crate) struct Drivers(Arc<AtomicBool>);

impl Drivers {
    /// Begins to load the drivers of all devices that there are and that come.
    ///
    /// # Errors
    /// There is no memory for a thread.
    pub(crate) fn begin(modules: Modules) -> Result<Self> {
        let events = KernelEvents::listen()?;
        let drivers = Self(Arc::default());
        let done = Arc::clone(&drivers.0);
        let load = move || look_after(modules, &events, &done);
        thread::Builder::new().name("drivers".into()).spawn(load).context("cannot begin to load drivers")?;
        Ok(drivers)
    }

    /// Whether every device that there was at the start has its driver.
    pub(crate) fn are_there(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

fn look_after(mut modules: Modules, events: &KernelEvents, done: &AtomicBool) {
    let mut seen = BTreeSet::new();
    loop {
        let told = told(Path::new("/"));
        let new: Vec<String> = told.into_iter().filter(|alias| !seen.contains(alias)).collect();
        if new.is_empty() {
            done.store(true, Ordering::Release);
            events.wait(PAUSE);
        }
        for alias in new {
            modules.load(&alias);
            seen.insert(alias);
        }
    }
}

/// What the kernel tells of all devices.
fn told(root: &Path) -> BTreeSet<String> {
    let buses = below(&root.join(BUSES));
    let devices = buses.flat_map(|bus| below(&bus.join("devices")));
    let aliases = devices.filter_map(|device| fs::read_to_string(device.join("modalias")).ok());
    aliases.map(|alias| alias.trim().to_owned()).filter(|alias| !alias.is_empty()).collect()
}

fn below(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_on_every_bus_is_told_once() {
        let root = tempfile::tempdir().unwrap();
        for (device, alias) in [
            ("pci/devices/0000:00:01.0", "pci:v00001AF4d00001042\n"),
            ("virtio/devices/virtio0", "virtio:d00000002v00001AF4\n"),
            ("cpu/devices/cpu0", "cpu:type:x86\n"),
            ("cpu/devices/cpu1", "cpu:type:x86\n"),
            ("acpi/devices/empty", "\n"),
        ] {
            let at = root.path().join(BUSES).join(device);
            fs::create_dir_all(&at).unwrap();
            fs::write(at.join("modalias"), alias).unwrap();
        }
        fs::create_dir_all(root.path().join(BUSES).join("pci/devices/0000:00:02.0")).unwrap();
        let expected = ["cpu:type:x86", "pci:v00001AF4d00001042", "virtio:d00000002v00001AF4"];
        assert_eq!(Vec::from_iter(told(root.path())), expected);
    }
}
