//! Starts other programs, each within a bound.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use zeroize::Zeroizing;

/// Where programs are looked for: the unit that starts this one need not say.
const PATH: &str = "/usr/bin:/usr/sbin:/usr/lib/systemd";

/// The most that is read of what a program prints, bytes.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// A program to be started.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<String>,
    /// What it reads; a secret, possibly.
    pub(crate) input: Option<Zeroizing<String>>,
    /// How long it may take.
    pub(crate) bound: Duration,
}

/// What became of a program.
pub(crate) struct Ended {
    /// Its exit status; 128 and the signal's number when a signal ended it.
    pub(crate) code: i32,
    /// What it printed; a secret, possibly.
    pub(crate) output: Zeroizing<String>,
    /// The last line of its complaints.
    pub(crate) complaint: String,
}

impl Ended {
    pub(crate) fn ok(&self) -> bool {
        self.code == 0
    }
}

/// Starts programs.
pub(crate) trait Runner {
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
}

/// Starts them for real.
pub(crate) struct SystemRunner;

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
}

/// Reads on a thread of its own, so that neither a full pipe nor a program that hangs holds this one up.
fn read(pipe: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<String>> {
    let (send, receive) = channel();
    if let Some(pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
            // What came before a failed read is still worth telling.
            let _ = pipe.take(OUTPUT_LIMIT).read_to_end(&mut bytes);
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
pub(crate) mod scripted {
    //! A runner that starts nothing: a test says what each program answers, and sees what was asked.

    use std::cell::RefCell;

    use super::{Ended, Program, Result, Runner, Zeroizing};

    /// How one program answers.
    struct Answer {
        /// The beginning of its command line.
        start: &'static str,
        code: i32,
        output: String,
        complaint: String,
        effect: Option<Box<dyn Fn()>>,
    }

    /// Programs succeed silently unless the script says otherwise.
    #[derive(Default)]
    pub(crate) struct Scripted {
        answers: RefCell<Vec<Answer>>,
        pub(crate) lines: RefCell<Vec<String>>,
        pub(crate) inputs: RefCell<Vec<String>>,
    }

    impl Scripted {
        fn add(&self, start: &'static str, code: i32, output: &str, complaint: &str) {
            let (output, complaint) = (output.to_owned(), complaint.to_owned());
            self.answers.borrow_mut().push(Answer { start, code, output, complaint, effect: None });
        }

        /// Whatever begins with `start` ends so.
        pub(crate) fn ends(self, start: &'static str, code: i32, complaint: &str) -> Self {
            self.add(start, code, "", complaint);
            self
        }

        /// Whatever begins with `start` prints this and succeeds.
        pub(crate) fn prints(self, start: &'static str, output: &str) -> Self {
            self.add(start, 0, output, "");
            self
        }

        /// Whatever begins with `start` does this and succeeds.
        pub(crate) fn does(self, start: &'static str, effect: impl Fn() + 'static) -> Self {
            self.add(start, 0, "", "");
            self.answers.borrow_mut().last_mut().unwrap().effect = Some(Box::new(effect));
            self
        }

        /// Everything that was started, as command lines.
        pub(crate) fn started(&self) -> Vec<String> {
            self.lines.borrow().clone()
        }

        /// The names of what was started.
        pub(crate) fn names(&self) -> Vec<String> {
            let first = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
            self.lines.borrow().iter().map(first).collect()
        }
    }

    impl Runner for Scripted {
        fn run(&self, program: &Program) -> Result<Ended> {
            let line = format!("{} {}", program.name, program.arguments.join(" "));
            self.lines.borrow_mut().push(line.clone());
            self.inputs.borrow_mut().extend(program.input.as_ref().map(|input| input.to_string()));
            let answers = self.answers.borrow();
            let Some(place) = answers.iter().position(|answer| line.starts_with(answer.start)) else {
                let output = Zeroizing::new(String::new());
                return Ok(Ended { code: 0, output, complaint: String::new() });
            };
            let answer = &answers[place];
            if let Some(effect) = &answer.effect {
                effect();
            }
            let output = Zeroizing::new(answer.output.clone());
            let ended = Ended { code: answer.code, output, complaint: answer.complaint.clone() };
            Ok(ended)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: Option<&str>, bound: Duration) -> Result<Ended> {
        SystemRunner.run(&Program {
            name: "sh",
            arguments: vec!["-c".into(), script.into()],
            input: input.map(|text| Zeroizing::new(text.to_owned())),
            bound,
        })
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn output_status_and_the_last_complaint_are_told() {
        let ended = shell("cat; echo one >&2; echo two >&2; exit 3", Some("secret"), LONG).unwrap();
        assert_eq!((ended.code, ended.output.as_str(), ended.complaint.as_str()), (3, "secret", "two"));
        assert_eq!(shell("kill -9 $$", None, LONG).unwrap().code, 137);
        let must = SystemRunner.must(&Program {
            name: "sh",
            arguments: vec!["-c".into(), "echo why >&2; false".into()],
            input: None,
            bound: LONG,
        });
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
