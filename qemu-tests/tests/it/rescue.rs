//! A box whose systems do not start any more: what was lost is put back, one last chance each, and then somebody is
//! told.

use std::time::Duration;

use ota_core::slots::entry::{EntryName, Tries};
use qemu_tests::machine::{BOOT, Machine, Setup};
use qemu_tests::screen;
use qemu_tests::states::{State, of_line};
use serde_json::json;

use crate::release_box::{Copy, ReleaseBox, release_box};
use crate::turn::{Turn, turn};

/// A copy of the box whose systems have no try left, after this many.
fn spent(made: &ReleaseBox, turn: &Turn, name: &str, done: u32) -> Copy {
    let copy = made.copy(turn, name);
    let spent = |entry: &EntryName| EntryName {
        version: entry.version.clone(),
        tries: Some(Tries { left: 0, done }),
    };
    copy.0.rename_entries(&turn.lab, spent).unwrap();
    copy
}

#[test]
fn when_no_system_starts_the_box_says_so_everywhere_and_enter_brings_it_back() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = spent(made, &turn, "rescue-waits", 4);
    let mut machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
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

#[test]
fn a_system_that_spent_its_tries_gets_one_last_chance_without_anybody() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = spent(made, &turn, "rescue-last-chance", 3);
    let machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
    let chance = |line: &str| line.contains("One more try, with version").then_some(());
    machine.serial().wait("the last chance", 0, BOOT, chance).unwrap();
    machine.wait_normal().unwrap();
    made.assert_all_there(&made.client(&machine));
    assert_eq!(machine.starts(), 2, "{}", machine.serial().told());
}

#[test]
fn a_system_whose_entry_a_power_cut_has_lost_comes_back_without_anybody() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = made.copy(&turn, "rescue-puts-back");
    copy.0.lose_entries(&turn.lab).unwrap();
    let machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
    let told = |line: &str| line.contains("It is put right; the box starts again.").then_some(());
    machine.serial().wait("what the rescue system does", 0, BOOT, told).unwrap();
    machine.wait_normal().unwrap();
    made.assert_all_there(&made.client(&machine));
    assert_eq!(machine.starts(), 2, "the rescue system, then the box: {}", machine.serial().told());
}
