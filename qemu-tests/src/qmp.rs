//! QEMU's own control connection (QMP): one command at a time, events are passed over.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The bound on one command.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection on which commands are accepted.
pub struct Qmp {
    reader: BufReader<UnixStream>,
}

impl Qmp {
    /// Greets QEMU on its control socket.
    ///
    /// # Errors
    /// When it does not answer as QMP does.
    pub fn new(socket: UnixStream) -> Result<Self> {
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut qmp = Self { reader: BufReader::new(socket) };
        qmp.next()?;
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    /// Runs one command and gives its answer.
    ///
    /// # Errors
    /// When QEMU refuses it or has ended.
    pub fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        let line = json!({"execute": command, "arguments": arguments});
        writeln!(self.reader.get_mut(), "{line}")
            .with_context(|| format!("cannot ask QEMU for {command}"))?;
        loop {
            let mut answer = self.next().with_context(|| format!("no answer to {command}"))?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refused {command}: {error}");
            }
            if answer.get("return").is_some() {
                return Ok(answer["return"].take());
            }
        }
    }

    fn next(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            bail!("QEMU has closed the connection");
        }
        serde_json::from_str(&line).with_context(|| format!("QEMU said {line:?}"))
    }
}
