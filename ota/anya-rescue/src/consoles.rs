//! All consoles of the box at once: the screen and the serial port.
//!
//! Which ones there are the kernel tells (`console=` of the command line, those that work). One that goes away,
//! or is a port that the machine does not have, is passed over: what it says is no Enter.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, tcflush};

/// The consoles that the kernel writes to.
const ACTIVE: &str = "sys/class/tty/console/active";
/// How often those who wait are told that the box still does.
const REMINDER: Duration = Duration::from_secs(60);
/// Clears a screen (ECMA-48: erase in display, cursor to the first place).
const CLEAR: &str = "\x1b[2J\x1b[H";

struct Console {
    file: File,
    /// A screen, which is cleared before something is shown; on a serial line it is only added.
    screen: bool,
}

/// The consoles.
pub(crate) struct Consoles(Vec<Console>);

impl Consoles {
    /// Opens those that there are.
    pub(crate) fn open(root: &Path) -> Self {
        let active = fs::read_to_string(root.join(ACTIVE)).unwrap_or_default();
        let open = |name: &str| {
            // Without becoming anybody's controlling terminal, and without waiting for a carrier.
            let mut options = OpenOptions::new();
            options.read(true).write(true).custom_flags(O_NOCTTY | O_NONBLOCK);
            let file = options.open(root.join("dev").join(name)).ok()?;
            // What was typed before anything was shown was no answer.
            let _ = tcflush(&file, FlushArg::TCIFLUSH);
            let screen =
                name.strip_prefix("tty").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
            Some(Console { file, screen })
        };
        Self(active.split_whitespace().filter_map(open).collect())
    }

    /// Shows a text everywhere, on a screen alone.
    pub(crate) fn say(&mut self, text: &str) {
        for console in &mut self.0 {
            let before = if console.screen { CLEAR } else { "\n" };
            console.write(&format!("{before}{text}"));
        }
    }

    /// Waits until somebody presses Enter, or for this time. `reminder` is what serial lines read every minute,
    /// made of the time that is left.
    pub(crate) fn wait_for_enter(&mut self, patience: Duration, reminder: impl Fn(Duration) -> String) {
        let end = Instant::now() + patience;
        let mut next = Instant::now() + REMINDER;
        loop {
            let now = Instant::now();
            if now >= end {
                return;
            }
            if now >= next {
                next = now + REMINDER;
                for console in self.0.iter_mut().filter(|console| !console.screen) {
                    console.write(&reminder(end - now));
                }
            }
            if self.enter_within(next.min(end) - now) {
                return;
            }
        }
    }

    fn enter_within(&mut self, time: Duration) -> bool {
        let milliseconds = u16::try_from(time.as_millis()).unwrap_or(u16::MAX).max(1);
        let ready: Vec<PollFlags> = {
            let mut polled: Vec<PollFd<'_>> =
                self.0.iter().map(|console| PollFd::new(console.file.as_fd(), PollFlags::POLLIN)).collect();
            if poll(&mut polled, PollTimeout::from(milliseconds)).is_err() {
                return false;
            }
            polled.iter().map(|one| one.revents().unwrap_or(PollFlags::POLLERR)).collect()
        };
        let mut entered = false;
        let mut at = 0;
        self.0.retain_mut(|console| {
            let events = ready[at];
            at += 1;
            if events.is_empty() {
                return true;
            }
            match console.typed() {
                Some(enter) => {
                    entered |= enter;
                    true
                }
                None => false,
            }
        });
        entered
    }
}

impl Console {
    fn write(&mut self, text: &str) {
        // A port that takes nothing now, or that nobody has, is not worth waiting for.
        let _ = self.file.write_all(text.as_bytes());
    }

    /// Whether there was an Enter in what was typed; nothing when the console is gone.
    fn typed(&mut self) -> Option<bool> {
        let mut bytes = [0; 256];
        match self.file.read(&mut bytes) {
            Ok(0) => None,
            Ok(count) => Some(bytes[..count].iter().any(|byte| matches!(byte, b'\n' | b'\r'))),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some(false),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    /// A root with these consoles, as pipes that a test writes to and reads from.
    fn root(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("sys/class/tty/console")).unwrap();
        fs::create_dir(root.path().join("dev")).unwrap();
        fs::write(root.path().join(ACTIVE), format!("{} ttyS9\n", names.join(" "))).unwrap();
        for name in names {
            mkfifo(&root.path().join("dev").join(name), Mode::S_IRWXU).unwrap();
        }
        root
    }

    fn other_end(root: &Path, name: &str) -> File {
        OpenOptions::new().read(true).write(true).open(root.join("dev").join(name)).unwrap()
    }

    #[test]
    fn everybody_reads_it_and_a_console_that_is_not_there_does_no_harm() {
        let root = root(&["tty0", "ttyS0"]);
        let mut consoles = Consoles::open(root.path());
        consoles.say("Hello\n");
        for (name, expected) in [("tty0", "\x1b[2J\x1b[HHello\n"), ("ttyS0", "\nHello\n")] {
            let mut read = [0; 64];
            let count = other_end(root.path(), name).read(&mut read).unwrap();
            assert_eq!(std::str::from_utf8(&read[..count]).unwrap(), expected);
        }
    }

    #[test]
    fn enter_on_any_console_ends_the_waiting_and_other_keys_do_not() {
        let root = root(&["tty0", "ttyS0"]);
        let mut consoles = Consoles::open(root.path());
        other_end(root.path(), "tty0").write_all(b"help").unwrap();
        let begun = Instant::now();
        consoles.wait_for_enter(Duration::from_millis(50), |_| String::new());
        assert!(begun.elapsed() >= Duration::from_millis(50), "letters are no Enter");
        other_end(root.path(), "ttyS0").write_all(b"\n").unwrap();
        consoles.wait_for_enter(Duration::from_secs(600), |_| String::new());
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
