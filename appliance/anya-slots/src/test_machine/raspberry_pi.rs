//! The machine on a board that starts by `tryboot`.

use std::fs;
use std::path::PathBuf;

use ota_client::boot_folder::BootPartition;
use ota_core::slots::{Slot, tryboot};

use super::{Firmware, TestMachine, names, put};

impl TestMachine {
    /// The same, started by `tryboot`: it has its first start of three behind it.
    pub(crate) fn raspberry_pi(signers: &[u8]) -> Self {
        let machine = Self::with(Firmware::RaspberryPi, signers);
        machine.default_is(Slot::A);
        put(machine.first("tries.2"), "");
        machine.boot_img(Slot::A, b"the running kernel image");
        fs::create_dir_all(machine.places.boot(Slot::B)).unwrap();
        machine
    }

    fn first(&self, name: &str) -> PathBuf {
        self.places.esp().join(name)
    }

    /// Puts a kernel image into a slot's own boot partition.
    pub(crate) fn boot_img(&self, slot: Slot, kernel_image: &[u8]) {
        put(self.places.boot(slot).join("boot.img"), kernel_image);
    }

    /// The files in a slot's own boot partition.
    pub(crate) fn boot_files(&self, slot: Slot) -> Vec<String> {
        names(&self.places.boot(slot))
    }

    /// The slot that the firmware starts, and what is counted of the starts.
    pub(crate) fn tryboot(&self) -> (Option<Slot>, Vec<String>) {
        let default = tryboot::default_slot(&fs::read(self.first("autoboot.txt")).unwrap());
        let counted = names(&self.places.esp()).into_iter().filter(|name| name.starts_with("tri"));
        (default, counted.collect())
    }

    /// The firmware starts this slot.
    pub(crate) fn default_is(&self, slot: Slot) {
        put(self.first("autoboot.txt"), tryboot::autoboot(slot));
    }

    /// What the initrd does: this slot was started.
    pub(crate) fn count_start(&self, slot: Slot) {
        let mut first = BootPartition::open(self.places.esp()).unwrap();
        tryboot::count_start(&mut first, slot, || true).unwrap();
    }
}
