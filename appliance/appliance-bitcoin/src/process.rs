//! The child process: started, heard, signalled, and reaped.
//!
//! # Design
//!
//! A thread of its own starts the process and waits for it. `PDEATHSIG` fires when the *thread* that
//! started a child ends, so a thread of a pool, which ends when it is idle, must not do it. The thread
//! learns of the death before it reaps, and reaps under the lock that signals take: a signal never
//! reaches another process that got the same number.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use tokio::sync::{oneshot, watch};

use crate::config::Launch;

/// First, last, and complaining lines that are kept, each this many: together they explain a death.
const KEPT_LINES: usize = 12;
/// A line is cut after this many bytes.
const LINE_BYTES: u64 = 2048;
/// After a death, how long its last output is waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a process ended, and what it said last.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    /// `None` when the system could not tell.
    pub(crate) status: Option<ExitStatus>,
    /// Its first lines on stdout and stderr, then what it complained of, then its last lines.
    pub(crate) said: Vec<String>,
}

/// Whether a line of output tells of an error that matters.
pub(crate) fn is_complaint(line: &str) -> bool {
    line.starts_with("Error") || line.contains("[error]")
}

#[derive(Default)]
struct Output {
    first: Vec<String>,
    complaints: VecDeque<String>,
    last: VecDeque<String>,
}

impl Output {
    fn keep(&mut self, line: &str) {
        let push = |lines: &mut VecDeque<String>| {
            if lines.len() == KEPT_LINES {
                lines.pop_front();
            }
            lines.push_back(line.to_owned());
        };
        if self.first.len() < KEPT_LINES {
            self.first.push(line.to_owned());
        }
        if is_complaint(line) {
            push(&mut self.complaints);
        }
        push(&mut self.last);
    }

    fn all(&self) -> Vec<String> {
        self.first.iter().chain(&self.complaints).chain(&self.last).cloned().collect()
    }
}

#[derive(Default)]
struct Shared {
    child: Mutex<Option<Child>>,
    output: Mutex<Output>,
}

/// A running node. Dropped, it is told to end (SIGTERM).
pub(crate) struct Process {
    shared: Arc<Shared>,
    exit: watch::Receiver<Option<Exit>>,
}

impl Process {
    /// Starts the node.
    ///
    /// # Errors
    ///
    /// What the system says when the program cannot be run.
    pub(crate) async fn spawn(launch: &Launch) -> io::Result<Self> {
        let command = command(launch);
        let shared = Arc::new(Shared::default());
        let (told_start, start) = oneshot::channel();
        let (told_exit, exit) = watch::channel(None);
        let keeper = Arc::clone(&shared);
        thread::Builder::new()
            .name("bitcoind-keeper".to_owned())
            .spawn(move || keep(command, &keeper, told_start, &told_exit))?;
        start.await.map_err(|_| io::Error::other("the thread that starts it ended"))??;
        Ok(Self { shared, exit })
    }

    /// Resolves when the process has ended and was reaped.
    pub(crate) async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        let seen = exit.wait_for(Option::is_some).await;
        let exit = seen.ok().and_then(|exit| exit.clone());
        exit.unwrap_or(Exit { status: None, said: Vec::new() })
    }

    /// Sends a signal, if the process still lives.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(child) = lock(&self.shared.child).as_ref()
            && let Err(error) = kill(pid(child), signal)
        {
            tracing::warn!(%signal, %error, "the node could not be signalled");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGTERM);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.binary);
    command
        .args(&launch.arguments)
        .current_dir(&launch.data_dir)
        .env_clear()
        .env("HOME", &launch.data_dir)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // An interrupt at the terminal is for the service, which then stops the node in order.
        .process_group(0);
    end_with_service(&mut command);
    command
}

#[expect(unsafe_code, reason = "code between fork and exec is unsafe by its nature")]
fn end_with_service(command: &mut Command) {
    let service = nix::unistd::getpid();
    let set_signal = move || {
        nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
        // The service may have died before the signal was set.
        if nix::unistd::getppid() == service { Ok(()) } else { Err(nix::errno::Errno::ESRCH.into()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls (prctl, getppid), both
    // async-signal-safe, and neither allocates nor locks.
    unsafe { command.pre_exec(set_signal) };
}

/// Starts the process, waits for its end and reaps it: the life of the keeper thread.
fn keep(
    mut command: Command,
    shared: &Arc<Shared>,
    told_start: oneshot::Sender<io::Result<()>>,
    told_exit: &watch::Sender<Option<Exit>>,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return drop(told_start.send(Err(error))),
    };
    let pid = pid(&child);
    let (told_end, end) = channel();
    let listening = [
        child.stdout.take().map(|output| listen(output, shared, told_end.clone())),
        child.stderr.take().map(|output| listen(output, shared, told_end)),
    ];
    *lock(&shared.child) = Some(child);
    if told_start.send(Ok(())).is_err() {
        // Nobody waits for it any more.
        let _ = kill(pid, Signal::SIGTERM);
    }
    while let Err(nix::errno::Errno::EINTR) =
        waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
    {}
    let status = lock(&shared.child).take().and_then(|mut child| child.wait().ok());
    for _ in listening.into_iter().flatten() {
        // An error: nobody listens any more, or a child of the node still holds the pipe.
        if end.recv_timeout(LAST_WORDS).is_err() {
            break;
        }
    }
    let said = lock(&shared.output).all();
    told_exit.send_replace(Some(Exit { status, said }));
}

/// Reads lines on a thread of its own until the output ends.
fn listen(
    output: impl Read + Send + 'static,
    shared: &Arc<Shared>,
    told_end: Sender<()>,
) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(output.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line), Ok(1..)) {
            hear(String::from_utf8_lossy(&line).trim_end(), &shared);
            line.clear();
        }
        let _ = told_end.send(());
    })
}

fn hear(line: &str, shared: &Shared) {
    if line.is_empty() {
        return;
    }
    if is_complaint(line) {
        tracing::warn!(target: "bitcoind", "{line}");
    } else {
        tracing::debug!(target: "bitcoind", "{line}");
    }
    lock(&shared.output).keep(line);
}
