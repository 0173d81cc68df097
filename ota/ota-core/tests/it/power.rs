//! Whatever happens, in whatever order: there is always a slot that starts.

use ota_core::slots::Slot;
use proptest::prelude::*;

use crate::machine::{Behaviour, Machine, Stopped, Up, version};

#[derive(Clone, Debug)]
enum Event {
    /// A new version is installed.
    Update {
        behaviour: Behaviour,
        raises_epoch: bool,
        fuse: Option<usize>,
        chance: u64,
    },
    /// The newest version is offered again.
    Again {
        insist: bool,
        fuse: Option<usize>,
        chance: u64,
    },
    RollBack {
        fuse: Option<usize>,
        chance: u64,
    },
    CutStarts(u32),
    CutWhileMarking {
        fuse: usize,
        chance: u64,
    },
    CutWhileCounting(u64),
    Damage(Slot),
    Behave(Behaviour),
    TryAllAgain,
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        3 => Just(Behaviour::Sound),
        1 => Just(Behaviour::Sick),
        1 => Just(Behaviour::Mute),
        1 => Just(Behaviour::Dead),
    ]
}

fn fuses() -> impl Strategy<Value = Option<usize>> {
    prop::option::of(0_usize..40)
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (behaviours(), prop::bool::weighted(0.2), fuses(), any::<u64>()).prop_map(
            |(behaviour, raises_epoch, fuse, chance)| Event::Update { behaviour, raises_epoch, fuse, chance }
        ),
        2 => (any::<bool>(), fuses(), any::<u64>())
            .prop_map(|(insist, fuse, chance)| Event::Again { insist, fuse, chance }),
        2 => (fuses(), any::<u64>()).prop_map(|(fuse, chance)| Event::RollBack { fuse, chance }),
        2 => (1_u32..6).prop_map(Event::CutStarts),
        2 => (0_usize..20, any::<u64>()).prop_map(|(fuse, chance)| Event::CutWhileMarking { fuse, chance }),
        3 => any::<u64>().prop_map(Event::CutWhileCounting),
        1 => prop_oneof![Just(Slot::A), Just(Slot::B)].prop_map(Event::Damage),
        1 => behaviours().prop_map(Event::Behave),
        1 => Just(Event::TryAllAgain),
    ]
}

fn happen(machine: &mut Machine, event: &Event) {
    match *event {
        Event::Update { behaviour, raises_epoch, fuse, chance } if machine.running().is_some() => {
            let epoch = machine.known.highest_epoch + u64::from(raises_epoch);
            let release = machine.release(behaviour, epoch);
            let installed = machine.install(&release, false, fuse, chance);
            assert!(matches!(installed, Ok(()) | Err(Stopped::PowerCut)), "{installed:?}");
            if behaviour == Behaviour::Sound && installed.is_ok() {
                assert_eq!(machine.up, Up::Running { version: release, good: true });
            }
        }
        Event::Again { insist, fuse, chance } if machine.running().is_some() => {
            let newest = machine.newest();
            let set_aside = machine.known.set_aside.contains_key(&newest);
            let runs = machine.running() == Some(&newest);
            let installed = machine.install(&newest, insist, fuse, chance);
            if set_aside && !insist && !runs {
                assert!(matches!(installed, Err(Stopped::NotByItself)), "{installed:?}");
            }
        }
        Event::RollBack { fuse, chance } => {
            let _ = machine.roll_back(fuse, chance);
        }
        Event::CutStarts(count) => machine.cut_starts(count),
        Event::CutWhileMarking { fuse, chance } => machine.cut_while_marking(fuse, chance),
        Event::CutWhileCounting(chance) => machine.cut_while_counting(chance),
        Event::Damage(slot) => machine.damage(slot),
        Event::Behave(behaviour) => machine.behave(behaviour),
        Event::TryAllAgain => machine.try_all_again(),
        Event::Update { .. } | Event::Again { .. } => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2000)))]

    /// [`Machine::settle`] checks after each event that a slot that can be started was reached, that no
    /// version was started more than its tries, and that the box came to rest.
    #[test]
    fn there_is_always_a_slot_that_starts(events in prop::collection::vec(events(), 1..30)) {
        let mut machine = Machine::new();
        for event in &events {
            happen(&mut machine, event);
        }
    }
}

#[test]
fn an_installation_cut_at_any_moment_ends_on_one_of_both_and_completes_when_tried_again() {
    for fuse in 0..40 {
        for chance in 0..512_u64 {
            let chance = chance.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut machine = Machine::new();
            let first = machine.release(Behaviour::Sound, 1);
            machine.install(&first, false, None, 0).unwrap();
            let second = machine.release(Behaviour::Sound, 1);
            let cut = machine.install(&second, false, Some(fuse), chance).is_err();
            let running = machine.running().unwrap().clone();
            assert!(running == first || running == second, "{running}");
            assert!(cut || running == second);
            if running == first {
                machine.install(&second, false, None, 0).unwrap();
            }
            assert_eq!(machine.up, Up::Running { version: second, good: true }, "{fuse} {chance}");
        }
    }
}

