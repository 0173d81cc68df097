//! What root does to the machine, which a test plays: other programs, each started within a bound, and mounts.

#[cfg(any(test, feature = "scripted"))]
mod scripted;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use zeroize::Zeroizing;

use crate::mount::{self, Mount};

#[cfg(any(test, feature = "scripted"))]
pub use scripted::Scripted;

/// Where programs are looked for: the unit that starts this one need not say.
const PATH: &str = "/usr/bin:/usr/sbin:/usr/lib/systemd";

/// The most that is read of what a program prints, bytes.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// A program to be started.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name, to be looked for in the system's folders.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it reads; a secret, possibly.
    pub input: Option<Zeroizing<String>>,
    /// How long it may take.
    pub bound: Duration,
}

impl Program {
    /// A program that reads nothing.
    pub fn new<A: Into<String>>(
        name: &'static str,
        bound: Duration,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self { name, arguments: arguments.into_iter().map(Into::into).collect(), input: None, bound }
    }
}

/// What became of a program.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; 128 and the signal's number when a signal ended it.
    pub code: i32,
    /// What it printed; a secret, possibly.
    pub output: Zeroizing<String>,
    /// The last line of its complaints.
    pub complaint: String,
}

impl Ended {
    /// Whether it succeeded.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.code == 0
    }
}

/// Starts programs and mounts.
pub trait Runner {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it cannot be started, or does not end within its bound.
    fn run(&self, program: &Program) -> Result<Ended>;

    /// Runs a program that has to succeed.
    ///
    /// # Errors
    /// As [`Self::run`]; and its last complaint when it fails.
    fn must(&self, program: &Program) -> Result<Ended> {
        let ended = self.run(program)?;
        if !ended.ok() {
            bail!("{} failed ({}): {}", program.name, ended.code, ended.complaint);
        }
        Ok(ended)
    }

    /// Mounts something.
    ///
    /// # Errors
    /// The kernel's.
    fn mount(&self, mount: &Mount) -> Result<()>;

    /// Takes away what is mounted there, also while a file of it is still read by somebody.
    ///
    /// # Errors
    /// The kernel's.
    fn unmount(&self, at: &Path) -> Result<()>;
}

/// Does it for real.
pub struct SystemRunner;

impl Runner for SystemRunner {
    fn run(&self, program: &Program) -> Result<Ended> {
        let name = program.name;
        let mut child = Command::new(name)
            .args(&program.arguments)
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C.UTF-8")
            // systemd-repart formats in a temporary file; /tmp may not be there yet.
            .env("TMPDIR", "/run")
            .stdin(if program.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let output = read(child.stdout.take());
        let complaints = read(child.stderr.take());
        if let (Some(input), Some(mut pipe)) = (&program.input, child.stdin.take()) {
            // A program that ends without reading says why by itself.
            let _ = pipe.write_all(input.as_bytes());
        }
        let deadline = Instant::now() + program.bound;
        let left = || deadline.saturating_duration_since(Instant::now());
        let (Ok(output), Ok(complaints)) = (output.recv_timeout(left()), complaints.recv_timeout(left()))
        else {
            end(&mut child);
            bail!("{name} did not end within {} seconds", program.bound.as_secs());
        };
        let status = child.wait().with_context(|| format!("cannot wait for {name}"))?;
        let signal = || std::os::unix::process::ExitStatusExt::signal(&status).map(|n| 128 + n);
        let complaint = complaints.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        Ok(Ended {
            code: status.code().or_else(signal).unwrap_or(1),
            complaint: complaint.to_owned(),
            output,
        })
    }

    fn mount(&self, mount: &Mount) -> Result<()> {
        mount.mount()
    }

    fn unmount(&self, at: &Path) -> Result<()> {
        mount::unmount(at)
    }
}

/// Reads on a thread of its own, so that neither a full pipe nor a program that hangs holds this one up.
fn read(pipe: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<String>> {
    let (send, receive) = channel();
    if let Some(pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
            let mut pipe = pipe;
            // What came before a failed read is still worth telling, and what is left over is not kept.
            let _ = pipe.by_ref().take(OUTPUT_LIMIT).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            // Nobody waits any more after the bound.
            let _ = send.send(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()));
        });
    }
    receive
}

fn end(child: &mut Child) {
    // It may have ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: Option<&str>, bound: Duration) -> Result<Ended> {
        let input = input.map(|text| Zeroizing::new(text.to_owned()));
        SystemRunner.run(&Program { input, ..Program::new("sh", bound, ["-c", script]) })
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn output_status_and_the_last_complaint_are_told() {
        let ended = shell("cat; echo one >&2; echo two >&2; exit 3", Some("secret"), LONG).unwrap();
        assert_eq!((ended.code, ended.output.as_str(), ended.complaint.as_str()), (3, "secret", "two"));
        assert_eq!(shell("kill -9 $$", None, LONG).unwrap().code, 137);
        let must = SystemRunner.must(&Program::new("sh", LONG, ["-c", "echo why >&2; false"]));
        assert_eq!(must.err().unwrap().to_string(), "sh failed (1): why");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let error = shell("exec sleep 600", None, Duration::from_millis(50)).err().unwrap();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn a_program_that_reads_nothing_is_no_failure() {
        assert!(shell("exit 0", Some(&"x".repeat(1 << 20)), LONG).unwrap().ok());
    }
}
