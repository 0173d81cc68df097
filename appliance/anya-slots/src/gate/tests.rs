use std::cell::Cell;

use hal_api::EpochCounter;
use ota_boot::fat::fixture;
use ota_core::slots::Slot;
use root_side::program::Scripted;

use super::*;
use crate::test_machine::TestMachine;

/// A clock that only pauses move; the test ends when it has moved for too long.
#[derive(Default)]
struct TestClock(Cell<Duration>);

impl Clock for TestClock {
    fn elapsed(&self) -> Duration {
        self.0.get()
    }

    fn pause(&self) {
        assert!(self.0.get() < Duration::from_secs(3600), "it waits for ever");
        self.0.set(self.0.get() + PAUSE);
    }
}

/// How the gate ended, and after how many seconds.
fn watched(machine: &TestMachine, runner: &Scripted, health: impl Fn(u64) -> Health) -> (Ended, u64) {
    let clock = TestClock::default();
    let mut ask = || health(clock.elapsed().as_secs());
    let ended = watch(&machine.keeper(runner), &GatePolicy::default(), &clock, &mut ask).unwrap();
    (ended, clock.elapsed().as_secs())
}

fn machine() -> TestMachine {
    TestMachine::trusting(b"")
}

/// The running version is on trial, and the one before it could be started.
fn on_trial() -> TestMachine {
    let machine = machine();
    machine.put_trial(r#"{"version":"1.0.0","from":"0.9.0","reason":null}"#);
    machine.label_other("anya_0.9.0");
    machine.entry("anya_0.9.0+3.efi", b"old");
    Started { trial: Some("1.0.0".parse().unwrap()), gone_back: None }.write(&machine.places).unwrap();
    machine
}

fn sick() -> Health {
    Health::Unhealthy("store: The disk is full.".to_owned())
}

#[test]
fn what_was_good_before_is_marked_good_as_soon_as_it_is_healthy() {
    let machine = machine();
    let health = |second| if second < 30 { Health::Silent } else { Health::Healthy };
    assert_eq!(watched(&machine, &Scripted::default(), health), (Ended::Good, 30));
    assert_eq!(machine.entry_names(), ["anya_1.0.0+3.efi"]);
    assert_eq!(machine.spares(), ["anya_1.0.0.spare"]);
    assert!(Gated::read(&machine.places).good);
}

#[test]
fn a_good_start_leaves_no_removed_names_at_the_end_of_the_folder_of_entries() {
    let machine = machine();
    let esp = machine.part("vda1");
    std::fs::write(&esp, fixture::with_entries(&[b'A', 0xe5, b'B', 0xe5, 0xe5])).unwrap();
    assert_eq!(watched(&machine, &Scripted::default(), |_| Health::Healthy).0, Ended::Good);
    assert!(std::fs::read(&esp).unwrap() == fixture::with_entries(&[b'A', 0xe5, b'B']));
}

#[test]
fn on_trial_it_has_to_be_healthy_for_a_while_and_the_epoch_is_raised() {
    let machine = on_trial();
    machine.store().keep_epoch(&"1.0.0".parse().unwrap(), 4).unwrap();
    let health = |second| if second == 40 { sick() } else { Health::Healthy };
    assert_eq!(watched(&machine, &Scripted::default(), health), (Ended::Good, 102));
    assert_eq!(machine.entry_names(), ["anya_0.9.0+3.efi", "anya_1.0.0+3.efi"]);
    assert_eq!((machine.trial(), machine.counter.read().unwrap()), (None, 4));
}

#[test]
fn without_a_spare_a_version_is_good_all_the_same() {
    let machine = machine();
    // A folder in its place.
    std::fs::create_dir(machine.places.esp().join("EFI/Linux/anya_1.0.0.part")).unwrap();
    assert_eq!(watched(&machine, &Scripted::default(), |_| Health::Healthy).0, Ended::Good);
    assert_eq!((machine.entry_names(), machine.spares()), (vec!["anya_1.0.0+3.efi".to_owned()], vec![]));
}

#[test]
fn on_trial_it_gives_way_and_leaves_word_why() {
    for (health, reason) in [
        (sick(), "It started, but did not get healthy: store: The disk is full."),
        (Health::Silent, "It started, but its service did not answer."),
        (Health::Unhealthy(String::new()), "It started, but did not get healthy."),
    ] {
        let machine = on_trial();
        let runner = Scripted::default();
        assert_eq!(watched(&machine, &runner, |_| health.clone()), (Ended::Restart, 600));
        assert_eq!(runner.started().last().unwrap(), "systemctl --no-block reboot");
        assert!(machine.trial().unwrap().contains(reason), "{reason}");
        assert!(!Gated::read(&machine.places).good);
    }
}

#[test]
fn what_was_good_before_and_answers_stays_up_and_is_good_once_it_is_healthy() {
    let machine = machine();
    let runner = Scripted::default();
    // Somebody opens the data partition after half an hour.
    let health = |second| if second < 1800 { sick() } else { Health::Healthy };
    assert_eq!(watched(&machine, &runner, health), (Ended::Good, 1800));
    assert!(runner.started().iter().all(|line| !line.starts_with("systemctl")));
    let mounts = runner.started().iter().filter(|line| line.starts_with("mount ")).count();
    assert!(mounts < 10, "it does not mount the boot partition for every question: {mounts}");
}

#[test]
fn an_update_that_was_installed_in_the_meantime_is_on_trial_all_the_same() {
    let machine = machine();
    watched(&machine, &Scripted::default(), |second| {
        if second == 700 {
            machine.put_trial(r#"{"version":"1.1.0","from":"1.0.0","reason":null}"#);
        }
        if second < 800 { sick() } else { Health::Healthy }
    });
    assert!(Gated::read(&machine.places).good && machine.trial().is_some());
}

#[test]
fn what_stays_up_keeps_one_try() {
    let machine = machine();
    let seen = Cell::new(false);
    watched(&machine, &Scripted::default(), |second| {
        if second == 700 {
            assert_eq!(machine.entry_names(), ["anya_1.0.0+1.efi"]);
            seen.set(true);
        }
        if second < 800 { sick() } else { Health::Healthy }
    });
    assert!(seen.get());
}

#[test]
fn what_was_good_before_and_does_not_answer_restarts_while_it_has_tries() {
    let machine = machine();
    let runner = Scripted::default();
    assert_eq!(watched(&machine, &runner, |_| Health::Silent), (Ended::Restart, 600));
    assert_eq!(runner.started().last().unwrap(), "systemctl --no-block reboot");
    assert_eq!(machine.trial(), None);
}

/// The same on a board that starts by `tryboot`: 1.0.0 was started once from slot A, the default is B.
fn on_trial_by_tryboot() -> TestMachine {
    let machine = TestMachine::raspberry_pi(b"");
    machine.put_trial(r#"{"version":"1.0.0","from":"0.9.0","reason":null}"#);
    machine.label_other("anya_0.9.0");
    machine.boot_img(Slot::B, b"old");
    machine.default_is(Slot::B);
    machine.count_start(Slot::A);
    Started { trial: Some("1.0.0".parse().unwrap()), gone_back: None }.write(&machine.places).unwrap();
    machine
}

#[test]
fn by_tryboot_what_is_good_becomes_what_is_started() {
    let machine = on_trial_by_tryboot();
    assert_eq!(machine.tryboot(), (Some(Slot::B), vec!["tried".to_owned(), "tries.2".to_owned()]));
    assert_eq!(watched(&machine, &Scripted::default(), |_| Health::Healthy), (Ended::Good, 60));
    assert_eq!(machine.tryboot(), (Some(Slot::A), vec!["tries.3".to_owned()]));
    assert_eq!(machine.trial(), None);
}

#[test]
fn by_tryboot_what_is_not_good_gives_way_by_any_restart() {
    let machine = on_trial_by_tryboot();
    let runner = Scripted::default();
    assert_eq!(watched(&machine, &runner, |_| sick()), (Ended::Restart, 600));
    assert_eq!(runner.started().last().unwrap(), "systemctl --no-block reboot");
    assert_eq!(machine.tryboot().0, Some(Slot::B));
    assert!(machine.trial().unwrap().contains("The disk is full."));
}

#[test]
fn by_tryboot_what_stays_up_is_started_next_once() {
    let machine = TestMachine::raspberry_pi(b"");
    let runner = Scripted::default();
    let seen = Cell::new(false);
    watched(&machine, &runner, |second| {
        if second == 700 {
            assert_eq!(machine.tryboot(), (Some(Slot::A), vec!["tries.1".to_owned()]));
            seen.set(true);
        }
        if second < 800 { sick() } else { Health::Healthy }
    });
    assert!(seen.get());
    assert_eq!(machine.tryboot(), (Some(Slot::A), vec!["tries.3".to_owned()]));
}

#[test]
fn an_installation_under_way_is_not_cut_off() {
    let machine = on_trial();
    let held = Cell::new(Some(run_files::lock(&machine.places).unwrap().unwrap()));
    let (ended, seconds) = watched(&machine, &Scripted::default(), |second| {
        if second == 900 {
            drop(held.take());
        }
        sick()
    });
    assert_eq!((ended, seconds), (Ended::Restart, 900));
}

#[test]
fn without_slots_there_is_nothing_to_decide() {
    let machine = machine();
    std::fs::write(machine.places.command_line(), "quiet").unwrap();
    assert_eq!(watched(&machine, &Scripted::default(), |_| Health::Silent).0, Ended::NoSlots);
}
