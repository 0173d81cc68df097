//! A driver for every device: the kernel tells of each what would fit it, and who looks after modules loads that.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::modules::Modules;

/// Where the kernel tells of the devices on each of its buses.
const BUSES: &str = "sys/bus";

/// The drivers, as far as the initrd has them.
pub(crate) struct Drivers {
    modules: Modules,
    seen: BTreeSet<String>,
}

impl Drivers {
    /// Made of these modules.
    pub(crate) fn new(modules: Modules) -> Self {
        Self { modules, seen: BTreeSet::new() }
    }

    /// Loads the drivers of all devices, until these bring no further device.
    pub(crate) fn load(&mut self) {
        loop {
            let new: Vec<String> =
                told(Path::new("/")).into_iter().filter(|alias| !self.seen.contains(alias)).collect();
            if new.is_empty() {
                return;
            }
            for alias in new {
                self.modules.load(&alias);
                self.seen.insert(alias);
            }
        }
    }

    /// Loads a module that belongs to no device.
    pub(crate) fn load_named(&mut self, name: &str) {
        self.modules.load(name);
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
