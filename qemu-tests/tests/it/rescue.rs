//! A box whose systems do not start any more: what was lost is put back, one last chance each, and then somebody is
//! told.

use std::time::Duration;

use ota_core::slots::entry::{EntryName, Tries};
use qemu_tests::disk::Disk;
use qemu_tests::machine::{BOOT, Machine, Setup};
use qemu_tests::screen;
use qemu_tests::states::{State, of_line};
use serde_json::json;

use crate::release_box::release_box;
use crate::turn::{Turn, turn};

/// Takes the last try from the systems of a box that is switched off, which have had so many.
fn spend(disk: &Disk, turn: &Turn, done: u32) {
    let spent = |entry: &EntryName| EntryName {
        version: entry.version.clone(),
        tries: Some(Tries { left: 0, done }),
    };
    disk.rename_entries(&turn.lab, spent).unwrap();
}

/// Switches the box on, waits until the rescue system says so and restarts it, and gives the tries that the system has
/// then.
fn rescued(disk: &Disk, turn: &Turn, said: &str) -> Tries {
    let mut machine = Machine::start(&turn.lab, disk, &Setup::default()).unwrap();
    machine.stop_at_restart().unwrap();
    let says = |line: &str| line.contains(said).then_some(());
    machine.serial().wait(said, 0, BOOT, says).unwrap();
    machine.wait_off().unwrap();
    let entries = disk.entries(&turn.lab).unwrap();
    let systems: Vec<_> = entries.iter().filter_map(|name| EntryName::parse(name)).collect();
    let [system] = &systems[..] else { panic!("one system: {entries:?}") };
    system.tries.unwrap()
}

#[test]
fn a_box_whose_systems_do_not_start_helps_itself_then_says_so_everywhere_and_enter_brings_it_back() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = made.copy(&turn, "rescue");
    let disk = &copy.0;

    // A power cut has lost its entry.
    disk.lose_entries(&turn.lab).unwrap();
    let put_back = rescued(disk, &turn, "It is put right; the box starts again.");
    assert!(put_back.left > 0, "{put_back:?}");
    // It has spent its tries.
    spend(disk, &turn, 3);
    assert_eq!(rescued(disk, &turn, "One more try, with version").left, 1);

    // It has spent its last chance, too.
    spend(disk, &turn, 4);
    let mut machine = Machine::start(&turn.lab, disk, &Setup::default()).unwrap();
    let waits = |line: &str| (of_line(line) == Some(State::Rescue)).then_some(());
    machine.serial().wait("the rescue system", 0, BOOT, waits).unwrap();
    let helps = |line: &str| line.contains("Switching the box off and on does not help").then_some(());
    machine.serial().wait("what helps", 0, Duration::from_secs(30), helps).unwrap();
    let told: Vec<String> = machine.serial().lines().into_iter().map(|line| line.text).collect();
    for words in ["Press Enter", "by itself in 15 minutes", "Your data is where it was"] {
        assert!(told.iter().any(|line| line.contains(words)), "{words}: {told:#?}");
    }
    let picture = screen::shoot(&mut machine, &turn.lab.runs().join("rescue.png")).unwrap();
    assert!(picture.lit > 1000 && picture.lit < picture.width * picture.height / 2, "{picture:?}");
    assert!(machine.client().ask("GET", "/healthz", None).is_err(), "nothing is served");

    let enter = json!({"keys": [{"type": "qcode", "data": "ret"}]});
    machine.qmp().execute("send-key", &enter).unwrap();
    let again = |line: &str| line.contains("The box tries again").then_some(());
    machine.serial().wait("the answer to Enter", 0, Duration::from_secs(60), again).unwrap();
    machine.wait_normal().unwrap();
    made.assert_all_there(&made.client(&machine));
    assert_eq!(machine.starts(), 2, "the rescue system, then the box: {}", machine.serial().told());
}
