//! One device of the console, written to by a thread of its own: a serial line whose other end holds
//! everything up costs nobody else anything.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::screen::{Field, Screen};

/// A screen is drawn, and a batch of lines is written, no more often than this.
const PAUSE: Duration = Duration::from_millis(200);
/// The most lines that a batch has. Of what waits longer, only the newest of each label is kept.
const BATCH: usize = 8;
/// The end of the service waits this long for what is still to be shown.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a device shows things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A screen that is drawn anew.
    Terminal,
    /// Lines, one after the other.
    Lines,
}

/// What waits to be shown.
#[derive(Default)]
struct Pending {
    screen: Option<Screen>,
    lines: VecDeque<Line>,
    writing: bool,
    closed: bool,
}

struct Line {
    label: Option<String>,
    text: String,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

/// An open device.
pub(super) struct Device {
    kind: Kind,
    shared: Arc<Shared>,
}

impl Device {
    /// Opens a device; `-` is standard output.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Self::start(Kind::Lines, Box::new(|| Ok(Box::new(io::stdout()))));
        }
        let kind = if is_virtual_terminal(path) { Kind::Terminal } else { Kind::Lines };
        let path: PathBuf = path.into();
        Self::start(kind, Box::new(move || Ok(Box::new(open_file(&path)?))))
    }

    /// A device that is opened by this, now and again after it failed.
    pub(super) fn start(kind: Kind, open: Open) -> io::Result<Self> {
        let out = open()?;
        let shared = Arc::new(Shared::default());
        let writer = Writer { kind, open, out: Some(out), shared: Arc::clone(&shared) };
        std::thread::Builder::new().name("console".into()).spawn(move || writer.run())?;
        Ok(Self { kind, shared })
    }

    /// Shows the whole screen.
    pub(super) fn screen(&self, screen: &Screen) {
        let mut pending = self.shared.lock();
        match self.kind {
            Kind::Terminal => pending.screen = Some(screen.clone()),
            Kind::Lines => pending.lines.push_back(Line { label: None, text: screen.as_lines() }),
        }
        self.shared.changed.notify_all();
    }

    /// Shows that the heading of the screen changed.
    pub(super) fn heading(&self, screen: &Screen) {
        let mut pending = self.shared.lock();
        match self.kind {
            Kind::Terminal => pending.screen = Some(screen.clone()),
            Kind::Lines => pending.lines.push_back(Line { label: None, text: screen.heading_line() }),
        }
        self.shared.changed.notify_all();
    }

    /// Shows that a value of the screen changed.
    pub(super) fn field(&self, screen: &Screen, field: &Field) {
        let mut pending = self.shared.lock();
        match self.kind {
            Kind::Terminal => pending.screen = Some(screen.clone()),
            Kind::Lines => {
                let lines = &mut pending.lines;
                if lines.len() >= BATCH {
                    lines.retain(|line| line.label.as_ref() != Some(&field.label));
                }
                lines.push_back(Line { label: Some(field.label.clone()), text: field.as_line() });
            }
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let mut pending = self.shared.lock();
        pending.closed = true;
        self.shared.changed.notify_all();
        let waits = |pending: &mut Pending| pending.writing || !pending.is_empty();
        drop(self.shared.changed.wait_timeout_while(pending, LAST_WORDS, waits));
    }
}

type Out = Box<dyn Write + Send>;
/// Opens the device.
pub(super) type Open = Box<dyn Fn() -> io::Result<Out> + Send>;

struct Writer {
    kind: Kind,
    open: Open,
    out: Option<Out>,
    shared: Arc<Shared>,
}

impl Writer {
    fn run(mut self) {
        while let Some(text) = self.next() {
            self.write(&text);
            let mut pending = self.shared.lock();
            pending.writing = false;
            self.shared.changed.notify_all();
            // Changes that come close together are shown together.
            let goes_on = |pending: &mut Pending| !pending.closed;
            drop(self.shared.changed.wait_timeout_while(pending, PAUSE, goes_on));
        }
    }

    /// What to write next; `None` once the console is closed and all is shown.
    fn next(&self) -> Option<String> {
        let idle = |pending: &mut Pending| pending.is_empty() && !pending.closed;
        let waited = self.shared.changed.wait_while(self.shared.lock(), idle);
        let mut pending = waited.unwrap_or_else(PoisonError::into_inner);
        let text = match self.kind {
            Kind::Terminal => pending.screen.take().map(|screen| screen.as_terminal()),
            Kind::Lines => {
                let batch = pending.lines.len().min(BATCH);
                (batch > 0).then(|| pending.lines.drain(..batch).map(|line| line.text).collect())
            }
        };
        pending.writing = text.is_some();
        text
    }

    /// A console that cannot be written to is no reason to stop serving; it is opened anew for the next
    /// text, as a terminal that was hung up needs.
    fn write(&mut self, text: &str) {
        let was_open = self.out.is_some();
        let written = match self.out.take() {
            Some(out) => Ok(out),
            None => (self.open)(),
        }
        .and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.flush()).map(|()| out));
        match written {
            Ok(out) => self.out = Some(out),
            Err(error) if was_open => tracing::warn!(%error, "cannot write to a console"),
            Err(error) => tracing::debug!(%error, "still cannot write to a console"),
        }
    }
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.screen.is_none() && self.lines.is_empty()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        // No step under the lock leaves it half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a file or device. A terminal does not become this process's own (its hang-up would end the
/// service), and a serial line is not waited for.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    let file = File::options().append(true).custom_flags(flags.bits()).open(path)?;
    fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
    Ok(file)
}

/// Whether this is one of the Linux console's screens: `/dev/tty0` to `/dev/tty63` (character devices of
/// major number 4, minor number below 64; serial lines come after).
fn is_virtual_terminal(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| {
        let device = about.rdev();
        about.file_type().is_char_device()
            && nix::sys::stat::major(device) == 4
            && nix::sys::stat::minor(device) < 64
    })
}
