//! Disks and partitions, by `/sys`. `root` is the root folder, another one in tests.
//!
//! The box's disk is the one that the running root lies on: nothing that is plugged in can take its place, whatever
//! labels it carries.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{major, minor};

/// Where `/sys` tells of every disk, in the order of their names.
pub fn disks(root: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    entries(&root.join("sys/class/block")).filter(|path| !path.join("partition").exists())
}

/// Where `/sys` tells of the partitions of a disk, in the order of their names.
pub fn partitions(disk: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    entries(disk).filter(|path| path.join("partition").is_file())
}

/// The names of the devices that the root's device-mapper device is made of; none when the root is no such device.
#[must_use]
pub fn behind_root(root: &Path) -> Vec<String> {
    let Ok(found) = fs::metadata(root) else { return Vec::new() };
    let number = format!("{}:{}", major(found.dev()), minor(found.dev()));
    entries(&root.join("sys/dev/block").join(number).join("slaves")).filter_map(|path| name(&path)).collect()
}

/// Whether the running root lies on this disk.
#[must_use]
pub fn carries_root(root: &Path, disk: &Path) -> bool {
    let behind = behind_root(root);
    partitions(disk).any(|at| name(&at).is_some_and(|name| behind.contains(&name)))
}

/// The number of a partition in its table, from 1.
#[must_use]
pub fn number(partition: &Path) -> Option<u32> {
    fs::read_to_string(partition.join("partition")).ok()?.trim().parse().ok()
}

/// The device below `/dev` of what `/sys` tells of at this place.
#[must_use]
pub fn device(root: &Path, at: &Path) -> Option<PathBuf> {
    let told = fs::read_to_string(at.join("uevent")).ok()?;
    let name = told.lines().find_map(|line| line.strip_prefix("DEVNAME="))?;
    Some(root.join("dev").join(name))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let mut found: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found.into_iter()
}

fn name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}
