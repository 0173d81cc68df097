//! What a start does without, and what it makes use of.

use std::fs;
use std::path::{Path, PathBuf};

use crate::dev::dev_copy;
use crate::turn::turn;

/// The units that the image's own files mask. Those with an `@` lie in `/usr`: when units are enabled, systemctl removes
/// their masks from `/etc`.
fn masks() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../image/rootfs");
    let units = ["etc/systemd/system", "usr/lib/systemd/system"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    let is_mask = |path: &PathBuf| fs::read_link(path).is_ok_and(|to| to == Path::new("/dev/null"));
    units.filter(is_mask).map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_unit_that_no_box_needs_is_masked() {
    let masks = masks();
    assert!(masks.iter().any(|unit| unit.starts_with("modprobe@")), "{masks:?}");
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let told = machine.sh(&format!("systemctl show --property=Id,LoadState {}", masks.join(" "))).unwrap();
    let units = told.trim().split("\n\n").filter(|unit| !unit.contains("LoadState=masked"));
    assert_eq!(units.collect::<Vec<_>>(), [""; 0], "of {} units", masks.len());
    assert_eq!(told.matches("LoadState=").count(), masks.len(), "{told}");
}

#[test]
fn the_processors_own_instructions_check_the_root_and_cards_are_looked_for_where_nobody_tells_of_them() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let told = machine.sh("dmesg | grep 'verity: sha256 using'").unwrap();
    assert!(!told.contains("generic"), "{told}");
    let milliseconds = machine.sh("cat /sys/module/block/parameters/events_dfl_poll_msecs").unwrap();
    assert_eq!(milliseconds.trim(), "2000");
}
