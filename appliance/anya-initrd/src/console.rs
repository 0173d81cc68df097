//! What this program says: to the kernel's log, which the journal takes over, and whose errors the kernel shows on
//! every console.

use std::fs::{self, OpenOptions};
use std::io::Write;

/// What the kernel shows on the consoles: the first number, below which a level has to be (Linux,
/// admin-guide/sysctl/kernel.rst).
const SHOWN: &str = "/proc/sys/kernel/printk";

/// How much it matters (syslog(3)).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    /// Shown on the consoles.
    Error = 3,
    /// For who looks later.
    Info = 6,
}

/// Says a line. There is nobody to tell that it cannot be said.
pub(crate) fn say(level: Level, text: &str) {
    if let Ok(mut log) = OpenOptions::new().write(true).open("/dev/kmsg") {
        let _ =
            log.write_all(format!("<{}>anya-initrd: {}\n", level as u8, text.replace('\n', " ")).as_bytes());
    }
}

/// Does something of which the kernel shows nothing on the consoles; it stays in the log.
pub(crate) fn hush(work: impl FnOnce()) {
    let shown = fs::read_to_string(SHOWN).unwrap_or_default();
    let _ = fs::write(SHOWN, "1");
    work();
    if let Some(level) = shown.split_whitespace().next() {
        let _ = fs::write(SHOWN, level);
    }
}
