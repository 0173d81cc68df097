//! The data partition, asked for over the socket of `anya-data`.
//!
//! # Design
//!
//! One connection a request: one JSON line there, one back. Every step is bounded, so that a program
//! that hangs costs the caller its answer and nothing more.
//!
//! # Limits
//!
//! A request whose answer did not come in time may still have been carried out; asking for the status
//! tells.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use hal_api::volume::protocol::{MAX_LINE, VolumeAnswer, VolumeRequest};
use hal_api::volume::{DataVolume, RecoveryKey, VolumeStatus};
use hal_api::{HalError, HalErrorKind, HalResult};
use zeroize::Zeroizing;

use crate::error_map::{io, refused};

/// How long an answer may take that only reads.
const SOON: Duration = Duration::from_secs(10);
/// How long one may take that works on the disk or waits for the TPM.
const LATER: Duration = Duration::from_secs(180);

/// The box's data partition.
pub struct BoxVolume {
    socket: PathBuf,
    soon: Duration,
    later: Duration,
}

impl BoxVolume {
    /// The volume behind this socket.
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), soon: SOON, later: LATER }
    }

    /// The same with other bounds: on answers that only read, and on those that work on the disk.
    #[must_use]
    pub fn with_bounds(mut self, soon: Duration, later: Duration) -> Self {
        (self.soon, self.later) = (soon, later);
        self
    }

    fn ask(
        &self,
        operation: &'static str,
        request: &VolumeRequest,
        bound: Duration,
    ) -> HalResult<VolumeAnswer> {
        let io = io(operation);
        let broken = |error: serde_json::Error| HalError::with_source(HalErrorKind::Device, operation, error);
        let mut stream = UnixStream::connect(&self.socket).map_err(&io)?;
        stream.set_write_timeout(Some(self.soon)).map_err(&io)?;
        stream.set_read_timeout(Some(bound)).map_err(&io)?;
        let mut line = Zeroizing::new(Vec::with_capacity(256));
        serde_json::to_writer(&mut *line, request).map_err(broken)?;
        line.push(b'\n');
        stream.write_all(&line).map_err(&io)?;
        let mut answer = Zeroizing::new(String::with_capacity(1024));
        BufReader::new(stream.take(MAX_LINE)).read_line(&mut answer).map_err(&io)?;
        match serde_json::from_str(&answer).map_err(broken)? {
            VolumeAnswer::Refused { error, text } => Err(refused(operation, error, text)),
            answer => Ok(answer),
        }
    }
}

/// The error for an answer to something else.
fn unexpected(operation: &'static str) -> HalError {
    HalError::with_source(HalErrorKind::Device, operation, "the answer does not fit the request")
}

fn status_of(operation: &'static str, answer: VolumeAnswer) -> HalResult<VolumeStatus> {
    match answer {
        VolumeAnswer::Status(status) => Ok(status),
        _ => Err(unexpected(operation)),
    }
}

fn accepted(operation: &'static str, answer: &VolumeAnswer) -> HalResult<()> {
    match answer {
        VolumeAnswer::Accepted { accepted: true } => Ok(()),
        _ => Err(unexpected(operation)),
    }
}

impl DataVolume for BoxVolume {
    fn status(&self) -> HalResult<VolumeStatus> {
        const WHAT: &str = "ask for the state of the data partition";
        status_of(WHAT, self.ask(WHAT, &VolumeRequest::Status, self.soon)?)
    }

    fn unlock(&self, key: &RecoveryKey) -> HalResult<VolumeStatus> {
        const WHAT: &str = "open the data partition by its recovery key";
        let request = VolumeRequest::Unlock { recovery_key: key.clone() };
        status_of(WHAT, self.ask(WHAT, &request, self.later)?)
    }

    fn make_recovery_key(&self) -> HalResult<RecoveryKey> {
        const WHAT: &str = "make a recovery key";
        match self.ask(WHAT, &VolumeRequest::MakeRecoveryKey, self.later)? {
            VolumeAnswer::RecoveryKey { recovery_key } => Ok(recovery_key),
            _ => Err(unexpected(WHAT)),
        }
    }

