use std::fs;

use hal_api::volume::{ClosedReason, Protection, VolumeState, VolumeStatus};
use root_side::program::Scripted;
use serde_json::{Value, json};

use super::serve;
use crate::disk::fixture;
use crate::places::Places;
use crate::state_file;

const MADE: [&str; 6] = ["esp", "root", "verity", "_empty", "_empty", "data"];
const KEY: &str = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv";
const HEADER: &str = r#"{"tokens":{"0":{"type":"systemd-tpm2","keyslots":["1"]},
    "1":{"type":"systemd-recovery","keyslots":["2"]}}}"#;

/// A machine with a TPM whose volume is as said.
fn machine(reason: Option<ClosedReason>) -> (tempfile::TempDir, Places) {
    let folder = tempfile::tempdir().unwrap();
    let places = Places::under(folder.path());
    fixture::disk(&places, "vda", &MADE);
    for path in ["etc", "data"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    fs::create_dir_all(places.tpm()).unwrap();
    fs::create_dir_all(places.measured().parent().unwrap()).unwrap();
    fs::write(places.measured(), "x").unwrap();
    state_file::make_folder(&places).unwrap();
    let state = if reason.is_some() { VolumeState::Closed } else { VolumeState::Open };
    let (detail, protection) = (String::new(), Protection::Tpm);
    let status = VolumeStatus { state, reason, detail, protection, recovery_key: true, size_bytes: 1 };
    state_file::write(&places, &status).unwrap();
    (folder, places)
}

fn asked(runner: &Scripted, places: &Places, request: &str) -> Value {
    let mut output = Vec::new();
    serve(runner, places, format!("{request}\n").as_bytes(), &mut output).unwrap();
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
    serde_json::from_slice(&output).unwrap()
}

fn with_key(op: &str) -> String {
    json!({"op": op, "recovery_key": KEY.to_uppercase()}).to_string()
}

/// Neither in an argument list nor in what is kept.
fn assert_secret(runner: &Scripted, places: &Places) {
    assert!(runner.started().iter().all(|line| !line.contains(KEY)), "{:?}", runner.started());
    for file in fs::read_dir(places.run()).unwrap() {
        let content = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!content.contains(KEY), "{content}");
    }
}

