//! Every program that is started, with its arguments.
//!
//! PCR 7 (Secure Boot's keys) and the signed policy on PCR 11 (the image) are always named: the defaults
//! differ between versions of systemd. `--tpm2-pcrlock=` turns off a policy file that would otherwise be
//! used where one is found.

use std::path::Path;
use std::time::Duration;

use hal_api::volume::RecoveryKey;
use root_side::program::Program;
use zeroize::Zeroizing;

use crate::places::{DEFINITIONS, VOLUME};

/// What a volume's key is sealed to.
const SEALED_TO: [&str; 4] =
    ["--tpm2-device=auto", "--tpm2-pcrs=7", "--tpm2-public-key-pcrs=11", "--tpm2-pcrlock="];

/// How long a program may take that only looks.
const LOOK: Duration = Duration::from_secs(20);
/// How long one may take that asks the TPM or changes a header.
const WORK: Duration = Duration::from_secs(90);
/// How long the check of a large file system may take.
const CHECK: Duration = Duration::from_secs(600);

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn with_key(mut program: Program, key: &RecoveryKey) -> Program {
    program.input = Some(Zeroizing::new(key.expose().to_owned()));
    program
}

/// Loads what lets a file be a disk: systemd-repart fills partitions in one. The service manager has the right to it.
pub(crate) fn load_loop() -> Program {
    Program::new("systemctl", LOOK, ["start", "modprobe@loop.service"])
}

/// Makes the partitions that are missing; with a TPM the data partition's key is sealed to it.
pub(crate) fn make_partitions(disk: &Path, tpm: bool) -> Program {
    let kind = if tpm { "tpm" } else { "plain" };
    let mut arguments = vec![
        "--dry-run=no".to_owned(),
        format!("--definitions={DEFINITIONS}/base"),
        format!("--definitions={DEFINITIONS}/{kind}"),
    ];
    if tpm {
        arguments.extend(SEALED_TO.map(str::to_owned));
    }
    arguments.push(text(disk));
    Program::new("systemd-repart", CHECK, arguments)
}

/// Waits until udev knows all devices that the kernel has told of so far.
pub(crate) fn settle() -> Program {
    Program::new("udevadm", Duration::from_secs(35), ["settle", "--timeout=30"])
}

/// Waits until the device is there and known to udev.
pub(crate) fn wait_for(device: &Path, seconds: u32) -> Program {
    let bound = Duration::from_secs(u64::from(seconds) + 5);
    Program::new("udevadm", bound, ["wait".into(), format!("--timeout={seconds}"), text(device)])
}

/// Prints the LUKS2 header's metadata as JSON.
pub(crate) fn dump_header(device: &Path) -> Program {
    Program::new("cryptsetup", LOOK, ["luksDump".into(), "--dump-json-metadata".into(), text(device)])
}

/// Tells whether the empty key opens the volume. `empty` is a regular file without content: nothing else
/// is read as the empty key. cryptsetup would ask the TPM first, whose key is not the question.
pub(crate) fn try_empty_key(device: &Path, empty: &Path) -> Program {
    let key = format!("--key-file={}", text(empty));
    let arguments = ["open", "--test-passphrase", "--disable-external-tokens", "--type=luks2", &key];
    Program::new("cryptsetup", WORK, arguments.into_iter().chain([text(device).as_str()]))
}

/// Opens the volume by the TPM's key.
pub(crate) fn attach_by_tpm(device: &Path) -> Program {
    attach(device, "tpm2-device=auto,headless=yes")
}

/// Opens the volume by the empty key.
pub(crate) fn attach_by_empty_key(device: &Path) -> Program {
    attach(device, "try-empty-password=yes,headless=yes")
}

fn attach(device: &Path, options: &str) -> Program {
    Program::new("systemd-cryptsetup", WORK, ["attach", VOLUME, &text(device), "-", options])
}

/// Opens the volume by its recovery key. Exit status 2: the key is another one.
pub(crate) fn open_by_key(device: &Path, key: &RecoveryKey) -> Program {
    let opened =
        Program::new("cryptsetup", WORK, ["open", "--type=luks2", "--key-file=-", &text(device), VOLUME]);
    with_key(opened, key)
}

/// Tells whether this key opens the volume. Exit status 2: it does not.
pub(crate) fn try_key(device: &Path, key: &RecoveryKey) -> Program {
    let arguments = ["open", "--test-passphrase", "--type=luks2", "--key-file=-", &text(device)];
    with_key(Program::new("cryptsetup", WORK, arguments), key)
}

/// Closes the opened volume again.
pub(crate) fn detach() -> Program {
    Program::new("systemd-cryptsetup", WORK, ["detach", VOLUME])
}

/// Checks the file system and repairs what is safe to repair. Exit status 4 and above: not repaired.
pub(crate) fn check(mapped: &Path) -> Program {
    Program::new("e2fsck", CHECK, ["-p".into(), text(mapped)])
}

/// Adds a recovery key and prints it, authorised by the TPM.
pub(crate) fn add_recovery_key(device: &Path) -> Program {
    Program::new("systemd-cryptenroll", WORK, ["--unlock-tpm2-device=auto", "--recovery-key", &text(device)])
}

/// Removes one key slot with what belongs to it.
pub(crate) fn wipe_slot(device: &Path, slot: u32) -> Program {
    Program::new("systemd-cryptenroll", WORK, [format!("--wipe-slot={slot}"), text(device)])
}

/// Removes every key that is sealed to a TPM.
pub(crate) fn wipe_tpm(device: &Path) -> Program {
    Program::new("systemd-cryptenroll", WORK, ["--wipe-slot=tpm2".into(), text(device)])
}

/// Seals a key to the TPM of now, authorised by the recovery key.
pub(crate) fn seal(device: &Path, key: &RecoveryKey) -> Program {
    let mut arguments = vec!["--unlock-key-file=/dev/stdin".to_owned()];
    arguments.extend(SEALED_TO.map(str::to_owned));
    arguments.push(text(device));
    with_key(Program::new("systemd-cryptenroll", WORK, arguments), key)
}

/// What erases a volume for good: its keys, what tells that it is one, the place where its keys were,
/// and the partition, so that the next boot makes it anew.
pub(crate) fn erase(device: &Path, disk: &Path, number: u32) -> [Program; 4] {
    [
        Program::new("cryptsetup", WORK, ["luksErase", "--batch-mode", &text(device)]),
        Program::new("wipefs", WORK, ["--all", "--force", &text(device)]),
        Program::new(
            "dd",
            WORK,
            ["if=/dev/zero", &format!("of={}", text(device)), "bs=1M", "count=32", "conv=fsync"],
        ),
        Program::new(
            "sfdisk",
            WORK,
            ["--no-reread", "--no-tell-kernel", "--delete", &text(disk), &number.to_string()],
        ),
    ]
}

/// Starts the machine again, and what runs now: what was installed is started by `anya-slots`, which knows how.
pub(crate) fn restart() -> Program {
    Program::new("systemctl", LOOK, ["--no-block", "reboot"])
}
