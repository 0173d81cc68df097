//! A start that hangs is ended by the hardware's watchdog, and costs a try.

use std::time::Instant;

use image::build::Profile;
use ota_core::slots::entry::EntryName;
use qemu_tests::disk::Disk;
use qemu_tests::machine::{BOOT, Machine, Setup};
use qemu_tests::states::{State, of_line};

use crate::dev::dev_box;
use crate::release_box::turn;

/// In the initrd, systemd itself is frozen as soon as it feeds the watchdog. There is no `sleep`.
const HANG: &str = r#"[Unit]
DefaultDependencies=no
ConditionPathExists=/etc/initrd-release
After=systemd-udev-trigger.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'until read -r state </sys/class/watchdog/watchdog0/state && [ "$state" = active ]; do :; done; \
    echo hanging >/dev/console; echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze'
"#;

#[test]
fn a_start_that_hangs_before_the_root_is_ended_by_the_watchdog_and_costs_a_try() {
    let turn = turn();
    let lab = &turn.lab;
    let disk = Disk::new(lab, "watchdog", &lab.disk(Profile::Dev)).unwrap();
    let setup = Setup::default()
        .with_credential("systemd.extra-unit.anya-hang.service", HANG)
        .with_credential("systemd.unit-dropin.sysinit.target~anya-hang", "[Unit]\nWants=anya-hang.service\n");
    let machine = Machine::start(lab, &disk, &setup).unwrap();
    let hangs = |line: &str| (line == "hanging").then_some(());
    machine.serial().wait("the hang", 0, BOOT, hangs).unwrap();
    let (hung, mark) = (Instant::now(), machine.serial().mark());
    let loader = |line: &str| (of_line(line) == Some(State::Loader)).then_some(());
    machine.serial().wait("the start after it", mark, BOOT, loader).unwrap();
    println!("bitten {:.0} s after the hang", hung.elapsed().as_secs_f64());
    machine.serial().wait("the next hang", mark, BOOT, hangs).unwrap();
    machine.cut_power();

    let entries = disk.entries(lab).unwrap();
    let tries = entries.iter().find_map(|name| EntryName::parse(name)).unwrap().tries.unwrap();
    assert_eq!((tries.left, tries.done), (1, 2), "{entries:?}");
    disk.discard();
}

#[test]
fn systemd_feeds_a_hardware_watchdog_from_the_initrd_on() {
    let turn = turn();
    let mut machine = dev_box(&turn).resume(&turn.lab).unwrap();
    let told = machine.sh("journalctl --boot --no-pager --output cat _PID=1 | grep -i watchdog").unwrap();
    let used: Vec<&str> = told.lines().filter(|line| line.contains("hardware watchdog")).collect();
    assert!(!used.is_empty() && used.iter().all(|line| line.contains("i6300ESB")), "{told}");
    assert_eq!(machine.sh("systemctl show --value --property RuntimeWatchdogUSec").unwrap().trim(), "1min");
}
