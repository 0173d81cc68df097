//! A root shell in a guest of the dev image, over a virtio port.
//!
//! The image has no such thing. The dev kernel command line lets systemd take credentials from outside, and
//! these bring a unit that answers on the port, one line for each command. Each answer carries the number
//! of its command, since the far end may still hold the answer to one that was given up.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The virtio port's name in the guest.
pub(crate) const PORT: &str = "anya.test";

/// The credentials that make the agent run: the unit, what wants it, and its script.
pub(crate) const CREDENTIALS: [(&str, &str); 3] = [
    ("systemd.extra-unit.anya-test.service", UNIT),
    ("systemd.unit-dropin.sysinit.target~anya-test", "[Unit]\nWants=anya-test.service\n"),
    ("anya-test.agent", SCRIPT),
];

const UNIT: &str = "[Unit]
Description=Commands from the tests
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
StartLimitIntervalSec=0

[Service]
ImportCredential=anya-test.agent
ExecStart=/bin/bash %d/anya-test.agent
Restart=always
RestartSec=1
OOMScoreAdjust=-900
";

// A read ends at once while nobody is connected outside: try again.
const SCRIPT: &str = r#"
until [ -e /dev/virtio-ports/anya.test ]; do sleep 0.2; done
exec 3<>/dev/virtio-ports/anya.test
while :; do
  IFS=' ' read -r number line <&3 || { sleep 0.3; continue; }
  out=$(bash -c "$(base64 -d <<<"$line")" 2>&1 </dev/null 3>&-; echo "rc=$?")
  printf '%s %s %s\n' "$number" "${out##*rc=}" "$(base64 -w0 <<<"${out%rc=*}")" >&3
done
"#;

/// The shell, connected.
pub struct Agent {
    stream: BufReader<UnixStream>,
    number: u64,
}

impl Agent {
    /// Talks over this socket.
    #[must_use]
    pub fn new(socket: UnixStream) -> Self {
        Self { stream: BufReader::new(socket), number: u64::from(std::process::id()) << 32 }
    }

    /// Waits until the guest answers. What is said to a port that the guest has not opened yet is lost, so
    /// it is said again.
    ///
    /// # Errors
    /// When there is no answer within the time.
    pub fn wait(&mut self, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        while let Err(error) = self.run("true", Duration::from_secs(2)) {
            if Instant::now() > deadline {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Runs a command as root and gives its exit status and what it printed, both streams together.
    ///
    /// # Errors
    /// When there is no answer within the time.
    pub fn run(&mut self, command: &str, within: Duration) -> Result<(i32, String)> {
        self.number += 1;
        let asked = || format!("the guest was asked to run {command:?}");
        self.stream.get_ref().set_read_timeout(Some(within))?;
        // A port that nobody reads in the guest takes only so much.
        self.stream.get_ref().set_write_timeout(Some(within))?;
        let line = format!("{} {}\n", self.number, STANDARD.encode(command));
        self.stream.get_mut().write_all(line.as_bytes()).with_context(asked)?;
        loop {
            let mut line = String::new();
            let count = self.stream.read_line(&mut line).with_context(asked)?;
            ensure!(count > 0, "{}, and the machine has ended", asked());
            let mut words = line.split_whitespace();
            if words.next() != Some(&self.number.to_string()) {
                continue;
            }
            let status =
                words.next().unwrap_or_default().parse().with_context(|| format!("status in {line:?}"))?;
            let output = STANDARD.decode(words.next().unwrap_or_default()).with_context(asked)?;
            return Ok((status, String::from_utf8_lossy(&output).into_owned()));
        }
    }

    /// Runs a command that has to succeed, and gives what it printed.
    ///
    /// # Errors
    /// When it fails or does not answer within the time.
    pub fn sh(&mut self, command: &str, within: Duration) -> Result<String> {
        let (status, output) = self.run(command, within)?;
        ensure!(status == 0, "{command:?} in the guest ended with {status}: {output}");
        Ok(output)
    }
}
