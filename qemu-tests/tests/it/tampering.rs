//! A box whose disk was changed does not run what was changed.

use std::time::Duration;

use image::build::Profile;
use qemu_tests::machine::{BOOT, Machine, Setup};
use qemu_tests::states::{State, of_line};
use qemu_tests::tamper;

use crate::dev::dev_box;
use crate::release_box::release_box;
use crate::turn::turn;

#[test]
fn a_changed_byte_of_the_root_is_refused_by_verity() {
    let turn = turn();
    let copy = release_box(&turn).copy(&turn, "root-changed");
    let offset = tamper::byte_of_root(&turn.lab, &turn.lab.disk(Profile::Release)).unwrap();
    copy.0.flip(&turn.lab, offset).unwrap();
    let machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
    let panicked = |line: &str| (of_line(line) == Some(State::Panic)).then(|| line.to_owned());
    let (told, _) = machine.serial().wait("the kernel's refusal", 0, BOOT, panicked).unwrap();
    assert!(told.contains("verity"), "{told}");
    let lines = machine.serial().lines();
    assert!(lines.iter().all(|line| of_line(&line.text) != Some(State::Ready)), "it never became ready");
    assert!(machine.client().ask("GET", "/healthz", None).is_err(), "and serves nothing");
}

#[test]
fn the_signed_image_boots_under_secure_boot() {
    let turn = turn();
    assert!(dev_box(&turn).secure_boot, "the guest's kernel saw Secure Boot switched off");
    let console = &release_box(&turn).console;
    assert!(
        console.iter().any(|line| line.contains("Secure Boot keys successfully enrolled")),
        "{console:#?}"
    );
}

#[test]
fn a_changed_kernel_image_is_refused_by_the_firmware() {
    let turn = turn();
    let copy = release_box(&turn).copy(&turn, "kernel-changed");
    let image = turn.lab.image();
    let (disk, kernel) = (image.disk(Profile::Release), image.uki(Profile::Release));
    let offset = tamper::byte_of_kernel_image(&turn.lab, &disk, &kernel).unwrap();
    copy.0.flip(&turn.lab, offset).unwrap();
    let machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
    let refused = |line: &str| (of_line(line) == Some(State::Refused)).then_some(());
    machine.serial().wait("the refusal", 0, Duration::from_secs(200), refused).unwrap();
    let reached: Vec<_> = machine.serial().lines().iter().filter_map(|line| of_line(&line.text)).collect();
    let beyond = [State::Kernel, State::Initrd, State::Userspace, State::Ready, State::Fault, State::Panic];
    assert!(!reached.iter().any(|state| beyond.contains(state)), "{reached:?}");
}
