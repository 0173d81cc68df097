//! A software TPM as a child process, for developers' machines and tests.
//!
//! swtpm keeps its state in files: it is software, not protection against who owns the machine.
//! It listens on two neighbouring ports of the loopback address, as tpm2-tss expects it: any local user
//! may talk to it, which a real `/dev/tpmrm0` does not allow.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long swtpm may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How often another pair of ports is tried when somebody took one of a pair just found free.
const PORT_TRIES: usize = 8;
/// What swtpm writes goes to this file of its folder.
const LOG: &str = "swtpm.log";
/// swtpm's process number, in its folder: it writes that when both ports are its own.
const LISTENS: &str = "swtpm.pid";
/// `CMD_GET_CAPABILITY` of swtpm's control channel (swtpm_ioctls(3)), answered by a 32-bit result.
const CONTROL_GET_CAPABILITY: [u8; 4] = [0, 0, 0, 1];

/// Why there is no software TPM.
#[derive(Debug, thiserror::Error)]
pub enum SwtpmError {
    /// The program is missing.
    #[error("swtpm is not installed; on Debian and Ubuntu: apt install swtpm")]
    NotInstalled,
    /// The state folder cannot be used.
    #[error("cannot use the swtpm state folder {path}")]
    StateFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The state folder's path cannot be said in swtpm's arguments.
    #[error("the swtpm state folder {path} must be UTF-8 without a comma")]
    Path {
        /// The folder.
        path: PathBuf,
    },
    /// The child could not be started.
    #[error("cannot start swtpm")]
    Spawn {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// swtpm ended or stayed silent.
    #[error("swtpm does not answer: {output}")]
    Silent {
        /// What it wrote, or that it wrote nothing.
        output: String,
    },
}

/// A running swtpm. Dropping it ends the process; the state stays in the folder.
pub struct Swtpm {
    dir: PathBuf,
    port: u16,
    /// Asking the keeper's thread; dropping this ends swtpm.
    ask: Option<Sender<Sender<bool>>>,
    keeper: Option<JoinHandle<()>>,
}

impl Swtpm {
    /// Starts swtpm on a state folder, made with mode 0700 when missing, and waits until it answers.
    /// The process ends with this value, and when this process dies.
    ///
    /// # Errors
    /// See [`SwtpmError`].
    pub fn start(state_dir: &Path) -> Result<Self, SwtpmError> {
        let folder_error = |source| SwtpmError::StateFolder { path: state_dir.to_owned(), source };
        // swtpm may change its directory, so the path must be absolute.
        let dir = std::path::absolute(state_dir).map_err(folder_error)?;
        if dir.to_str().is_none_or(|text| text.contains(',')) {
            return Err(SwtpmError::Path { path: dir });
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(folder_error)?;
        let mut last = SwtpmError::Silent { output: "no free pair of ports".into() };
        for _ in 0..PORT_TRIES {
            let Some(port) = free_port_pair() else { continue };
            match start_on(&dir, port) {
                Err(error @ SwtpmError::Silent { .. }) => last = error,
                done => return done,
            }
        }
        Err(last)
    }

    /// Ends the process and starts it again on the same state and ports, as a power cycle of the TPM: open
    /// tokens connect anew by themselves.
    ///
    /// # Errors
    /// See [`SwtpmError`]. After a failure the TPM is gone; this may be called again.
    pub fn restart(&mut self) -> Result<(), SwtpmError> {
        self.stop();
        *self = start_on(&self.dir, self.port)?;
        Ok(())
    }

    fn stop(&mut self) {
        self.ask = None;
        if let Some(keeper) = self.keeper.take() {
            // A panic in there has been reported, and the child dies with its thread.
            let _ = keeper.join();
        }
    }

    /// The way to this TPM for [`crate::TpmConfig`].
    pub fn tcti(&self) -> String {
        format!("swtpm:host={},port={}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Whether the process still runs.
    pub fn is_running(&self) -> bool {
        let (answer, running) = channel();
        self.ask.as_ref().is_some_and(|ask| ask.send(answer).is_ok()) && running.recv().unwrap_or(false)
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start_on(dir: &Path, port: u16) -> Result<Swtpm, SwtpmError> {
    let (ask, asked) = channel();
    let (report, started) = channel();
    let command = command(dir, port)?;
    let state = dir.to_owned();
    let keeper = thread::Builder::new()
        .name("swtpm".into())
        .spawn(move || keep(command, port, &state, &report, &asked))
        .map_err(|source| SwtpmError::Spawn { source })?;
    let swtpm = Swtpm { dir: dir.to_owned(), port, ask: Some(ask), keeper: Some(keeper) };
    match started.recv() {
        Ok(Ok(())) => Ok(swtpm),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SwtpmError::Silent { output: "its thread ended".into() }),
    }
}

/// The thread that owns the child. It lives exactly as long, because the kernel sends the death signal
/// when the thread that started the child ends, not only the process.
fn keep(
    mut command: Command,
    port: u16,
    dir: &Path,
    report: &Sender<Result<(), SwtpmError>>,
    asked: &Receiver<Sender<bool>>,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(source) => {
            let missing = source.kind() == std::io::ErrorKind::NotFound;
            let error = if missing { SwtpmError::NotInstalled } else { SwtpmError::Spawn { source } };
            // Nobody listens only when the starter is gone; then there is nothing to tell.
            let _ = report.send(Err(error));
            return;
        }
    };
    let started = wait_until_it_answers(&mut child, port, dir);
    let running = started.is_ok();
    let _ = report.send(started);
    if running {
        while let Ok(answer) = asked.recv() {
            let _ = answer.send(matches!(child.try_wait(), Ok(None)));
        }
    }
    // swtpm writes its state at each change, so it may end at any moment.
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::warn!(%error, "swtpm did not end");
    }
}

fn command(dir: &Path, port: u16) -> Result<Command, SwtpmError> {
    let listens = dir.join(LISTENS);
    match fs::remove_file(&listens) {
        // Left by one that was killed.
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(SwtpmError::StateFolder { path: listens, source }),
    }
    let path = dir.join(LOG);
    let log = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(|source| SwtpmError::StateFolder { path, source })?;
    let errors = log.try_clone().map_err(|source| SwtpmError::Spawn { source })?;
    let mut command = Command::new("swtpm");
    command
        .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
        .arg("--tpmstate")
        .arg(format!("dir={},mode=0600", dir.display()))
        .arg("--pid")
        .arg(format!("file={}", listens.display()))
        .arg("--server")
        .arg(format!("type=tcp,bindaddr={},port={port}", Ipv4Addr::LOCALHOST))
        .arg("--ctrl")
        .arg(format!("type=tcp,bindaddr={},port={}", Ipv4Addr::LOCALHOST, port + 1))
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        // Ctrl-C at the terminal is for the service, which ends the TPM after its last use.
        .process_group(0);
    let parent = nix::unistd::getpid();
    #[expect(unsafe_code, reason = "the child must not outlive the service, however that dies")]
    // SAFETY: the closure runs in the forked child before exec and makes three system calls, all
    // async-signal-safe; it allocates nothing, and closes nothing before exec does.
    unsafe {
        command.pre_exec(move || {
            // tpm2-tss leaves its connections open over exec: one to another TPM would live on in here.
            let all = nix::libc::c_uint::MAX;
            nix::errno::Errno::result(nix::libc::close_range(3, all, nix::libc::CLOSE_RANGE_CLOEXEC as i32))?;
            nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
            // The parent may have died before the line above; then no signal comes any more.
            if nix::unistd::getppid() == parent { Ok(()) } else { Err(nix::errno::Errno::ESRCH.into()) }
        });
    }
    Ok(command)
}

/// A port of the loopback address that is free together with the next one.
fn free_port_pair() -> Option<u16> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    let port = first.local_addr().ok()?.port();
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.checked_add(1)?)).ok()?;
    Some(port)
}

