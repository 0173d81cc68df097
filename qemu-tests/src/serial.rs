//! The serial console: every line with the seconds since the machine was switched on, kept in a file and
//! in memory, and waited for with a bound on time.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// One line of the console, without escape sequences.
#[derive(Clone, Debug)]
pub struct Line {
    /// Time since the machine was switched on.
    pub at: Duration,
    /// What it says.
    pub text: String,
}

/// What came over the serial port so far.
#[derive(Clone)]
pub struct Serial {
    shared: Arc<Shared>,
    file: PathBuf,
}

struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
}

#[derive(Default)]
struct Log {
    lines: Vec<Line>,
    /// What came after the last end of line.
    unfinished: String,
    /// The port was closed: QEMU has ended.
    closed: bool,
}

impl Serial {
    /// Reads `port` in a thread of its own until it is closed, and keeps the lines in `file` too.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn record(mut port: impl Read + Send + 'static, file: &Path) -> Result<Self> {
        let mut out = File::options()
            .create(true)
            .append(true)
            .open(file)
            .with_context(|| file.display().to_string())?;
        let shared = Arc::new(Shared { log: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        let start = Instant::now();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut rest = Vec::new();
            while let Ok(count @ 1..) = port.read(&mut buffer) {
                rest.extend_from_slice(&buffer[..count]);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    writer.push(start.elapsed(), &line, &mut out);
                }
                writer.lock().unfinished = plain(&String::from_utf8_lossy(&rest));
            }
            writer.push(start.elapsed(), &rest, &mut out);
            writer.lock().closed = true;
            writer.changed.notify_all();
        });
        Ok(Self { shared, file: file.to_owned() })
    }

    /// Where the log is kept.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// How many lines there are: what comes later has this index or a higher one.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.shared.lock().lines.len()
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.shared.lock().lines.clone()
    }

    /// What came after the last end of line: a question that waits for somebody stays there.
    #[must_use]
    pub fn unfinished(&self) -> String {
        self.shared.lock().unfinished.clone()
    }

    /// The port was closed, so no line will come any more.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// Waits for a line from index `from` on in which `find` finds something, and gives that and the line.
    ///
    /// # Errors
    /// When there is none within the time, or QEMU ends before; `what` names what was waited for.
    pub fn wait<T>(
        &self,
        what: &str,
        from: usize,
        within: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<(T, Line)> {
        let deadline = Instant::now() + within;
        let mut next = from;
        let mut log = self.shared.lock();
        loop {
            while let Some(line) = log.lines.get(next) {
                if let Some(found) = find(&line.text) {
                    return Ok((found, line.clone()));
                }
                next += 1;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if log.closed || left.is_zero() {
                let why = if log.closed { "QEMU has ended".into() } else { format!("not within {within:?}") };
                drop(log);
                bail!("{what}: {why}; {}", self.told());
            }
            let waited = self.shared.changed.wait_timeout(log, left);
            log = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Where the log is and how it ends, for an error message.
    #[must_use]
    pub fn told(&self) -> String {
        let log = self.shared.lock();
        let last = &log.lines[log.lines.len().saturating_sub(12)..];
        let last: Vec<String> =
            last.iter().map(|line| format!("{:7.1} {}", line.at.as_secs_f64(), line.text)).collect();
        format!("serial log {}, which ends so:\n{}", self.file.display(), last.join("\n"))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, at: Duration, bytes: &[u8], file: &mut File) {
        let text = plain(&String::from_utf8_lossy(bytes));
        if text.is_empty() {
            return;
        }
        // The log in memory is what tests look at; a full disk must not stop them.
        let _ = writeln!(file, "{:7.1} {text}", at.as_secs_f64());
        self.lock().lines.push(Line { at, text });
        self.changed.notify_all();
    }
}

/// A line without the escape sequences (ECMA-48) by which firmware and systemd colour and place text.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' => match characters.next() {
                Some('[') => while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some(']' | 'P') => while characters.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
                Some('(' | ')' | '#') => drop(characters.next()),
                _ => {}
            },
            '\t' => text.push(' '),
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn escape_sequences_and_control_characters_are_dropped() {
        assert_eq!(plain("\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: loading\r\n"), "BdsDxe: loading");
        assert_eq!(plain("\x1b]0;title\x07 \x1b(B[  \x1b[0;32mOK\x1b[0m  ] Started\n"), "[  OK  ] Started");
    }

    #[test]
    fn a_line_is_waited_for_and_kept_and_the_end_is_an_error_that_names_the_log() {
        let folder = std::env::temp_dir().join(format!("anya-serial-{}", std::process::id()));
        let serial = Serial::record(Cursor::new("one\nClaim code: 1234-5678\nlast"), &folder).unwrap();
        let find = |text: &str| text.strip_prefix("Claim code: ").map(str::to_owned);
        let (code, line) = serial.wait("the code", 0, Duration::from_secs(5), find).unwrap();
        assert_eq!((code.as_str(), line.text.as_str()), ("1234-5678", "Claim code: 1234-5678"));
        let missed = serial.wait("the code", 2, Duration::from_secs(5), find).unwrap_err().to_string();
        assert!(missed.contains("the code: QEMU has ended") && missed.contains("last"), "{missed}");
        assert!(missed.contains(folder.to_str().unwrap()), "{missed}");
        let kept = std::fs::read_to_string(&folder).unwrap();
        std::fs::remove_file(folder).unwrap();
        assert_eq!(kept.lines().count(), 3);
    }
}