#[test]
fn an_entry_that_a_torn_rename_has_lost_comes_back_by_itself() {
    for chance in 0..8 {
        let mut machine = Machine::new();
        machine.cut_while_counting(chance);
        assert_eq!(machine.up, Up::Running { version: version(0), good: true }, "alone, {chance}");
        for fuse in 0..20 {
            for second in 0..8 {
                machine.cut_while_marking(fuse, chance | second << 3);
                machine.cut_while_counting(second);
                assert_eq!(machine.up, Up::Running { version: version(0), good: true }, "{chance} {fuse}");
            }
        }
        let new = machine.release(Behaviour::Sound, 1);
        machine.install(&new, false, None, 0).unwrap();
        machine.cut_while_counting(chance);
        assert!(matches!(machine.up, Up::Running { good: true, .. }), "beside another one, {chance}");
        machine.settle();
        assert_eq!(machine.running(), Some(&new), "and the newer one is preferred again, {chance}");
    }
}

#[test]
fn a_version_that_does_not_work_is_left_and_not_installed_by_itself_again() {
    for behaviour in [Behaviour::Sick, Behaviour::Mute, Behaviour::Dead] {
        let mut machine = Machine::new();
        let bad = machine.release(behaviour, 1);
        machine.install(&bad, false, None, 0).unwrap();
        assert_eq!(machine.up, Up::Running { version: version(0), good: true });
        assert!(machine.known.set_aside.contains_key(&bad));
        assert!(matches!(machine.install(&bad, false, None, 0), Err(Stopped::NotByItself)));
        assert!(machine.install(&bad, true, None, 0).is_ok(), "unless the owner insists");
        let better = machine.release(Behaviour::Sound, 1);
        machine.install(&better, false, None, 0).unwrap();
        assert_eq!(machine.running(), Some(&better));
    }
}

#[test]
fn a_slot_that_was_good_and_dies_later_is_left_for_the_other() {
    let mut machine = Machine::new();
    let new = machine.release(Behaviour::Sound, 1);
    machine.install(&new, false, None, 0).unwrap();
    machine.cut_starts(2);
    assert_eq!(machine.running(), Some(&new));
    machine.damage(Slot::B);
    assert_eq!(machine.up, Up::Running { version: version(0), good: true });
    machine.damage(Slot::A);
    assert_eq!(machine.up, Up::Rescue, "both are bad, and it says so");
}

#[test]
fn going_back_to_a_slot_that_has_died_returns_to_the_one_that_ran() {
    let mut machine = Machine::new();
    let new = machine.release(Behaviour::Sound, 1);
    machine.install(&new, false, None, 0).unwrap();
    machine.damage(Slot::A);
    assert!(machine.roll_back(None, 0).unwrap().is_ok());
    assert_eq!(machine.up, Up::Running { version: new, good: true });
}

#[test]
fn going_back_works_both_ways_unless_the_epoch_forbids_it() {
    let mut machine = Machine::new();
    let new = machine.release(Behaviour::Sound, 1);
    machine.install(&new, false, None, 0).unwrap();
    assert_eq!(machine.roll_back(None, 0).unwrap().unwrap(), version(0));
    assert_eq!(machine.up, Up::Running { version: version(0), good: true });
    assert!(matches!(machine.install(&new, false, None, 0), Err(Stopped::NotByItself)));
    assert_eq!(machine.roll_back(None, 0).unwrap().unwrap(), new);
    let safer = machine.release(Behaviour::Sound, 2);
    machine.install(&safer, false, None, 0).unwrap();
    assert!(machine.roll_back(None, 0).is_none());
    assert_eq!(machine.running(), Some(&safer));
    let older_epoch = machine.release(Behaviour::Sound, 1);
    let refused = machine.install(&older_epoch, false, None, 0);
    assert!(matches!(refused, Err(Stopped::Refused(refusal)) if refusal.code() == "older_epoch"));
}

#[test]
fn three_cuts_lead_to_the_other_slot_and_more_do_not_lose_the_box() {
    let mut machine = Machine::new();
    let new = machine.release(Behaviour::Sound, 1);
    machine.install(&new, false, None, 0).unwrap();
    machine.cut_starts(3);
    assert_eq!(machine.up, Up::Running { version: version(0), good: true });
    machine.cut_starts(20);
    assert_eq!(machine.up, Up::Rescue, "as far as it can tell, nothing starts");
    machine.try_all_again();
    assert_eq!(machine.up, Up::Running { version: new, good: true });
}

#[test]
fn what_was_good_stays_up_when_it_gets_sick_also_after_many_starts() {
    for behaviour in [Behaviour::Sick, Behaviour::Mute] {
        let mut machine = Machine::new();
        machine.behave(behaviour);
        for _ in 0..10 {
            assert_eq!(machine.up, Up::Running { version: version(0), good: false });
            machine.settle();
        }
        machine.behave(Behaviour::Sound);
        assert_eq!(machine.up, Up::Running { version: version(0), good: true });
    }
}
