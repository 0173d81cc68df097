//! Starts other programs, each within a bound.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Where programs are looked for: the unit that starts this one need not say.
const PATH: &str = "/usr/bin:/usr/sbin:/usr/lib/systemd";

/// The most that is read of what a program complains, bytes.
const COMPLAINTS_LIMIT: u64 = 64 << 10;

/// A program to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<String>,
    /// How long it may take.
    pub(crate) bound: Duration,
}

/// What became of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit status; 128 and the signal's number when a signal ended it.
    pub(crate) code: i32,
    /// The last line of its complaints.
    pub(crate) complaint: String,
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
    fn must(&self, program: &Program) -> Result<()> {
        let ended = self.run(program)?;
        if ended.code != 0 {
            bail!("{} failed ({}): {}", program.name, ended.code, ended.complaint);
        }
        Ok(())
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
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let Ok(complaints) = read(child.stderr.take()).recv_timeout(program.bound) else {
            end(&mut child);
            bail!("{name} did not end within {} seconds", program.bound.as_secs());
        };
        let status = child.wait().with_context(|| format!("cannot wait for {name}"))?;
        let signal = || std::os::unix::process::ExitStatusExt::signal(&status).map(|n| 128 + n);
        let complaint = complaints.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        Ok(Ended { code: status.code().or_else(signal).unwrap_or(1), complaint: complaint.to_owned() })
    }
}

/// Reads on a thread of its own, so that neither a full pipe nor a program that hangs holds this one up.
fn read(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a failed read is still worth telling, and what is left over is not kept.
            let _ = pipe.by_ref().take(COMPLAINTS_LIMIT).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        // Nobody waits any more after the bound.
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

fn end(child: &mut Child) {
    // It may have ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
pub(crate) mod scripted {
    //! A runner that starts nothing: a test says what each program does, and sees what was asked.

    use std::cell::RefCell;

    use super::{Ended, Program, Result, Runner};

    type Act = Box<dyn Fn(&[String]) -> Ended>;

    /// Programs succeed silently unless the script says otherwise.
    #[derive(Default)]
    pub(crate) struct Scripted {
        acts: Vec<(&'static str, Act)>,
        lines: RefCell<Vec<String>>,
    }

    impl Scripted {
        /// The program of this name does this with its arguments, and succeeds.
        pub(crate) fn does(mut self, name: &'static str, act: impl Fn(&[String]) + 'static) -> Self {
            let act = move |arguments: &[String]| {
                act(arguments);
                Ended { code: 0, complaint: String::new() }
            };
            self.acts.push((name, Box::new(act)));
            self
        }

        /// The program of this name ends so.
        pub(crate) fn ends(mut self, name: &'static str, code: i32, complaint: &'static str) -> Self {
            self.acts.push((name, Box::new(move |_| Ended { code, complaint: complaint.to_owned() })));
            self
        }

        /// Everything that was started, as command lines.
        pub(crate) fn started(&self) -> Vec<String> {
            self.lines.borrow().clone()
        }
    }

    impl Runner for Scripted {
        fn run(&self, program: &Program) -> Result<Ended> {
            self.lines.borrow_mut().push(format!("{} {}", program.name, program.arguments.join(" ")));
            let act = self.acts.iter().find(|(name, _)| *name == program.name);
            Ok(act.map_or(Ended { code: 0, complaint: String::new() }, |(_, act)| act(&program.arguments)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, bound: Duration) -> Program {
        Program { name: "sh", arguments: vec!["-c".into(), script.into()], bound }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn status_and_the_last_complaint_are_told() {
        let ended = SystemRunner.run(&shell("echo one >&2; echo two >&2; exit 3", LONG)).unwrap();
        assert_eq!((ended.code, ended.complaint.as_str()), (3, "two"));
        assert_eq!(SystemRunner.run(&shell("kill -9 $$", LONG)).unwrap().code, 137);
        let error = SystemRunner.must(&shell("echo why >&2; false", LONG)).unwrap_err();
        assert_eq!(error.to_string(), "sh failed (1): why");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let error = SystemRunner.run(&shell("exec sleep 600", Duration::from_millis(50))).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }
}