    fn reseal(&self, key: &RecoveryKey) -> HalResult<()> {
        const WHAT: &str = "seal the data partition to the TPM";
        let request = VolumeRequest::Reseal { recovery_key: key.clone() };
        accepted(WHAT, &self.ask(WHAT, &request, self.later)?)
    }

    fn erase(&self) -> HalResult<()> {
        const WHAT: &str = "erase the data partition";
        accepted(WHAT, &self.ask(WHAT, &VolumeRequest::Erase, self.later)?)
    }

    fn restart(&self) -> HalResult<()> {
        const WHAT: &str = "start the machine again";
        accepted(WHAT, &self.ask(WHAT, &VolumeRequest::Restart, self.later)?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread::JoinHandle;

    use hal_api::volume::{ClosedReason, VolumeState};
    use serde_json::{Value, json};

    use super::*;

    /// Answers one request with this line, and gives back what was asked.
    fn answering(line: &'static str) -> (tempfile::TempDir, BoxVolume, JoinHandle<Value>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut request).unwrap();
            stream.write_all(line.as_bytes()).unwrap();
            serde_json::from_str(&request).unwrap()
        });
        (folder, BoxVolume::at(socket), asked)
    }

    const CLOSED: &str = "{\"state\":\"closed\",\"reason\":\"tpm_refused\",\"detail\":\"\",\
        \"protection\":\"tpm\",\"recovery_key\":true,\"size_bytes\":1024}\n";

    #[test]
    fn the_status_is_read() {
        let (_folder, volume, asked) = answering(CLOSED);
        let status = volume.status().unwrap();
        assert_eq!((status.state, status.reason), (VolumeState::Closed, Some(ClosedReason::TpmRefused)));
        assert_eq!(asked.join().unwrap(), json!({"op": "status"}));
    }

    #[test]
    fn each_call_has_its_own_word() {
        let key = RecoveryKey::parse(&"c".repeat(64)).unwrap();
        let (_folder, volume, asked) = answering(CLOSED);
        volume.unlock(&key).unwrap();
        assert_eq!(asked.join().unwrap(), json!({"op": "unlock", "recovery_key": key.expose()}));
        let (_folder, volume, asked) = answering("{\"accepted\":true}\n");
        volume.reseal(&key).unwrap();
        assert_eq!(asked.join().unwrap(), json!({"op": "reseal", "recovery_key": key.expose()}));
        let (_folder, volume, asked) = answering("{\"accepted\":true}\n");
        volume.erase().unwrap();
        assert_eq!(asked.join().unwrap(), json!({"op": "erase"}));
        let (_folder, volume, asked) = answering("{\"accepted\":true}\n");
        volume.restart().unwrap();
        assert_eq!(asked.join().unwrap(), json!({"op": "restart"}));
        let made = "{\"recovery_key\":\"vvvvvvvv-vvvvvvvv-vvvvvvvv-vvvvvvvv-vvvvvvvv-vvvvvvvv-vvvvvvvv-vvvvvvvv\"}\n";
        let (_folder, volume, asked) = answering(made);
        assert!(made.contains(volume.make_recovery_key().unwrap().expose()));
        assert_eq!(asked.join().unwrap(), json!({"op": "make-recovery-key"}));
    }

    #[test]
    fn a_refusal_and_a_strange_answer_are_errors() {
        let (_folder, volume, _) = answering("{\"error\":\"wrong_key\",\"text\":\"no\"}\n");
        let key = RecoveryKey::parse(&"c".repeat(64)).unwrap();
        assert_eq!(volume.unlock(&key).unwrap_err().kind, HalErrorKind::PinIncorrect);
        for strange in ["{\"accepted\":true}\n", "", "no JSON\n"] {
            let (_folder, volume, _) = answering(strange);
            assert_eq!(volume.status().unwrap_err().kind, HalErrorKind::Device, "{strange}");
        }
    }

    #[test]
    fn nobody_there_and_nobody_answering_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let nobody = BoxVolume::at(&socket).status().unwrap_err();
        assert_eq!(nobody.kind, HalErrorKind::Removed);
        let _silent = UnixListener::bind(&socket).unwrap();
        let bound = Duration::from_millis(50);
        let silent = BoxVolume::at(&socket).with_bounds(bound, bound).status().unwrap_err();
        assert_eq!(silent.kind, HalErrorKind::Timeout);
    }
}
