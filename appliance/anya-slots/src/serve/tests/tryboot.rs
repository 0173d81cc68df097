//! The same conversations on a board that starts by `tryboot`.

use ota_core::slots::Slot;

use super::*;
use crate::start::start;
use crate::test_machine::release::boot_img;

const RESTART: &str = "systemctl --no-block reboot";
const TRYBOOT: &str = "systemctl --no-block --reboot-argument=0 tryboot reboot";

fn machine() -> (Release, TestMachine) {
    let release = Release::of("1.1.0");
    let kernel = boot_img(&release.manifest.root_hash.to_string(), "1.1.0");
    let machine = TestMachine::raspberry_pi(&release.signers());
    (release.with_kernel_image(kernel), machine)
}

/// How the machine restarts when the service asks for it.
fn restart(machine: &TestMachine) -> String {
    let runner = machine.programs();
    machine.serving(&runner, |keeper, _| keeper.restart()).unwrap();
    runner.started().concat()
}

#[test]
fn a_release_goes_into_the_other_slots_partitions_and_is_started_by_tryboot() {
    let (release, machine) = machine();
    assert_eq!(restart(&machine), RESTART);
    let runner = machine.programs();
    let tryboot = machine.serving(&runner, |keeper, _| install(keeper, &release)).unwrap();
    assert!(tryboot);
    assert_eq!(machine.boot_files(Slot::B), ["boot.img"]);
    let written = std::fs::read(machine.places.boot(Slot::B).join("boot.img")).unwrap();
    assert_eq!(written, release.kernel_image);
    assert_eq!(std::fs::read(machine.part("vda6")).unwrap(), release.root);
    assert_eq!(std::fs::read(machine.part("vda7")).unwrap(), release.verity);
    assert_eq!(machine.facts()[1].label, "anya_1.1.0");
    assert_eq!(machine.tryboot(), (Some(Slot::A), vec!["tries.3".to_owned()]));
    assert!(machine.trial().unwrap().contains("1.1.0"));
    assert_eq!(restart(&machine), TRYBOOT);
    let started = runner.started();
    let mounts: Vec<_> = started.iter().filter(|line| line.starts_with("mount ")).collect();
    assert_eq!(mounts.len(), started.iter().filter(|line| line.starts_with("umount ")).count());
    for (part, is_written) in [("vda1", true), ("vda2", false), ("vda3", true)] {
        let of_part = mounts.iter().find(|line| line.contains(part)).unwrap();
        assert_eq!(!of_part.contains("-o ro,"), is_written, "{of_part}");
    }
}

#[test]
fn a_kernel_image_of_another_root_is_refused() {
    let (release, machine) = machine();
    let release = release.with_kernel_image(boot_img(&"22".repeat(32), "1.1.0"));
    let refused = machine.serving(&machine.programs(), |keeper, _| install(keeper, &release));
    assert_eq!(code(refused), "mixed_parts");
    assert!(machine.boot_files(Slot::B).is_empty() && machine.trial().is_none());
}

#[test]
fn an_update_that_another_restart_passed_over_is_started_by_the_next_one() {
    let (release, machine) = machine();
    machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap();
    // As after a power cut: nothing is left of what this system knew.
    std::fs::remove_file(machine.places.run().join("next.json")).unwrap();
    machine.count_start(Slot::A);
    start(&machine.keeper(&machine.programs())).unwrap();
    assert_eq!(restart(&machine), TRYBOOT);
    assert!(machine.known().set_aside.is_empty());
}

#[test]
fn an_update_that_did_not_start_is_set_aside() {
    let (release, machine) = machine();
    machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap();
    std::fs::remove_file(machine.places.run().join("next.json")).unwrap();
    machine.count_start(Slot::B);
    machine.count_start(Slot::A);
    start(&machine.keeper(&machine.programs())).unwrap();
    assert!(machine.known().set_aside.contains_key(&release.manifest.version));
    assert_eq!((machine.trial(), restart(&machine)), (None, RESTART.to_owned()));
}

#[test]
fn the_owner_goes_back_by_tryboot() {
    let (_, machine) = machine();
    machine.label_other("anya_0.9.0");
    machine.serving(&machine.programs(), |keeper, _| {
        assert_eq!(code(keeper.roll_back()), "rollback_not_startable");
        assert!(!keeper.status().unwrap().other_starts);
    });
    machine.boot_img(Slot::B, b"old");
    machine.count_start(Slot::B);
    machine.serving(&machine.programs(), |keeper, _| {
        keeper.roll_back().unwrap();
        assert!(keeper.status().unwrap().other_starts);
    });
    assert_eq!(machine.tryboot(), (Some(Slot::A), vec!["tries.2".to_owned()]));
    assert_eq!(restart(&machine), TRYBOOT);
}

#[test]
fn the_status_and_what_is_read_are_those_of_any_board() {
    let (_, machine) = machine();
    let (status, read) =
        machine.serving(&machine.programs(), |keeper, _| (keeper.status().unwrap(), keeper.read().unwrap()));
    assert_eq!((status.running.slot, status.other, status.blocked), (Slot::A, None, None));
    assert!(status.room.uki > 0 && !status.secure_boot);
    let kernel_image = std::io::read_to_string(read.kernel_image).unwrap();
    assert_eq!(kernel_image, "the running kernel image");
}

#[test]
fn boot_partitions_that_the_firmware_would_not_find_are_none() {
    let (release, machine) = machine();
    machine.label("boot-b", "boot-c");
    let refused = machine.serving(&machine.programs(), |keeper, _| begin(keeper, &release).map(drop));
    let told = "This system has no slots that can be used: only one of the slots has a boot partition.";
    assert_eq!(refused.unwrap_err().to_string(), told);
}
