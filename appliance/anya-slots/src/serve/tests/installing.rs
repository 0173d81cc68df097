use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

use ota_client::slot_keeper::Connection;
use ota_client::slot_keeper::protocol::{Answer, Request};
use ota_core::slots::Action;
use ota_core::trust::SetAside;

use super::*;
use crate::run_files::{self, Started};
use crate::secure_boot;
use crate::test_machine::release::kernel_image;

#[test]
fn a_release_goes_into_the_slot_that_does_not_run_step_by_step() {
    let (release, machine) = machine();
    let runner = machine.programs();
    let (inodes, steps) = machine.serving(&runner, |keeper, _| {
        let install = begin(keeper, &release).unwrap();
        let inodes = [install.root(), install.verity()].map(|file| file.metadata().unwrap().ino());
        write(install.root(), &release.root);
        write(install.verity(), &release.verity);
        let mut steps = Vec::new();
        assert!(!install.finish(&file(&release.kernel_image), &mut |step| steps.push(step)).unwrap());
        (inodes, steps)
    });
    assert_eq!(inodes, ["vda4", "vda5"].map(|part| machine.part(part).metadata().unwrap().ino()));
    assert_eq!(steps, [Action::VerifyReadBack, Action::SetIdentity, Action::StageKernel, Action::Arm]);
    assert_eq!(machine.entry_names(), ["anya_1.0.0+3.efi", "anya_1.1.0+3.efi"]);
    assert_eq!(machine.entry_content("anya_1.1.0+3.efi"), release.kernel_image);
    assert_eq!(machine.spares(), ["anya_1.0.0.spare"], "of the version that was alone in the meantime");
    let [running, other] = machine.facts();
    let hash = release.manifest.root_hash;
    assert_eq!((other.root_uuid, other.verity_uuid), (hash.root_uuid(), hash.verity_uuid()));
    assert_eq!((running.label.as_str(), other.label.as_str()), ("anya_1.0.0", "anya_1.1.0"));
    assert!(machine.trial().unwrap().contains(r#""version":"1.1.0","from":"1.0.0""#));
    assert_eq!(machine.store().epochs().unwrap()[&release.manifest.version], 2);
    assert_eq!(machine.known().highest_epoch, 2);
    assert!(!machine.places.run().join("kernel.efi").exists());
    let started = |name: &str| runner.started().iter().filter(|line| line.starts_with(name)).count();
    assert_eq!(started("mount "), started("umount "));
}

#[test]
fn what_was_written_is_read_back_and_all_parts_are_of_one_release() {
    let installed = |release: &Release, machine: &TestMachine| {
        code(machine.serving(&machine.programs(), |keeper, _| install(keeper, release)))
    };
    let (mut release, machine) = self::machine();
    release.root[5000] ^= 1;
    assert_eq!(installed(&release, &machine), "verity_other_block");
    assert_nothing_to_start(&machine);
    release.root[5000] ^= 1;
    let right = release.kernel_image.clone();
    release.kernel_image[1030] ^= 1;
    assert_eq!(installed(&release, &machine), "other_content");
    release.kernel_image.truncate(900);
    assert_eq!(installed(&release, &machine), "other_content", "a shorter one");
    release.kernel_image = [&right[..], b"x"].concat();
    assert_eq!(installed(&release, &machine), "other_content", "a longer one");
    assert_nothing_to_start(&machine);
    let release = release.with_kernel_image(kernel_image(&"22".repeat(32), "1.1.0"));
    assert_eq!(installed(&release, &machine), "mixed_parts", "signed, and yet it starts another root");
    assert_nothing_to_start(&machine);
    let release = release.with_kernel_image(right);
    machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap();
}

#[test]
fn a_kernel_image_that_the_firmware_would_not_start_gets_no_entry() {
    let (release, machine) = machine();
    secure_boot::tests::enforce(&machine.places, &[b"a certificate"]);
    let nobody = machine.programs().ends("sbverify", 1, "no");
    let refused = machine.serving(&nobody, |keeper, _| install(keeper, &release));
    assert_eq!(code(refused), "kernel_not_signed");
    assert_nothing_to_start(&machine);
    let signed = machine.programs();
    machine.serving(&signed, |keeper, _| install(keeper, &release)).unwrap();
    assert!(signed.started().iter().any(|line| line.starts_with("sbverify --cert ")));
}

#[test]
fn a_damaged_copy_of_the_partition_table_is_made_whole_by_an_installation() {
    for copy in [512, 127 * 512] {
        let (release, machine) = machine();
        let (disk, facts) = (machine.part("vda"), machine.facts());
        let damage = |at: usize| {
            let mut bytes = std::fs::read(&disk).unwrap();
            bytes[at] ^= 1;
            std::fs::write(&disk, bytes).unwrap();
        };
        damage(copy);
        assert_eq!(machine.facts(), facts);
        machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap();
        let installed = machine.facts();
        assert_eq!(installed[1].label, "anya_1.1.0");
        // Either one is enough again.
        for other in [512, 127 * 512] {
            damage(other);
            assert_eq!(machine.facts(), installed);
            damage(other);
        }
    }
}

#[test]
fn without_a_partition_table_there_are_no_slots() {
    let (release, machine) = machine();
    std::fs::write(machine.part("vda"), vec![0; 64 << 10]).unwrap();
    let refused = machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap_err();
    let told = "This system has no slots that can be used: the disk has no partition table that is whole: the primary \
                one is not there, the backup is not there.";
    assert_eq!(refused.to_string(), told);
}

#[test]
fn a_conversation_that_ends_before_the_slot_is_written_leaves_nothing_to_start() {
    let (release, machine) = machine();
    machine.serving(&machine.programs(), |keeper, _| drop(begin(keeper, &release).unwrap()));
    assert_nothing_to_start(&machine);
}

#[test]
fn a_conversation_that_ends_between_two_steps_leaves_nothing_to_start() {
    let (release, machine) = machine();
    secure_boot::tests::enforce(&machine.places, &[b"a certificate"]);
    let (gone, is_gone) = mpsc::channel::<()>();
    // The keeper gets to the step's end when the other side has gone.
    let runner = machine.programs_that_wait_for("sbverify", is_gone);
    machine.serving(&runner, |_, socket| {
        let mut connection = Connection::new(UnixStream::connect(socket).unwrap());
        let request = Request::Install { channel: stable(), evidence: release.evidence(), insist: false };
        connection.send(&request, &[]).unwrap();
        let (_, slot) = connection.receive::<Answer>().unwrap().unwrap();
        let [root, verity] = <[_; 2]>::try_from(slot).unwrap().map(File::from);
        write(&root, &release.root);
        write(&verity, &release.verity);
        let kernel = file(&release.kernel_image);
        connection.send(&Request::Written {}, &[kernel.as_fd()]).unwrap();
        let last = Answer::Step { step: Action::VerifyReadBack };
        while connection.receive::<Answer>().unwrap().unwrap().0 != last {}
        drop(connection);
        drop(gone);
    });
    assert_nothing_to_start(&machine);
    assert!(run_files::lock(&machine.places).unwrap().is_some(), "the next one may begin");
    machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap();
    assert_eq!(machine.entry_names(), ["anya_1.0.0+3.efi", "anya_1.1.0+3.efi"]);
}

#[test]
fn a_version_that_was_set_aside_takes_an_owner_who_insists() {
    let (release, machine) = machine();
    let mut known = machine.known();
    let reason = "It never got ready.".to_owned();
    known.set_aside(release.manifest.version.clone(), SetAside::Failed { reason });
    machine.store().keep_known(&known).unwrap();
    machine.serving(&machine.programs(), |keeper, _| {
        let believed = keeper.believe(&stable(), &release.evidence()).unwrap();
        assert_eq!(believed.set_aside.as_deref(), Some("It never got ready."));
        assert_eq!(code(install(keeper, &release)), "set_aside");
    });
    assert_untouched(&machine);
    let insist = |keeper: &SlotKeeper| keeper.install(&stable(), &release.evidence(), true).map(drop);
    machine.serving(&machine.programs(), |keeper, _| insist(keeper)).unwrap();
    assert!(machine.known().set_aside.is_empty());
}

#[test]
fn a_version_on_trial_does_not_give_up_the_one_that_it_would_give_way_to() {
    let (release, machine) = machine();
    Started { trial: Some("1.0.0".parse().unwrap()), gone_back: None }.write(&machine.places).unwrap();
    machine.label_other("anya_0.9.0");
    machine.entry("anya_0.9.0+3.efi", b"old");
    machine.serving(&machine.programs(), |keeper, _| {
        assert_eq!(code(install(keeper, &release)), "not_now");
        let status = keeper.status().unwrap();
        assert!(status.blocked.unwrap().contains("on trial"));
        assert_eq!(status.trial, Some(status.running.version));
    });
    assert_eq!(machine.entry_names(), ["anya_0.9.0+3.efi", "anya_1.0.0+2-1.efi"]);
    // With nothing to go back to, an update may be what helps.
    std::fs::remove_file(machine.places.esp().join("EFI/Linux/anya_0.9.0+3.efi")).unwrap();
    machine.serving(&machine.programs(), |keeper, _| install(keeper, &release)).unwrap();
}
