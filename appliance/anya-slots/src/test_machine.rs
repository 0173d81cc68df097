//! A machine in a folder: 1.0.0 runs from slot A, slot B is empty. Files stand in the place of partitions, and
//! boot partitions are folders that are there whether they are mounted or not.

mod raspberry_pi;
pub(crate) mod release;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use hal_sim::SimEpochCounter;
use nix::sys::stat::{major, minor};
use ota_client::gpt::{self, BlockDevice, Change};
use ota_client::slot_keeper::SlotKeeper;
use ota_core::digest::RootHash;
use ota_core::slots::{SlotFacts, Slots};
use ota_core::trust::Known;
use root_side::program::Scripted;
use tempfile::TempDir;
use uuid::Uuid;

use crate::disk::{BASIC_DATA, Disk, ESP, ROOTS, SLOTS_BOOT, VERITY};
use crate::keeper::Keeper;
use crate::places::Places;
use crate::run_files;
use crate::serve::serve;
use crate::store::Store;

pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// What starts the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Firmware {
    Uefi,
    RaspberryPi,
}

/// The machine.
pub(crate) struct TestMachine {
    folder: TempDir,
    firmware: Firmware,
    pub(crate) places: Places,
    pub(crate) counter: SimEpochCounter,
}

fn put(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<_> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The root hash of the version that runs.
pub(crate) fn running_hash() -> RootHash {
    "11".repeat(32).parse().unwrap()
}

impl TestMachine {
    /// With this signer list in its image.
    pub(crate) fn trusting(signers: &[u8]) -> Self {
        let machine = Self::with(Firmware::Uefi, signers);
        machine.entry("anya_1.0.0+2-1.efi", b"the running kernel image");
        machine
    }

    fn with(firmware: Firmware, signers: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::under(folder.path());
        put(places.command_line(), format!("quiet roothash={} console=tty1\n", running_hash()));
        put(places.os_release(), "NAME=Anya\nIMAGE_ID=anya\nIMAGE_VERSION=\"1.0.0\"\n");
        put(places.image().join("board"), "qemu-x86_64\n");
        put(places.image().join("signers/1.json"), signers);
        put(places.clock_epoch(), "");
        let built = OpenOptions::new().write(true).open(places.clock_epoch()).unwrap();
        built.set_modified(release::time("2026-10-01T00:00:00Z")).unwrap();
        put(places.synchronised(), "");
        fs::create_dir_all(places.data()).unwrap();
        run_files::make_folder(&places).unwrap();
        let machine = Self { folder, firmware, places, counter: SimEpochCounter::new() };
        machine.make_disk();
        machine
    }

    fn make_disk(&self) {
        let disk = self.places.root().join("sys").join("class/block/vda");
        put(disk.join("uevent"), "DEVNAME=vda\nDEVTYPE=disk\n");
        let hash = running_hash();
        let (other, [a, b]) = (Uuid::nil(), [hash.root_uuid(), hash.verity_uuid()]);
        let mut table = Vec::new();
        let boot = match self.firmware {
            Firmware::Uefi => &[][..],
            Firmware::RaspberryPi => &SLOTS_BOOT,
        };
        let boot = boot.iter().map(|label| (BASIC_DATA, other, *label));
        for (number, (kind, uuid, label)) in
            (1_u32..).zip([(ESP, other, "esp")].into_iter().chain(boot).chain([
                (ROOTS[0], a, "anya_1.0.0"),
                (VERITY[0], b, "anya_1.0.0"),
                (ROOTS[0], other, Slots::EMPTY),
                (VERITY[0], other, Slots::EMPTY),
            ]))
        {
            table.push((kind, uuid, label));
            let part = format!("vda{number}");
            put(disk.join(&part).join("partition"), format!("{number}\n"));
            put(disk.join(&part).join("uevent"), format!("DEVNAME={part}\nDEVTYPE=partition\n"));
            put(self.places.dev().join(&part), format!("what is in {part}"));
        }
        put(self.device(), vec![0; 64 << 10]);
        gpt::fixture::make(&mut self.disk(), &table);
        self.root_lies_on(match self.firmware {
            Firmware::Uefi => &["vda2", "vda3"],
            Firmware::RaspberryPi => &["vda4", "vda5"],
        });
    }

    /// What the kernel says that the running root is made of.
    pub(crate) fn root_lies_on(&self, parts: &[&str]) {
        let root = fs::metadata(self.places.root()).unwrap();
        let number = format!("{}:{}", major(root.dev()), minor(root.dev()));
        let slaves = self.places.root().join("sys").join("dev/block").join(number).join("slaves");
        let _ = fs::remove_dir_all(&slaves);
        for part in parts {
            fs::create_dir_all(slaves.join(part)).unwrap();
        }
    }

    fn device(&self) -> PathBuf {
        self.places.dev().join("vda")
    }

    fn disk(&self) -> BlockDevice {
        let file = OpenOptions::new().read(true).write(true).open(self.device()).unwrap();
        BlockDevice::new(file, 512).unwrap()
    }

    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.places.dev().join(name)
    }

    /// Programs that do what the real ones do.
    pub(crate) fn programs(&self) -> Scripted {
        Scripted::default()
    }

    /// The same; this one does not end before the other end of the channel is dropped.
    pub(crate) fn programs_that_wait_for(&self, name: &'static str, channel: Receiver<()>) -> Scripted {
        Scripted::default().does(name, move |_| {
            let _ = channel.recv();
        })
    }

    pub(crate) fn keeper<'a>(&'a self, runner: &'a Scripted) -> Keeper<'a> {
        Keeper { runner, places: &self.places, counter: Some(&self.counter), now: NOW.parse().unwrap() }
    }

    /// Answers whatever the client asks, until it is done.
    pub(crate) fn serving<T: Send>(
        &self,
        runner: &Scripted,
        client: impl FnOnce(&SlotKeeper, &Path) -> T + Send,
    ) -> T {
        let socket = self.places.run().join("socket");
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        listener.set_nonblocking(true).unwrap();
        thread::scope(|scope| {
            let client = scope.spawn(|| client(&SlotKeeper::at(&socket), &socket));
            loop {
                let done = client.is_finished();
                match listener.accept() {
                    Ok((stream, _)) => serve(&self.keeper(runner), stream).unwrap(),
                    Err(_) if done => break,
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
            client.join().unwrap()
        })
    }

    fn entries(&self) -> PathBuf {
        self.places.esp().join("EFI/Linux")
    }

    /// Adds an entry of the boot loader.
    pub(crate) fn entry(&self, name: &str, kernel_image: &[u8]) {
        put(self.entries().join(name), kernel_image);
    }

    /// The boot loader starts what it should: its entries.
    pub(crate) fn entry_names(&self) -> Vec<String> {
        self.names_that_end_in(".efi")
    }

    /// What makes up for an entry that gets lost.
    pub(crate) fn spares(&self) -> Vec<String> {
        self.names_that_end_in(".spare")
    }

    fn names_that_end_in(&self, ending: &str) -> Vec<String> {
        names(&self.entries()).into_iter().filter(|name| name.ends_with(ending)).collect()
    }

    pub(crate) fn entry_content(&self, name: &str) -> Vec<u8> {
        fs::read(self.entries().join(name)).unwrap()
    }

    pub(crate) fn trial(&self) -> Option<String> {
        fs::read_to_string(self.places.esp().join("EFI/anya/trial.json")).ok()
    }

    pub(crate) fn put_trial(&self, text: &str) {
        put(self.places.esp().join("EFI/anya/trial.json"), text);
    }

    /// What the partition table says of the slots.
    pub(crate) fn facts(&self) -> [SlotFacts; 2] {
        Disk::find(&self.places).unwrap().facts()
    }

    /// Gives a partition another label.
    pub(crate) fn label(&self, from: &str, to: &str) {
        let found = gpt::partitions(&self.disk()).unwrap().into_iter().find(|entry| entry.label == from);
        let change = Change { number: found.unwrap().number, uuid: None, label: to.to_owned() };
        gpt::change(&mut self.disk(), &[change]).unwrap();
    }

    /// Says that a version lies in slot B.
    pub(crate) fn label_other(&self, label: &str) {
        let change = |number| Change { number, uuid: None, label: label.to_owned() };
        let other = match self.firmware {
            Firmware::Uefi => [4, 5],
            Firmware::RaspberryPi => [6, 7],
        };
        gpt::change(&mut self.disk(), &other.map(change)).unwrap();
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.places).unwrap().unwrap()
    }

    pub(crate) fn known(&self) -> Known {
        self.store().known().unwrap()
    }

    /// Closes the data partition.
    pub(crate) fn close_data(&self) {
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }

    /// The image is of another version, as after a restart into it.
    pub(crate) fn runs(&self, version: &str) {
        put(self.places.os_release(), format!("IMAGE_ID=anya\nIMAGE_VERSION={version}\n"));
    }
}
