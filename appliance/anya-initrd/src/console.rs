//! What this program says: to the kernel's log, which the journal takes over, and whose errors the kernel shows on
//! every console.

use std::fs::OpenOptions;
use std::io::Write;

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
