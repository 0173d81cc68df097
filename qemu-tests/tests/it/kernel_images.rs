//! What another kernel image means for the data: one that the same keys vouch for opens it, as after each update of
//! `updates.rs`; one that they do not vouch for does not.

use std::fs;
use std::path::Path;

use image::build::Profile;
use image::keys::{self, Keys};
use image::sign::{Data, Parts, make_uki};
use qemu_tests::machine::{Machine, Setup};
use serde_json::json;

use crate::release_box::release_box;
use crate::turn::{Turn, turn};

#[test]
fn a_kernel_image_that_the_keys_do_not_vouch_for_does_not_open_the_data() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = made.copy(&turn, "kernel-foreign");
    let folder = tempfile::tempdir_in(turn.lab.runs()).unwrap();
    let uki = foreign(&turn, folder.path());
    copy.0.put_kernel_image(&turn.lab, &uki).unwrap();
    let machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
    let fault = machine.wait_served().unwrap();
    assert_eq!((&fault["kind"], &fault["reason"]), (&json!("data_closed"), &json!("tpm_refused")), "{fault}");
    let keys = machine.client().ask("GET", "/api/v1/security/keys", None).unwrap();
    assert_ne!(keys.status, 200, "no data is served");
}

/// The release's kernel image, which Secure Boot lets pass, but whose measurements another key signed.
fn foreign(turn: &Turn, folder: &Path) -> std::path::PathBuf {
    let (lab, image) = (&turn.lab, turn.lab.image().folder());
    let tools = lab.tools();
    let keys = folder.join("keys");
    keys::generate(&keys, tools).unwrap();
    let own = lab.cache().join("test-keys");
    for file in ["secureboot.key", "secureboot.crt"] {
        fs::copy(own.join(file), keys.join(file)).unwrap();
    }
    let command_line = folder.join("cmdline");
    let dump = format!("--dump-section=.cmdline={}", command_line.display());
    let release = lab.image().uki(Profile::Release);
    tools.output("objcopy", [&dump, &release.display().to_string(), "/tmp/unused"]).unwrap();
    let uki = folder.join("foreign.efi");
    make_uki(
        tools,
        &Keys::open(&keys).unwrap(),
        &Parts {
            kernel: &image.join("vmlinuz"),
            initrd: &image.join("initrd"),
            command_line: fs::read_to_string(&command_line).unwrap().trim_end_matches('\0'),
            os_release: &image.join("os-release"),
            data: Data::Opens,
        },
        &uki,
    )
    .unwrap();
    uki
}
