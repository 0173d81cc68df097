//! A start that hangs is ended, and costs a try.

use std::fs;
use std::time::Instant;

use image::build::Profile;
use ota_core::slots::entry::{EntryName, Tries};
use qemu_tests::disk::Disk;
use qemu_tests::lab::Lab;
use qemu_tests::machine::{BOOT, Machine, Setup};
use qemu_tests::states::{State, of_line};

use crate::dev::dev_copy;
use crate::turn::turn;

fn tries(disk: &Disk, lab: &Lab) -> Tries {
    let entries = disk.entries(lab).unwrap();
    entries.iter().find_map(|name| EntryName::parse(name)).unwrap().tries.unwrap()
}

#[test]
fn a_disk_that_stops_answering_before_the_root_is_there_ends_the_start_and_costs_a_try() {
    let turn = turn();
    let lab = &turn.lab;
    let disk = Disk::new(lab, "silent-disk", &lab.disk(Profile::Release)).unwrap();
    let setup = Setup { silenceable: true, ..Setup::default() };
    let mut machine = Machine::start(lab, &disk, &setup).unwrap();
    assert!(!machine.is_disk_driven().unwrap(), "the firmware has just begun");
    let kernel_image = fs::metadata(lab.image().uki(Profile::Release)).unwrap().len();
    let starts = machine.silence_disk(kernel_image).unwrap();
    let (silent, mark) = (Instant::now(), machine.serial().mark());
    let said = |line: &str| line.contains("The box could not start, and tries again").then_some(());
    machine.stop_at_restart().unwrap();
    machine.serial().wait("what went wrong", mark, BOOT, said).unwrap();
    println!("given up after {:.0} s", silent.elapsed().as_secs_f64());
    machine.wait_off().unwrap();
    assert_eq!(tries(&disk, lab), Tries { left: 3 - starts, done: starts });
    disk.discard();
}

#[test]
fn a_watchdog_is_fed_from_the_initrd_on_and_bites_when_nobody_feeds_it() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    assert!(machine.is_disk_driven().unwrap(), "a stall would be the box's own now");
    let told = machine.sh("journalctl --boot --no-pager --output cat | grep -i watchdog").unwrap();
    let tells = |what: &str| told.lines().any(|line| line.contains(what) && line.contains("i6300ESB"));
    assert!(tells("feeds the watchdog") && tells("Using hardware watchdog"), "{told}");
    assert_eq!(machine.sh("systemctl show --value --property RuntimeWatchdogUSec").unwrap().trim(), "1min");

    let mark = machine.serial().mark();
    // systemd is frozen, and with it whoever answers here.
    let frozen = "systemd-run --quiet --no-block sh -c 'echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze'";
    machine.sh(frozen).unwrap();
    let frozen = Instant::now();
    let starts = |line: &str| (of_line(line) == Some(State::Loader)).then_some(());
    machine.serial().wait("the next start", mark, BOOT, starts).unwrap();
    println!("bitten after {:.0} s", frozen.elapsed().as_secs_f64());
}
