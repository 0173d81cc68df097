//! Child processes with their folder, their sockets and an end in any case.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Starts a program in `folder`, with what it complains about in the file `log` there.
/// The kernel ends it when this thread ends, even if nothing here runs any more.
pub(crate) fn child_in(folder: &Path, command: Command, log: &str, stdin: Stdio) -> Result<Child> {
    let complaints = File::create(folder.join(log))?;
    let mut command = ending_with_this_thread(&command);
    command.current_dir(folder).stdin(stdin).stdout(complaints.try_clone()?).stderr(complaints);
    command.spawn().with_context(|| format!("{}", command.get_program().display()))
}

/// The same command by way of `setpriv`, which sets the signal for the end of the parent.
fn ending_with_this_thread(command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    wrapped.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// Waits for a path that the child makes.
pub(crate) fn await_path(path: &Path, child: &mut Child, within: Duration) -> Result<()> {
    let deadline = Instant::now() + within;
    while !path.exists() {
        if let Some(status) = child.try_wait()? {
            bail!("ended ({status}) before it made {}", path.display());
        }
        if Instant::now() > deadline {
            bail!("{} did not appear within {within:?}", path.display());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Connects to a socket of the child's in a folder of any depth, once the child listens at it: a moment after the socket
/// is there. A socket's address has room for 107 bytes only, so it is reached through the folder's descriptor.
pub(crate) fn connect(
    folder: &Path,
    socket: &str,
    child: &mut Child,
    within: Duration,
) -> Result<UnixStream> {
    use std::os::fd::AsRawFd;
    let open = File::open(folder)?;
    let address = format!("/proc/self/fd/{}/{socket}", open.as_raw_fd());
    let deadline = Instant::now() + within;
    loop {
        let error = match UnixStream::connect(&address) {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        let not_yet = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
        let ended = child.try_wait()?;
        if !not_yet || ended.is_some() || Instant::now() > deadline {
            let ended = ended.map(|status| format!(" of what ended ({status})")).unwrap_or_default();
            return Err(error)
                .with_context(|| format!("cannot connect to {}{ended}", folder.join(socket).display()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for a child to end; `false` when it did not in time.
pub(crate) fn ended(child: &mut Child, within: Duration) -> Result<bool> {
    let deadline = Instant::now() + within;
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

/// Ends a child at once, and waits until it is gone.
pub(crate) fn kill(child: &mut Child) {
    // Gone already is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_socket_that_is_there_but_nobody_listens_at_yet_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        // Whoever listened has gone: connections are refused.
        drop(UnixListener::bind(&path).unwrap());
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let refused = connect(folder.path(), "control.sock", &mut child, Duration::ZERO).unwrap_err();
        assert!(format!("{refused:#}").contains("refused"), "{refused:#}");
        let listening = std::thread::spawn(move || {
            fs::remove_file(&path).unwrap();
            UnixListener::bind(&path).unwrap().accept().unwrap();
        });
        connect(folder.path(), "control.sock", &mut child, Duration::from_secs(60)).unwrap();
        listening.join().unwrap();
        kill(&mut child);
        let ended = connect(folder.path(), "missing.sock", &mut child, Duration::from_secs(60)).unwrap_err();
        assert!(ended.to_string().contains("ended"), "{ended:#}");
    }
}