fn wait_until_it_answers(child: &mut Child, port: u16, dir: &Path) -> Result<(), SwtpmError> {
    let deadline = Instant::now() + START_LIMIT;
    // A port on which nobody listens yet is not to be asked: another's program may answer on it, or the
    // question itself, for the kernel may lend the asking end that very port (a self-connection of TCP).
    while !(dir.join(LISTENS).exists() && answers(port + 1)) {
        let ended = matches!(child.try_wait(), Ok(Some(_)));
        if ended || Instant::now() > deadline {
            return Err(SwtpmError::Silent { output: output(&dir.join(LOG)) });
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn answers(control_port: u16) -> bool {
    let Ok(mut control) = TcpStream::connect((Ipv4Addr::LOCALHOST, control_port)) else { return false };
    let mut result = [0; 4];
    control.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && control.write_all(&CONTROL_GET_CAPABILITY).is_ok()
        && control.read_exact(&mut result).is_ok()
}

fn output(log: &Path) -> String {
    let mut text = String::new();
    let read = File::open(log).and_then(|mut file| file.read_to_string(&mut text));
    match text.trim() {
        "" if read.is_ok() => "it wrote nothing".into(),
        "" => "its output cannot be read".into(),
        text => text.replace('\n', "; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_on_its_port_is_not_taken_for_the_tpm() {
        let dir = tempfile::tempdir().unwrap();
        let port = std::iter::repeat_with(free_port_pair).find_map(|port| port).unwrap();
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).unwrap();
        thread::spawn(move || {
            for client in other.incoming() {
                // Whoever asks it has gone or takes the answer.
                let _ = client.and_then(|mut client| client.write_all(&[0; 4]));
            }
        });
        match start_on(dir.path(), port).map(drop) {
            Err(SwtpmError::NotInstalled) => {}
            Err(SwtpmError::Silent { output }) => assert!(output.contains("in use"), "{output}"),
            other => panic!("{other:?}"),
        }
    }
}
