//! Finds the box's disk and its data partition in `/sys`.
//!
//! A partition's label alone is not trusted: a stick that is plugged in could carry the same one. The disk
//! is the one that the running root lies on; only that disk's data partition counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use root_side::block;

use crate::places::{PARTITION, Places};

/// The label of the partition that the firmware reads.
const ESP: &str = "esp";

/// Sizes in `/sys` are in units of so many bytes, whatever the disk's own sector is.
const SECTOR: u64 = 512;

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) device: PathBuf,
    /// Its number on the disk.
    pub(crate) number: u32,
    /// Bytes.
    pub(crate) size: u64,
}

/// The box's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) device: PathBuf,
    /// The data partition, once it was made.
    pub(crate) data: Option<Partition>,
}

/// The disk that the running root lies on; without one behind the root, the only disk with an ESP.
pub(crate) fn find(places: &Places) -> Option<Disk> {
    let disks: Vec<_> = block::disks(places.root()).collect();
    let with_esp = |disk: &&PathBuf| block::partitions(disk).any(|at| is_labelled(places, &at, ESP));
    let found = disks.iter().find(|disk| block::carries_root(places.root(), disk)).or_else(|| {
        let mut with_esp = disks.iter().filter(with_esp);
        with_esp.next().filter(|_| with_esp.next().is_none())
    })?;
    let mut partitions = block::partitions(found);
    let data = partitions.find(|at| is_labelled(places, at, PARTITION)).and_then(|at| partition(places, &at));
    Some(Disk { device: block::device(places.root(), found)?, data })
}

fn partition(places: &Places, at: &Path) -> Option<Partition> {
    let sectors: u64 = fs::read_to_string(at.join("size")).ok()?.trim().parse().ok()?;
    let (device, number) = (block::device(places.root(), at)?, block::number(at)?);
    Some(Partition { device, number, size: sectors * SECTOR })
}

/// The kernel knows the label of a partition that it read from the disk itself; of one that a program told
/// it about (BLKPG_ADD_PARTITION, as systemd-repart does), only udev knows it.
fn is_labelled(places: &Places, at: &Path, label: &str) -> bool {
    let told = properties(&at.join("uevent"));
    let told = told.get("PARTNAME").cloned().or_else(|| {
        let number = fs::read_to_string(at.join("dev")).ok()?;
        let known = properties(&places.known_to_udev(number.trim()));
        known.get("E:ID_PART_ENTRY_NAME").cloned()
    });
    told.is_some_and(|found| found.eq_ignore_ascii_case(label))
}

fn properties(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let pair = |line: &str| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
pub(crate) mod fixture {
    //! Disks in a folder that looks like `/sys`.

    use std::os::unix::fs::MetadataExt;

    use nix::sys::stat::{major, minor};

    use super::*;

    /// Adds a disk with partitions of these labels, 1 GiB each.
    pub(crate) fn disk(places: &Places, name: &str, labels: &[&str]) {
        let disk = places.root().join("sys").join("class/block").join(name);
        fs::create_dir_all(&disk).unwrap();
        fs::write(disk.join("uevent"), format!("DEVNAME={name}\nDEVTYPE=disk\n")).unwrap();
        for (index, label) in labels.iter().enumerate() {
            let number = index + 1;
            let part = format!("{name}{number}");
            let at = disk.join(&part);
            fs::create_dir_all(&at).unwrap();
            let uevent = format!("DEVNAME={part}\nDEVTYPE=partition\nPARTN={number}\nPARTNAME={label}\n");
            fs::write(at.join("uevent"), uevent).unwrap();
            fs::write(at.join("partition"), format!("{number}\n")).unwrap();
            fs::write(at.join("size"), "2097152\n").unwrap();
        }
    }

    /// Adds partitions behind those of a disk, as systemd-repart does: the kernel does not know their labels.
    pub(crate) fn added(places: &Places, name: &str, labels: &[&str]) {
        disk(places, name, labels);
        for (index, label) in labels.iter().enumerate() {
            let part = format!("{name}{}", index + 1);
            let at = places.root().join("sys").join("class/block").join(name).join(&part);
            let number = format!("254:{}", index + 1);
            fs::write(at.join("uevent"), format!("DEVNAME={part}\nDEVTYPE=partition\n")).unwrap();
            fs::write(at.join("dev"), format!("{number}\n")).unwrap();
            let known = places.known_to_udev(&number);
            fs::create_dir_all(known.parent().unwrap()).unwrap();
            fs::write(known, format!("S:disk/by-partlabel/{label}\nE:ID_PART_ENTRY_NAME={label}\n")).unwrap();
        }
    }

    /// Lets the root lie on this partition.
    pub(crate) fn root_on(places: &Places, part: &str) {
        let root = fs::metadata(places.root()).unwrap();
        let number = format!("{}:{}", major(root.dev()), minor(root.dev()));
        fs::create_dir_all(
            places.root().join("sys").join("dev/block").join(number).join("slaves").join(part),
        )
        .unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: [&str; 6] = ["esp", "root", "verity", "_empty", "_empty", "data"];

    fn machine() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::under(folder.path());
        (folder, places)
    }

    #[test]
    fn the_data_partition_of_the_roots_disk_is_found_whatever_else_is_plugged_in() {
        let (folder, places) = machine();
        fixture::disk(&places, "sda", &["esp", "data"]);
        fixture::disk(&places, "vda", &BOX);
        fixture::disk(&places, "dm-0", &[]);
        assert_eq!(find(&places), None, "two disks look alike, and nothing tells which it is");
        fixture::root_on(&places, "vda2");
        let found = find(&places).unwrap();
        assert_eq!(found.device, folder.path().join("dev/vda"));
        let data = found.data.unwrap();
        assert_eq!((data.number, data.size), (6, 1 << 30));
        assert_eq!(data.device, folder.path().join("dev/vda6"));
    }

    #[test]
    fn a_new_disk_has_no_data_partition_yet() {
        let (_folder, places) = machine();
        assert_eq!(find(&places), None);
        fixture::disk(&places, "vda", &BOX[..3]);
        fixture::disk(&places, "sda", &["data"]);
        assert_eq!(find(&places).unwrap().data, None, "a stick's data partition is not the box's");
    }
}
