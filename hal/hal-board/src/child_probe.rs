//! Lists graphics cards in a child process, within a bound.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use hal_api::{Accelerator, AcceleratorProbe, HalError, HalErrorKind, HalResult};

/// The most that is read of the child's answer, bytes.
const ANSWER_LIMIT: u64 = 1 << 20;

const OPERATION: &str = "list accelerators";

/// Starts a program that prints accelerators as a JSON array, and reads them.
pub struct ChildProbe {
    program: PathBuf,
    arguments: Vec<OsString>,
    bound: Duration,
}

impl ChildProbe {
    /// Starts `program` with `arguments` at each probe, and gives it `bound` to answer.
    pub fn new<A: Into<OsString>>(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
        bound: Duration,
    ) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect(), bound }
    }

    /// The child's answer. Reading happens on a thread of its own, so that a child that hangs is ended.
    fn answer(&self, child: &mut Child) -> HalResult<Vec<u8>> {
        let output = child.stdout.take().expect("the child's output was asked to be piped");
        let (send, receive) = channel();
        std::thread::spawn(move || {
            let mut answer = Vec::new();
            let read = output.take(ANSWER_LIMIT).read_to_end(&mut answer).map(|_| answer);
            // Nobody waits any more after the bound.
            let _ = send.send(read);
        });
        match receive.recv_timeout(self.bound) {
            Ok(read) => read.map_err(|error| HalError::with_source(HalErrorKind::Device, OPERATION, error)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(HalError::with_source(
                HalErrorKind::Timeout,
                OPERATION,
                "a graphics driver does not answer",
            )),
        }
    }
}

impl AcceleratorProbe for ChildProbe {
    fn accelerators(&self) -> HalResult<Vec<Accelerator>> {
        let failed = |error| HalError::with_source(HalErrorKind::Device, OPERATION, error);
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let answer = self.answer(&mut child);
        if answer.is_err() {
            // It may have ended by itself in the meantime.
            let _ = child.kill();
        }
        let status = child.wait().map_err(failed)?;
        let answer = answer?;
        if !status.success() {
            let died = format!("a graphics driver broke the search ({status})");
            return Err(HalError::with_source(HalErrorKind::Device, OPERATION, died));
        }
        serde_json::from_slice(&answer)
            .map_err(|error| HalError::with_source(HalErrorKind::Device, OPERATION, error))
    }
}

#[cfg(test)]
mod tests {
    use hal_api::AcceleratorKind;

    use super::*;

    fn shell(script: &str, bound: Duration) -> HalResult<Vec<Accelerator>> {
        ChildProbe::new("/bin/sh", ["-c", script], bound).accelerators()
    }

    #[test]
    fn an_answer_is_read() {
        let script = r#"echo '[{"name":"llvmpipe","kind":"software","driver":"llvmpipe","backend":"vulkan",
            "vendor":65541,"max_binding_bytes":134217728,"f16":true,"subgroups":true}]'"#;
        let found = shell(script, Duration::from_secs(60)).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].kind), ("llvmpipe", AcceleratorKind::Software));
    }

    #[test]
    fn a_driver_that_crashes_hangs_or_babbles_is_an_error_of_the_probe_only() {
        let kind = |script: &str, bound| shell(script, bound).unwrap_err().kind;
        assert_eq!(kind("kill -SEGV $$", Duration::from_secs(60)), HalErrorKind::Device);
        assert_eq!(kind("echo 'no JSON'", Duration::from_secs(60)), HalErrorKind::Device);
        assert_eq!(kind("exec sleep 600", Duration::from_millis(50)), HalErrorKind::Timeout);
        let missing = ChildProbe::new("/nowhere", [""; 0], Duration::from_secs(60)).accelerators();
        assert_eq!(missing.unwrap_err().kind, HalErrorKind::Device);
    }
}
