use std::fs;

use hal_api::volume::{ClosedReason, Protection, VolumeState, VolumeStatus};
use root_side::program::Scripted;

use super::open;
use crate::disk::fixture;
use crate::places::Places;
use crate::state_file;

const NEW: [&str; 3] = ["esp", "root", "verity"];
const MADE: [&str; 6] = ["esp", "root", "verity", "_empty", "_empty", "data"];
const SEALED: &str = r#"{"tokens":{"0":{"type":"systemd-tpm2","keyslots":["1"]}}}"#;
const PLAIN: &str = r#"{"tokens":{}}"#;

/// A machine with this disk, and a TPM that the image was measured into.
fn machine(tpm: bool, labels: &[&str]) -> (tempfile::TempDir, Places) {
    let folder = tempfile::tempdir().unwrap();
    let places = Places::under(folder.path());
    fixture::disk(&places, "vda", labels);
    for path in ["etc", "data"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    if tpm {
        fs::create_dir_all(places.tpm()).unwrap();
        fs::create_dir_all(places.measured().parent().unwrap()).unwrap();
        fs::write(places.measured(), "x").unwrap();
    }
    (folder, places)
}

fn opened(runner: &Scripted, places: &Places) -> VolumeStatus {
    open(runner, places).unwrap();
    state_file::read(places).unwrap()
}

/// What was started, without the machine's folder.
fn started(runner: &Scripted, places: &Places) -> Vec<String> {
    let root = places.root().display().to_string();
    runner.started().iter().map(|line| line.replace(&root, "")).collect()
}

#[test]
fn a_first_boot_with_a_tpm_makes_seals_opens_and_mounts() {
    let (_folder, places) = machine(true, &NEW);
    let after = places.clone();
    let runner = Scripted::default()
        .does("systemd-repart", move |_| fixture::added(&after, "vda", &MADE))
        .prints("cryptsetup luksDump", SEALED)
        .ends("cryptsetup open --test-passphrase", 2, "No key available with this passphrase.");
    let status = opened(&runner, &places);
    assert_eq!((status.state, status.reason, status.protection), (VolumeState::Open, None, Protection::Tpm));
    assert_eq!((status.recovery_key, status.size_bytes), (false, 1 << 30));
    assert_eq!(
        started(&runner, &places),
        [
            "systemctl start modprobe@loop.service",
            "systemd-repart --dry-run=no --definitions=/usr/lib/anya/repart.d/base \
             --definitions=/usr/lib/anya/repart.d/tpm --tpm2-device=auto --tpm2-pcrs=7 \
             --tpm2-public-key-pcrs=11 --tpm2-pcrlock= /dev/vda",
            "udevadm settle --timeout=30",
            "udevadm wait --timeout=30 /dev/vda6",
            "cryptsetup luksDump --dump-json-metadata /dev/vda6",
            "cryptsetup open --test-passphrase --disable-external-tokens --type=luks2 \
             --key-file=/run/anya-data/empty /dev/vda6",
            "systemd-cryptsetup attach data /dev/vda6 - tpm2-device=auto,headless=yes",
            "udevadm wait --timeout=10 /dev/mapper/data",
            "e2fsck -p /dev/mapper/data",
            "mount -t ext4 -o noatime,nodev,nosuid,noexec,errors=remount-ro /dev/mapper/data /data",
            "mount --bind /data/system/timesync /var/lib/systemd/timesync",
        ]
    );
}

#[test]
fn a_later_boot_makes_nothing_and_waits_for_nothing_that_is_there() {
    let (_folder, places) = machine(true, &MADE);
    fs::create_dir_all(places.root().join("dev/mapper")).unwrap();
    fs::write(places.root().join("dev/vda6"), "").unwrap();
    let mapped = places.mapped();
    let runner = Scripted::default()
        .prints("cryptsetup luksDump", SEALED)
        .ends("cryptsetup open --test-passphrase", 2, "No key available with this passphrase.")
        .does("systemd-cryptsetup attach", move |_| fs::write(&mapped, "").unwrap());
    assert_eq!(opened(&runner, &places).state, VolumeState::Open);
    assert_eq!(
        runner.names(),
        ["cryptsetup", "cryptsetup", "systemd-cryptsetup", "e2fsck", "mount", "mount"],
        "{:?}",
        started(&runner, &places)
    );
}

#[test]
fn a_first_boot_without_a_tpm_uses_the_empty_key_and_never_tries_a_tpm() {
    let (_folder, places) = machine(false, &NEW);
    let after = places.clone();
    let runner = Scripted::default()
        .does("systemd-repart", move |_| fixture::added(&after, "vda", &MADE))
        .prints("cryptsetup luksDump", PLAIN);
    let status = opened(&runner, &places);
    assert_eq!((status.state, status.protection), (VolumeState::Open, Protection::None));
    let started = started(&runner, &places);
    assert!(started.iter().all(|line| !line.contains("tpm")), "{started:?}");
    assert!(
        started.contains(
            &"systemd-cryptsetup attach data /dev/vda6 - try-empty-password=yes,headless=yes".into()
        )
    );
}

/// A machine with a made disk whose volume stays closed: why, and what was started last.
fn closed(tpm: bool, runner: &Scripted) -> (ClosedReason, VolumeStatus, Vec<String>) {
    let (_folder, places) = machine(tpm, &MADE);
    let status = opened(runner, &places);
    assert_eq!(status.state, VolumeState::Closed);
    (status.reason.unwrap(), status, started(runner, &places))
}

#[test]
fn another_tpm_leaves_the_volume_closed_with_what_it_said() {
    let runner = Scripted::default()
        .prints("cryptsetup luksDump", SEALED)
        .ends("cryptsetup open --test-passphrase", 2, "")
        .ends("systemd-cryptsetup attach", 1, "Failed to unseal secret using TPM2");
    let (reason, status, started) = closed(true, &runner);
    assert_eq!(reason, ClosedReason::TpmRefused);
    assert_eq!(status.detail, "Failed to unseal secret using TPM2");
    assert!(started.iter().all(|line| !line.starts_with("mount") && !line.starts_with("e2fsck")));
}

#[test]
fn a_volume_that_was_swapped_in_is_never_attached() {
    let runner = Scripted::default().prints("cryptsetup luksDump", SEALED);
    let (reason, _, started) = closed(true, &runner);
    assert_eq!(reason, ClosedReason::OpensWithoutKey);
    assert!(started.iter().all(|line| !line.contains("attach")), "{started:?}");
}

#[test]
fn a_tpm_that_is_gone_is_said_so() {
    let runner = Scripted::default().prints("cryptsetup luksDump", SEALED);
    let (reason, status, started) = closed(false, &runner);
    assert_eq!((reason, status.protection), (ClosedReason::TpmMissing, Protection::Tpm));
    assert!(started.iter().all(|line| !line.contains("attach")), "{started:?}");
}

#[test]
fn a_file_system_beyond_repair_is_closed_again() {
    let runner = Scripted::default().prints("cryptsetup luksDump", PLAIN).ends(
        "e2fsck",
        4,
        "UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.",
    );
    let (reason, status, started) = closed(false, &runner);
    assert_eq!(reason, ClosedReason::Damaged);
    assert!(status.detail.contains("RUN fsck MANUALLY"), "{}", status.detail);
    assert_eq!(started.last().unwrap(), "systemd-cryptsetup detach data");
}

#[test]
fn no_header_no_room_and_no_disk_are_told_apart() {
    let unreadable = Scripted::default().ends("cryptsetup luksDump", 1, "not a valid LUKS device");
    assert_eq!(closed(true, &unreadable).0, ClosedReason::Damaged);
    let (_folder, places) = machine(true, &NEW);
    let full = Scripted::default().ends("systemd-repart", 1, "Can't fit requested partitions");
    assert_eq!(opened(&full, &places).reason, Some(ClosedReason::NoRoom));
    let (_folder, places) = machine(true, &["data"]);
    let nothing = Scripted::default();
    assert_eq!(opened(&nothing, &places).reason, Some(ClosedReason::NoDisk));
    assert_eq!(nothing.started(), Vec::<String>::new());
}

#[test]
fn whatever_goes_wrong_is_a_state() {
    let (_folder, places) = machine(false, &MADE);
    let runner =
        Scripted::default().prints("cryptsetup luksDump", PLAIN).ends("udevadm wait --timeout=10", 1, "no");
    let status = opened(&runner, &places);
    assert_eq!(status.state, VolumeState::Closed);
    assert!(status.detail.contains("udevadm"), "{}", status.detail);
}
