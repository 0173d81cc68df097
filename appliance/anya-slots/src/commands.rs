//! Every program that is started, with its arguments.

use std::path::Path;
use std::time::Duration;

use ota_client::fsck;
use ota_core::slots::Restart;
use root_side::program::Program;

/// How long a program may take: each of them is done within a second on a disk that is well.
const BOUND: Duration = Duration::from_secs(60);

fn program<A: Into<String>>(name: &'static str, arguments: impl IntoIterator<Item = A>) -> Program {
    Program::new(name, BOUND, arguments)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Checks the boot partition, which is not mounted, and repairs what can be.
pub(crate) fn check(device: &Path) -> Program {
    program(fsck::PROGRAM, [fsck::REPAIR, &text(device)])
}

/// Tells whether a kernel image carries a signature that this certificate verifies.
pub(crate) fn verify_signature(certificate: &Path, kernel_image: &Path) -> Program {
    program("sbverify", ["--cert", &text(certificate), &text(kernel_image)])
}

/// Starts the machine again. systemd hands the argument on to the kernel, and that to the firmware.
pub(crate) fn restart(way: Restart) -> Program {
    let arguments: &[&str] = match way {
        Restart::Plain => &["--no-block", "reboot"],
        Restart::Tryboot => &["--no-block", "--reboot-argument=0 tryboot", "reboot"],
    };
    program("systemctl", arguments.iter().copied())
}
