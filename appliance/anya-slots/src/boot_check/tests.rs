use ota_core::slots::Slot;
use root_side::program::Scripted;

use super::*;
use crate::start::start;
use crate::test_machine::TestMachine;

fn machine() -> TestMachine {
    TestMachine::trusting(b"")
}

#[test]
fn the_boot_partition_is_checked_before_it_is_mounted() {
    let (machine, runner) = (machine(), Scripted::default());
    start(&machine.keeper(&runner)).unwrap();
    let started = runner.started();
    let device = machine.part("vda1");
    assert_eq!(started[0], format!("fsck.fat -a {}", device.display()));
    assert!(
        started[1].starts_with("mount ")
            && started.iter().filter(|line| line.starts_with("fsck")).count() == 1
    );
}

#[test]
fn an_entry_that_got_lost_is_put_back_at_the_start_of_the_other_version() {
    let machine = machine();
    machine.entry("anya_1.1.0.spare", b"the newer kernel image");
    let repaired = Scripted::default().ends("fsck.fat", 1, "");
    start(&machine.keeper(&repaired)).unwrap();
    assert_eq!(machine.entry_names(), ["anya_1.0.0+2-1.efi", "anya_1.1.0+3.efi"]);
    assert_eq!(machine.entry_content("anya_1.1.0+3.efi"), b"the newer kernel image");
}

#[test]
fn what_a_cut_and_the_check_left_goes() {
    let machine = machine();
    machine.entry("anya_1.0.0+3.efi", b"");
    machine.entry("anya_1.1.0.part", b"half");
    machine.entry("FSCK0000.000", b"");
    machine.put_trial("{}");
    let esp = machine.places.esp();
    std::fs::write(esp.join("FSCK0000.REC"), b"a kernel image").unwrap();
    std::fs::write(esp.join("EFI/anya/trial.part"), b"{").unwrap();
    start(&machine.keeper(&Scripted::default())).unwrap();
    assert_eq!(machine.entry_names(), ["anya_1.0.0+2-1.efi"]);
    for gone in ["FSCK0000.REC", "EFI/Linux/anya_1.1.0.part", "EFI/Linux/FSCK0000.000", "EFI/anya/trial.part"]
    {
        assert!(!esp.join(gone).exists(), "{gone}");
    }
}

#[test]
fn of_the_slots_own_boot_partitions_the_one_that_does_not_run_is_checked_and_cleared_up() {
    let machine = TestMachine::raspberry_pi(b"");
    for (name, content) in
        [("boot.part", "half"), ("boot.img", ""), ("FSCK0000.REC", "x"), ("config.txt", "x")]
    {
        std::fs::write(machine.places.boot(Slot::B).join(name), content).unwrap();
    }
    let runner = Scripted::default();
    start(&machine.keeper(&runner)).unwrap();
    let checks: Vec<_> = runner.started().into_iter().filter(|line| line.starts_with("fsck")).collect();
    let check = |part| format!("fsck.fat -a {}", machine.part(part).display());
    assert_eq!(checks, [check("vda1"), check("vda3")]);
    assert_eq!(machine.boot_files(Slot::A), ["boot.img"]);
    assert_eq!(machine.boot_files(Slot::B), ["config.txt"]);
}

#[test]
fn a_note_that_kept_its_first_name_gets_its_own() {
    let machine = machine();
    machine.put_trial("");
    let note = r#"{"version":"1.0.0","from":"0.9.0","reason":null}"#;
    std::fs::write(machine.places.esp().join("EFI/anya/trial.part"), note).unwrap();
    start(&machine.keeper(&Scripted::default())).unwrap();
    assert_eq!(machine.trial().as_deref(), Some(note));
}

#[test]
fn what_cannot_be_checked_is_left_alone() {
    let machine = machine();
    machine.entry("anya_1.1.0.part", b"half");
    let keeper_runner = Scripted::default().ends("fsck.fat", 2, "no such program");
    let keeper = machine.keeper(&keeper_runner);
    let error = check(&keeper, &keeper.look().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the boot partition cannot be checked (2): no such program");
    start(&keeper).unwrap();
    assert!(machine.places.esp().join("EFI/Linux/anya_1.1.0.part").exists());
}