#[test]
fn the_status_is_what_the_boot_found() {
    let (_folder, places) = machine(Some(ClosedReason::TpmRefused));
    let status = asked(&Scripted::default(), &places, r#"{"op":"status"}"#);
    assert_eq!((&status["state"], &status["reason"]), (&json!("closed"), &json!("tpm_refused")));
}

#[test]
fn the_right_key_opens_and_mounts() {
    let (_folder, places) = machine(Some(ClosedReason::TpmRefused));
    let runner = Scripted::default().prints("cryptsetup luksDump", HEADER);
    let status = asked(&runner, &places, &with_key("unlock"));
    assert_eq!((&status["state"], &status["recovery_key"]), (&json!("open"), &json!(true)));
    assert_eq!(state_file::read(&places).unwrap().state, VolumeState::Open);
    assert!(runner.started()[0].starts_with("cryptsetup open --type=luks2 --key-file=- "));
    assert_eq!(runner.inputs(), [KEY], "as it was enrolled, without a line's end");
    assert_eq!(runner.names()[2..4], ["e2fsck", "mount"]);
    assert_secret(&runner, &places);
}

#[test]
fn a_wrong_key_changes_nothing() {
    let (_folder, places) = machine(Some(ClosedReason::TpmMissing));
    let runner = Scripted::default().ends("cryptsetup open", 2, "No key available with this passphrase.");
    assert_eq!(asked(&runner, &places, &with_key("unlock"))["error"], "wrong_key");
    assert_eq!(runner.names(), ["cryptsetup"]);
    assert_eq!(state_file::read(&places).unwrap().state, VolumeState::Closed);
}

#[test]
fn a_volume_that_was_swapped_in_takes_no_key() {
    let (_folder, places) = machine(Some(ClosedReason::OpensWithoutKey));
    let runner = Scripted::default();
    assert_eq!(asked(&runner, &places, &with_key("unlock"))["error"], "not_now");
    assert_eq!(runner.started(), Vec::<String>::new());
}

#[test]
fn a_new_recovery_key_replaces_the_old_one_once_it_is_there() {
    let (_folder, places) = machine(None);
    let runner = Scripted::default()
        .prints("cryptsetup luksDump", HEADER)
        .ends("cryptsetup open --test-passphrase", 2, "")
        .prints("systemd-cryptenroll --unlock-tpm2-device=auto --recovery-key", &format!("{KEY}\n"));
    let made = asked(&runner, &places, r#"{"op":"make-recovery-key"}"#);
    assert_eq!(made, json!({"recovery_key": KEY}));
    let lines = runner.started();
    let place = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
    assert!(place("--recovery-key") < place("--wipe-slot=2"), "{lines:?}");
    assert_secret(&runner, &places);
}

#[test]
fn a_recovery_key_that_could_not_be_made_leaves_the_old_one() {
    let (_folder, places) = machine(None);
    let runner = Scripted::default().prints("cryptsetup luksDump", HEADER).ends(
        "systemd-cryptenroll",
        1,
        "the TPM does not answer",
    );
    let refused = asked(&runner, &places, r#"{"op":"make-recovery-key"}"#);
    assert_eq!(refused["error"], "failed");
    assert!(runner.started().iter().all(|line| !line.contains("--wipe-slot")));
}

#[test]
fn sealing_anew_takes_two_steps_and_a_key_that_was_tried() {
    let (_folder, places) = machine(None);
    let runner = Scripted::default().prints("cryptsetup luksDump", HEADER);
    assert_eq!(asked(&runner, &places, &with_key("reseal")), json!({"accepted": true}));
    let lines = runner.started();
    let steps: Vec<_> = lines.iter().filter(|line| line.starts_with("systemd-cryptenroll")).collect();
    assert!(steps[0].contains("--wipe-slot=tpm2") && !steps[0].contains("--tpm2-device"), "{steps:?}");
    let sealed = "--tpm2-device=auto --tpm2-pcrs=7 --tpm2-public-key-pcrs=11 --tpm2-pcrlock=";
    assert!(steps[1].contains(sealed) && steps[1].contains("--unlock-key-file=/dev/stdin"), "{steps:?}");
    assert_secret(&runner, &places);

    let wrong = Scripted::default().prints("cryptsetup luksDump", HEADER).ends(
        "cryptsetup open --test-passphrase",
        2,
        "",
    );
    assert_eq!(asked(&wrong, &places, &with_key("reseal"))["error"], "wrong_key");
    assert!(wrong.started().iter().all(|line| !line.contains("--wipe-slot")), "nothing was removed");
}

#[test]
fn erasing_takes_the_keys_first_and_ends_with_a_restart() {
    let (_folder, places) = machine(Some(ClosedReason::Damaged));
    let runner = Scripted::default().ends("cryptsetup luksErase", 1, "not a valid LUKS device");
    assert_eq!(asked(&runner, &places, r#"{"op":"erase"}"#), json!({"accepted": true}));
    assert_eq!(runner.names(), ["cryptsetup", "wipefs", "dd", "sfdisk", "systemctl"]);
    let root = places.root().display();
    assert!(runner.started()[3].ends_with(&format!("--delete {root}/dev/vda 6")));
}

#[test]
fn an_open_volume_is_never_erased() {
    let (_folder, places) = machine(None);
    let runner = Scripted::default();
    assert_eq!(asked(&runner, &places, r#"{"op":"erase"}"#)["error"], "not_now");
    assert_eq!(runner.started(), Vec::<String>::new());
}

#[test]
fn while_something_is_done_nothing_else_is_and_the_status_is_still_told() {
    let (_folder, places) = machine(Some(ClosedReason::TpmRefused));
    let _held = state_file::lock(&places).unwrap().unwrap();
    let runner = Scripted::default();
    assert_eq!(asked(&runner, &places, &with_key("unlock"))["error"], "busy");
    assert_eq!(asked(&runner, &places, r#"{"op":"status"}"#)["state"], "closed");
    assert_eq!(asked(&runner, &places, r#"{"op":"restart"}"#), json!({"accepted": true}));
    assert_eq!(runner.started(), ["systemctl --no-block reboot"]);
}

#[test]
fn what_is_no_request_is_refused_without_quoting_it() {
    let (_folder, places) = machine(None);
    let runner = Scripted::default();
    for wrong in ["", "{}", r#"{"op":"format"}"#, r#"{"op":"unlock","recovery_key":"hunter2"}"#, "no JSON"] {
        let refused = asked(&runner, &places, wrong);
        assert_eq!(refused["error"], "bad_request", "{wrong}");
        assert!(!refused.to_string().contains("hunter2"));
    }
    assert_eq!(runner.started(), Vec::<String>::new());
}
