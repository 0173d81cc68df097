use std::io::{Read, Write};

use hal_api::{EpochCounter, HalErrorKind};
use hal_sim::Fault;
use ota_core::slots::Slot;
use ota_core::trust::SetAside;

use super::*;
use crate::test_machine::NOW;

fn text(mut file: File) -> String {
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_status_is_all_that_a_check_goes_by() {
    let (_, machine) = machine();
    machine.counter.raise_to(7).unwrap();
    let status = machine.serving(&machine.programs(), |keeper, _| keeper.status()).unwrap();
    assert_eq!((status.board.as_str(), status.running.slot), ("qemu-x86_64", Slot::A));
    assert_eq!(status.running.version.to_string(), "1.0.0");
    assert_eq!((status.other, status.other_starts, status.rollback_refused), (None, false, None));
    assert_eq!(status.built.to_string(), "2026-10-01T00:00:00Z");
    assert!(status.epoch_in_tpm && status.has_signers && status.synchronised && !status.secure_boot);
    assert_eq!((status.known.highest_epoch, status.blocked, status.good), (7, None, false));
    machine.counter.fail_next(Fault::Kind(HalErrorKind::Device));
    let status = machine.serving(&machine.programs(), |keeper, _| keeper.status()).unwrap();
    assert!(!status.epoch_in_tpm);
}

#[test]
fn a_closed_data_partition_stops_updates_and_not_the_status() {
    let (release, machine) = machine();
    machine.close_data();
    machine.serving(&machine.programs(), |keeper, _| {
        assert_eq!(keeper.status().unwrap().blocked.as_deref(), Some("The data partition is closed."));
        assert_eq!(code(begin(keeper, &release)), "not_now");
        assert_eq!(code(keeper.believe(&stable(), &release.evidence())), "not_now");
    });
    assert_untouched(&machine);
}

#[test]
fn a_system_that_was_not_started_from_a_slot_says_so() {
    let (_, machine) = machine();
    std::fs::write(machine.places.command_line(), "quiet").unwrap();
    machine.serving(&machine.programs(), |keeper, _| assert_eq!(code(keeper.status()), "not_now"));
}

#[test]
fn both_slots_and_the_running_kernel_image_are_read() {
    let (_, machine) = machine();
    let mut read = machine.serving(&machine.programs(), |keeper, _| keeper.read()).unwrap();
    assert!(read.other.root.write_all(b"x").is_err(), "they are for reading");
    let files = [read.running.root, read.running.verity, read.other.root, read.other.verity];
    assert_eq!(files.map(text), ["vda2", "vda3", "vda4", "vda5"].map(|part| format!("what is in {part}")));
    assert_eq!(text(read.kernel_image), "the running kernel image");
}

#[test]
fn what_is_believed_is_remembered_and_what_runs_is_nothing_new() {
    let (release, machine) = machine();
    let believe = |keeper: &SlotKeeper| keeper.believe(&stable(), &release.evidence()).unwrap();
    let believed = machine.serving(&machine.programs(), |keeper, _| believe(keeper));
    assert_eq!((believed.signed_by, believed.nothing_new), (vec!["Alice".to_owned()], false));
    assert_eq!(machine.known().channels[&stable()].version, release.manifest.version);
    machine.runs("1.1.0");
    machine.serving(&machine.programs(), |keeper, _| {
        assert!(believe(keeper).nothing_new);
        assert_eq!(code(begin(keeper, &release)), "nothing_new");
    });
    assert_eq!(machine.store().epochs().unwrap()[&release.manifest.version], 2);
}

#[test]
fn the_owner_goes_back_and_the_version_is_set_aside() {
    let (_, machine) = machine();
    let version = "1.0.0".parse().unwrap();
    machine.serving(&machine.programs(), |keeper, _| assert_eq!(code(keeper.roll_back()), "rollback_empty"));
    machine.label_other("anya_0.9.0");
    machine.serving(&machine.programs(), |keeper, _| {
        assert_eq!(code(keeper.roll_back()), "rollback_not_startable");
    });
    machine.entry("anya_0.9.0+0-3.efi", b"old");
    machine.counter.raise_to(2).unwrap();
    machine.serving(&machine.programs(), |keeper, _| {
        assert_eq!(code(keeper.roll_back()), "rollback_older_epoch");
        assert!(keeper.status().unwrap().rollback_refused.unwrap().contains("security epoch 0"));
    });
    assert_eq!(machine.entry_names(), ["anya_0.9.0+0-3.efi", "anya_1.0.0+2-1.efi"]);
    machine.store().keep_epoch(&"0.9.0".parse().unwrap(), 2).unwrap();
    machine.put_trial(r#"{"version":"1.0.0","from":"0.9.0","reason":null}"#);
    machine.serving(&machine.programs(), |keeper, _| keeper.roll_back()).unwrap();
    assert_eq!(machine.entry_names(), ["anya_0.9.0+3.efi", "anya_1.0.0+0.efi"]);
    assert_eq!(machine.known().set_aside.get(&version), Some(&SetAside::RolledBack));
    assert_eq!(machine.trial(), None);
}

#[test]
fn an_update_that_has_not_run_yet_is_nothing_to_go_back_to() {
    let (release, machine) = machine();
    machine.serving(&machine.programs(), |keeper, _| {
        install(keeper, &release).unwrap();
        let status = keeper.status().unwrap();
        assert_eq!(status.other.map(|other| other.version), Some(release.manifest.version.clone()));
        assert!(status.other_starts && status.rollback_refused.unwrap().contains("has not run yet"));
        assert_eq!(code(keeper.roll_back()), "not_now");
    });
    assert!(machine.trial().is_some());
    assert_eq!(machine.entry_names(), ["anya_1.0.0+3.efi", "anya_1.1.0+3.efi"]);
}

#[test]
fn the_machine_restarts() {
    let (_, machine) = machine();
    let runner = machine.programs();
    machine.serving(&runner, |keeper, _| keeper.restart()).unwrap();
    assert_eq!(runner.started(), ["systemctl --no-block reboot"]);
}

#[test]
fn a_time_that_can_be_believed_is_remembered() {
    let (_, machine) = machine();
    std::fs::remove_file(machine.places.synchronised()).unwrap();
    machine.serving(&machine.programs(), |keeper, _| keeper.note_time()).unwrap();
    assert_eq!(machine.known().last_time, None);
    std::fs::write(machine.places.synchronised(), "").unwrap();
    machine.serving(&machine.programs(), |keeper, _| keeper.note_time()).unwrap();
    assert_eq!(machine.known().last_time.unwrap().to_string(), NOW);
}
