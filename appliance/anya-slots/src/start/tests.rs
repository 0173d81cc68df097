use ota_core::trust::Known;
use root_side::program::Scripted;

use super::*;
use crate::test_machine::TestMachine;

/// 1.0.0 runs, and this is noted of an update; its entry is this, if it has one.
fn started(machine: &TestMachine, trial: &str, entry: Option<&str>) -> Started {
    machine.put_trial(trial);
    if let Some(entry) = entry {
        machine.entry(entry, b"update");
    }
    start(&machine.keeper(&Scripted::default())).unwrap();
    Started::read(&machine.places)
}

fn machine() -> TestMachine {
    TestMachine::trusting(b"")
}

fn note(version: &str, reason: &str) -> String {
    format!(r#"{{"version":"{version}","from":"1.0.0","reason":{reason}}}"#)
}

fn failed(reason: &str) -> SetAside {
    SetAside::Failed { reason: reason.to_owned() }
}

#[test]
fn an_update_that_runs_is_on_trial_until_it_is_marked_good() {
    let machine = machine();
    let trial = r#"{"version":"1.0.0","from":"0.9.0","reason":null}"#;
    let started = started(&machine, trial, None);
    assert_eq!((started.trial, started.gone_back), (Some("1.0.0".parse().unwrap()), None));
    assert_eq!(machine.trial().as_deref(), Some(trial));
}

#[test]
fn an_update_that_was_tried_and_does_not_run_is_set_aside_with_its_reason() {
    for (reason, told) in [
        ("null", "Version 1.1.0 did not start in any of its tries."),
        (r#""It started, but its service did not answer.""#, "It started, but its service did not answer."),
    ] {
        let machine = machine();
        let started = started(&machine, &note("1.1.0", reason), Some("anya_1.1.0+0-3.efi"));
        let gone_back = started.gone_back.unwrap();
        assert_eq!((gone_back.version.to_string().as_str(), gone_back.reason.as_str()), ("1.1.0", told));
        assert_eq!(machine.known().set_aside[&gone_back.version], failed(told));
        assert_eq!((machine.trial(), started.trial), (None, None));
    }
}

#[test]
fn an_update_that_was_not_tried_yet_is_left_alone() {
    for entry in [Some("anya_1.1.0+3.efi"), None] {
        let machine = machine();
        assert_eq!(started(&machine, &note("1.1.0", "null"), entry), Started::default(), "{entry:?}");
        assert_eq!(machine.known(), Known::default());
        assert!(machine.trial().is_some());
    }
}

#[test]
fn what_the_owner_left_on_purpose_stays_so() {
    let machine = machine();
    let version: Version = "1.1.0".parse().unwrap();
    let mut known = Known::default();
    known.set_aside(version.clone(), SetAside::RolledBack);
    machine.store().keep_known(&known).unwrap();
    started(&machine, &note("1.1.0", "null"), Some("anya_1.1.0+0-3.efi"));
    assert_eq!(machine.known().set_aside[&version], SetAside::RolledBack);
}

#[test]
fn without_the_data_partition_it_is_told_and_remembered_at_a_later_start() {
    let machine = machine();
    machine.close_data();
    let entry = Some("anya_1.1.0+0-3.efi");
    assert!(started(&machine, &note("1.1.0", "null"), entry).gone_back.is_some());
    assert!(machine.trial().is_some());
    std::fs::create_dir_all(machine.places.data()).unwrap();
    start(&machine.keeper(&Scripted::default())).unwrap();
    assert_eq!((machine.trial(), machine.known().set_aside.len()), (None, 1));
}

#[test]
fn no_fault_stops_the_boot() {
    let damaged = machine();
    assert_eq!(started(&damaged, "{\"version\":", None), Started::default());
    assert_eq!(damaged.trial(), None, "a damaged note goes");
    let machine = machine();
    let no_esp = Scripted::default().ends("mount", 32, "wrong fs type");
    start(&machine.keeper(&no_esp)).unwrap();
    std::fs::write(machine.places.command_line(), "quiet").unwrap();
    start(&machine.keeper(&Scripted::default())).unwrap();
    assert_eq!(Started::read(&machine.places), Started::default());
}
