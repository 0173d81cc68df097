use super::*;
use crate::simulation::{MemoryFolder, systemd_boot};
use crate::slots::Slot;
use crate::slots::entry::RESCUE;

fn system(slot: Slot, version: &str) -> System {
    System { slot, version: version.parse().unwrap() }
}

fn old() -> System {
    system(Slot::A, "1.0.0")
}

fn new() -> System {
    system(Slot::B, "1.1.0")
}

/// The files after `act` on a folder with these.
fn after(files: &[&str], act: impl FnOnce(&mut SystemdBoot<&mut MemoryFolder>)) -> Vec<String> {
    let mut folder = MemoryFolder::default();
    for file in files {
        folder.write(file, &mut file.as_bytes()).unwrap();
    }
    folder.sync().unwrap();
    act(&mut SystemdBoot::new(&mut folder));
    // What was not synced is lost here.
    folder.cut(0);
    folder.on_the_medium().into_keys().collect()
}

#[test]
fn an_update_is_armed_by_its_last_step() {
    let kernel = [7; 40];
    let promised = Content { size: 40, sha256: MemoryFolder::digest(&kernel) };
    let files = after(&["anya_1.0.0+2-1.efi", "anya_0.9.0+0-3.efi", "anya_1.1.0.part", RESCUE], |loader| {
        loader.forget_all_but(&old()).unwrap();
        assert_eq!(loader.start_of(&old()).unwrap(), Start::Counted(Tries::ALL));
        loader.stage(&new(), &mut &kernel[..], &promised).unwrap();
        assert_eq!(loader.start_of(&new()).unwrap(), Start::Never);
        assert_eq!(loader.arm(&new()).unwrap(), Restart::Plain);
    });
    assert_eq!(files, ["anya-rescue.efi", "anya_1.0.0+3.efi", "anya_1.0.0.spare", "anya_1.1.0+3.efi"]);
}

#[test]
fn nothing_is_forgotten_when_the_running_system_is_not_there() {
    // The ESP of another disk, or one that was not mounted.
    let files = after(&["anya_0.9.0+3.efi"], |loader| {
        assert!(matches!(loader.forget_all_but(&old()), Err(LoaderError::NoEntry(_))));
    });
    assert_eq!(files, ["anya_0.9.0+3.efi"]);
}

#[test]
fn a_kernel_that_reads_back_otherwise_is_not_kept() {
    let files = after(&["anya_1.0.0+3.efi"], |loader| {
        let promised = Content { size: 3, sha256: MemoryFolder::digest(b"abc") };
        for other in [&b"abd"[..], b"abcd", b"ab", b""] {
            let staged = loader.stage(&new(), &mut &other[..], &promised);
            assert!(matches!(staged, Err(LoaderError::OtherKernel)));
        }
        assert!(matches!(loader.arm(&new()), Err(LoaderError::NoEntry(_))));
        loader.sync().unwrap();
    });
    assert_eq!(files, ["anya_1.0.0+3.efi"]);
}

#[test]
fn a_good_start_gives_all_tries_again() {
    for before in ["anya_1.0.0+2-1.efi", "anya_1.0.0+0-3.efi", "anya_1.0.0.efi", "anya_1.0.0+3.efi"] {
        let files = after(&[before], |loader| {
            assert!(matches!(loader.mark_good(&old()), Ok(Marked::Fully)));
        });
        assert_eq!(files, ["anya_1.0.0+3.efi", "anya_1.0.0.spare"], "{before}");
    }
}

#[test]
fn of_two_names_of_one_file_none_is_removed_and_none_given_twice() {
    let twins = ["anya_1.0.0+0-3.efi", "anya_1.0.0+3.efi"];
    let marked = after(&twins, |loader| drop(loader.mark_good(&old()).unwrap()));
    assert_eq!(marked, ["anya_1.0.0+0-3.efi", "anya_1.0.0+3.efi", "anya_1.0.0.spare"]);
    assert_eq!(after(&twins, |loader| drop(loader.try_all_again().unwrap())), twins);
}

#[test]
fn going_back_makes_the_other_first_and_forward_does_not_need_to() {
    let back = after(&["anya_1.0.0+2-1.efi", "anya_1.1.0+3.efi"], |loader| {
        loader.prefer(&old(), &new()).unwrap();
    });
    assert_eq!(back, ["anya_1.0.0+3.efi", "anya_1.1.0+0.efi"]);
    let forward = after(&["anya_1.0.0+3.efi", "anya_1.1.0+0-3.efi"], |loader| {
        loader.prefer(&new(), &old()).unwrap();
    });
    assert_eq!(forward, ["anya_1.0.0+3.efi", "anya_1.1.0+3.efi"]);
}

#[test]
fn the_last_chance_is_given_once() {
    let mut folder = MemoryFolder::with([
        ("anya_1.0.0+0-3.efi", b"old"),
        ("anya_1.1.0+0-3.efi", b"new"),
        (RESCUE, b"rescue"),
    ]);
    let mut started = Vec::new();
    for _ in 0..8 {
        let (entry, _) = systemd_boot(&mut folder).unwrap();
        if entry.file == RESCUE {
            started.push(format!("rescue: {:?}", SystemdBoot::new(&mut folder).last_chance().unwrap().len()));
        } else {
            started.push(entry.file);
        }
    }
    let stays = "rescue: 0";
    assert_eq!(
        started,
        ["rescue: 2", "anya_1.1.0+0-4.efi", "anya_1.0.0+0-4.efi", stays, stays, stays, stays, stays]
    );
    SystemdBoot::new(&mut folder).try_all_again().unwrap();
    assert_eq!(systemd_boot(&mut folder).unwrap().0.file, "anya_1.1.0+2-1.efi");
}
