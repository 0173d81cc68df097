use proptest::prelude::*;

use super::*;
use crate::simulation::{MemoryFolder, tryboot};

fn system(slot: Slot) -> System {
    System { slot, version: if slot == Slot::A { "1.0.0" } else { "1.1.0" }.parse().unwrap() }
}

/// The partitions of a Raspberry Pi that runs from slot A.
struct Pi {
    first: MemoryFolder,
    slots: [MemoryFolder; 2],
}

impl Pi {
    fn new() -> Self {
        let first = MemoryFolder::with([("autoboot.txt", autoboot(Slot::A).as_bytes())]);
        Self { first, slots: [MemoryFolder::with([("boot.img", b"old")]), MemoryFolder::default()] }
    }

    fn loader(&mut self) -> Tryboot<&mut MemoryFolder> {
        let [a, b] = &mut self.slots;
        Tryboot::new(&mut self.first, [a, b])
    }

    fn install(&mut self) -> Result<Restart, LoaderError> {
        let loader: &mut dyn BootLoader = &mut self.loader();
        let kernel = b"new kernel";
        let promised = Content { size: 10, sha256: MemoryFolder::digest(kernel) };
        loader.forget_all_but(&system(Slot::A))?;
        loader.stage(&system(Slot::B), &mut &kernel[..], &promised)?;
        loader.arm(&system(Slot::B))
    }

    fn starts(&self, once: bool) -> Option<(Slot, Vec<u8>)> {
        tryboot(&self.first, &self.slots, once)
    }

    /// Starts until something stays up, and returns what; of the slots, these have died.
    fn settle(&mut self, mut once: bool, dead: [bool; 2]) -> Option<Slot> {
        for _ in 0..20 {
            let (slot, _) = self.starts(once)?;
            let other = has_kernel(&self.slots[slot.other() as usize]).unwrap();
            once = count_start(&mut self.first, slot, || other).unwrap() == Counted::GivesWay;
            if !once && !dead[slot as usize] {
                return Some(slot);
            }
        }
        None
    }

    fn left(&mut self, slot: Slot) -> u32 {
        self.loader().start_of(&system(slot)).unwrap().tries_left()
    }
}

#[test]
fn autoboot_is_what_the_firmware_reads() {
    let text = autoboot(Slot::B);
    assert_eq!(text, "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n");
    assert!(text.len() <= AUTOBOOT_LIMIT);
    assert_eq!(default_slot(text.as_bytes()), Some(Slot::B));
    assert_eq!(default_slot(b"[all]\nboot_partition=2\n"), None);
}

#[test]
fn a_new_card_starts_slot_a() {
    let on_card = include_bytes!("../../../../../image/buildroot-external/board/raspberrypi5/autoboot.txt");
    assert_eq!(default_slot(on_card), Some(Slot::A));
}

#[test]
fn a_new_system_is_started_once_until_it_is_marked_good() {
    let mut pi = Pi::new();
    assert_eq!(pi.install().unwrap(), Restart::Tryboot);
    assert_eq!(pi.starts(true), Some((Slot::B, b"new kernel".to_vec())));
    assert_eq!(pi.starts(false), Some((Slot::A, b"old".to_vec())));
    assert_eq!((pi.left(Slot::A), pi.left(Slot::B)), (3, 1));
    pi.loader().mark_good(&system(Slot::B)).unwrap();
    assert_eq!(pi.starts(false), Some((Slot::B, b"new kernel".to_vec())));
    assert_eq!(pi.loader().prefer(&system(Slot::A), &system(Slot::B)).unwrap(), Restart::Tryboot);
    assert_eq!(pi.starts(true), Some((Slot::A, b"old".to_vec())));
}

#[test]
fn a_system_without_a_kernel_is_neither_kept_nor_preferred() {
    let mut pi = Pi::new();
    let other = system(Slot::B);
    assert_eq!(pi.loader().start_of(&other).unwrap(), Start::Never);
    assert!(matches!(pi.loader().prefer(&other, &system(Slot::A)), Err(LoaderError::NoEntry(_))));
    assert!(matches!(pi.loader().forget_all_but(&other), Err(LoaderError::NoEntry(_))));
    assert_eq!(pi.starts(false), Some((Slot::A, b"old".to_vec())));
}

#[test]
fn what_was_armed_is_known_to_have_been_tried_once_it_was_started() {
    let mut pi = Pi::new();
    pi.install().unwrap();
    // A restart without the argument passes it over.
    assert_eq!(pi.settle(false, [false, true]), Some(Slot::A));
    assert!(!pi.loader().start_of(&system(Slot::B)).unwrap().was_tried());
    assert_eq!(pi.settle(true, [false, true]), Some(Slot::A));
    assert!(pi.loader().start_of(&system(Slot::B)).unwrap().was_tried());
    pi.install().unwrap();
    assert!(!pi.loader().start_of(&system(Slot::B)).unwrap().was_tried());
}

#[test]
fn a_default_slot_that_dies_is_left_for_the_other_one() {
    let mut pi = Pi::new();
    pi.install().unwrap();
    pi.loader().mark_good(&system(Slot::B)).unwrap();
    assert_eq!(pi.settle(false, [false, false]), Some(Slot::B));
    assert_eq!(pi.left(Slot::B), 2);
    pi.loader().mark_good(&system(Slot::B)).unwrap();
    assert_eq!(pi.left(Slot::B), 3);
    assert_eq!(pi.settle(false, [false, true]), Some(Slot::A));
    pi.loader().mark_good(&system(Slot::A)).unwrap();
    assert_eq!(pi.settle(false, [false, true]), Some(Slot::A));
    // With both dead nothing stays up, and whichever recovers is found.
    assert_eq!(pi.settle(false, [true, true]), None);
    for recovered in [[false, true], [true, false]] {
        assert!(pi.settle(false, recovered).is_some());
    }
}

#[test]
fn a_slot_without_another_one_is_started_for_ever() {
    let mut pi = Pi::new();
    for _ in 0..10 {
        assert_eq!(pi.settle(false, [false, false]), Some(Slot::A));
    }
}

#[test]
fn what_is_kept_comes_next_once_and_going_back_to_the_default_needs_no_argument() {
    let mut pi = Pi::new();
    pi.install().unwrap();
    assert_eq!(pi.settle(true, [true, false]), Some(Slot::B));
    assert_eq!(pi.loader().prefer(&system(Slot::A), &system(Slot::B)).unwrap(), Restart::Plain);
    pi.loader().keep(&system(Slot::B)).unwrap();
    assert_eq!(pi.settle(false, [false, false]), Some(Slot::B));
    assert_eq!(pi.settle(false, [false, false]), Some(Slot::A));
}

proptest! {
    #[test]
    fn counting_that_is_cut_off_takes_one_try_at_most(fuse in 0_usize..6, chance: u64, left in 0_u32..=TRIES) {
        let mut pi = Pi::new();
        pi.install().unwrap();
        tries::set_default(&mut pi.first, left).unwrap();
        pi.first.set_fuse(Some(fuse));
        let _ = count_start(&mut pi.first, Slot::A, || true);
        pi.first.cut(chance);
        let found = pi.left(Slot::A);
        // A rename can lose the file.
        prop_assert!(found + 1 >= left && (found <= left || found == TRIES), "{left}, then {found}");
        prop_assert!(pi.settle(false, [true, false]).is_some());
    }

    #[test]
    fn a_cut_at_any_moment_leaves_a_default_slot_that_is_whole(fuse in 0_usize..12, part in 0_usize..3, chance: u64) {
        let mut pi = Pi::new();
        let which = |pi: &mut Pi, fuse| match part {
            0 => pi.first.set_fuse(fuse),
            part => pi.slots[part - 1].set_fuse(fuse),
        };
        which(&mut pi, Some(fuse));
        let _ = pi.install().and_then(|_| pi.loader().mark_good(&system(Slot::B)));
        let mut chance = chance;
        for folder in [&mut pi.first].into_iter().chain(&mut pi.slots) {
            chance = folder.cut(chance);
        }
        let (slot, kernel) = pi.starts(false).unwrap();
        prop_assert_eq!(kernel, if slot == Slot::A { b"old".to_vec() } else { b"new kernel".to_vec() });
        // And it completes when it is tried again.
        for folder in [&mut pi.first].into_iter().chain(&mut pi.slots) {
            folder.repair();
        }
        pi.loader().clear_up(slot).unwrap();
        if slot == Slot::A {
            pi.install().unwrap();
            pi.loader().mark_good(&system(Slot::B)).unwrap();
            prop_assert_eq!(pi.starts(false), Some((Slot::B, b"new kernel".to_vec())));
        }
    }
}
