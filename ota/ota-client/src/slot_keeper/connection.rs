//! Lines and descriptors over a Unix socket; both sides use it.
//!
//! Descriptors travel as `SCM_RIGHTS` (unix(7)) with the first bytes of the line that they belong to. What is
//! received is closed on exec, and closed when it is not taken. A line that is too long, or that comes with
//! more descriptors than any line may, ends the conversation.
//!
//! The kernel may put several lines together for one read, but ends it after what carried descriptors: so they
//! belong to the line that the last byte of the read is of.

use std::io::{self, IoSlice, IoSliceMut, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::protocol::{MAX_DESCRIPTORS, MAX_LINE};

/// The most bytes that are read at once.
const AT_ONCE: usize = 64 << 10;
/// The most descriptors that the kernel sends at once (`SCM_MAX_FD` in Linux's `include/net/scm.h`). There is
/// room for all of them: of a message that is cut short, nobody could close those that came.
const ALL_DESCRIPTORS: usize = 253;

/// Why a line did not come or go.
#[derive(Debug, Error)]
pub enum WireError {
    /// Nothing came, or went, within the bound.
    #[error("nothing came in time")]
    Timeout,
    /// The other side ended the conversation.
    #[error("the other side ended the conversation")]
    Ended,
    /// The socket failed.
    #[error("the socket failed")]
    Socket(#[source] io::Error),
    /// A line is longer than [`MAX_LINE`].
    #[error("a line is too long")]
    TooLong,
    /// More descriptors came than [`MAX_DESCRIPTORS`]; they were closed.
    #[error("too many descriptors came with a line")]
    TooManyDescriptors,
    /// A line is not what is expected here.
    #[error("a line is none that is known")]
    Strange(#[source] serde_json::Error),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Self::Ended,
            _ => Self::Socket(error),
        }
    }
}

impl From<Errno> for WireError {
    fn from(errno: Errno) -> Self {
        io::Error::from(errno).into()
    }
}

/// One end of a conversation.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    /// What came and is no whole line yet, or comes after one.
    bytes: Vec<u8>,
    /// The descriptors, each with the number of bytes up to the end of the read that it came with.
    descriptors: Vec<(usize, OwnedFd)>,
}

impl Connection {
    /// A conversation over this socket.
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, bytes: Vec::new(), descriptors: Vec::new() }
    }

    /// How long nothing may come while a line is waited for; `None`: for ever.
    ///
    /// # Errors
    /// The socket's.
    pub fn bound_reading(&mut self, bound: Option<Duration>) -> Result<(), WireError> {
        Ok(self.stream.set_read_timeout(bound)?)
    }

    /// How long the other side may take nothing while a line is sent; `None`: for ever.
    ///
    /// # Errors
    /// The socket's.
    pub fn bound_writing(&mut self, bound: Option<Duration>) -> Result<(), WireError> {
        Ok(self.stream.set_write_timeout(bound)?)
    }

    /// Sends a line, and descriptors with it.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn send(&mut self, line: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> Result<(), WireError> {
        let mut bytes = serde_json::to_vec(line).map_err(WireError::Strange)?;
        bytes.push(b'\n');
        if bytes.len() > MAX_LINE {
            return Err(WireError::TooLong);
        }
        let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let with = if raw.is_empty() { &[][..] } else { &rights[..] };
        let sent = loop {
            let slices = [IoSlice::new(&bytes)];
            match sendmsg::<()>(self.stream.as_raw_fd(), &slices, with, MsgFlags::MSG_NOSIGNAL, None) {
                Err(Errno::EINTR) => {}
                other => break other?,
            }
        };
        Ok(self.stream.write_all(&bytes[sent..])?)
    }

    /// The next line, and the descriptors that came with it; `None` when the other side has ended the
    /// conversation between two lines.
    ///
    /// # Errors
    /// See [`WireError`]. After one there is nothing more to be had from this connection.
    pub fn receive<T: DeserializeOwned>(&mut self) -> Result<Option<(T, Vec<OwnedFd>)>, WireError> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.bytes[searched..].iter().position(|&byte| byte == b'\n') {
                let rest = self.bytes.split_off(searched + end + 1);
                let line = std::mem::replace(&mut self.bytes, rest);
                let descriptors = self.take_descriptors(line.len())?;
                return Ok(Some((serde_json::from_slice(&line).map_err(WireError::Strange)?, descriptors)));
            }
            searched = self.bytes.len();
            if searched >= MAX_LINE {
                return Err(WireError::TooLong);
            }
            if self.read_some()? == 0 {
                return if searched == 0 { Ok(None) } else { Err(WireError::Ended) };
            }
        }
    }

    /// The descriptors of the first line, which has so many bytes.
    fn take_descriptors(&mut self, line: usize) -> Result<Vec<OwnedFd>, WireError> {
        let its: Vec<_> = self.descriptors.extract_if(.., |(end, _)| *end <= line).collect();
        for (end, _) in &mut self.descriptors {
            *end -= line;
        }
        if its.len() > MAX_DESCRIPTORS {
            return Err(WireError::TooManyDescriptors);
        }
        Ok(its.into_iter().map(|(_, descriptor)| descriptor).collect())
    }

    /// Reads what is there; returns the number of bytes, 0 at the end.
    fn read_some(&mut self) -> Result<usize, WireError> {
        let mut bytes = [0; AT_ONCE];
        let mut rights = nix::cmsg_space!([RawFd; ALL_DESCRIPTORS]);
        let mut received = Vec::new();
        let length = loop {
            let mut slices = [IoSliceMut::new(&mut bytes)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            let message = match recvmsg::<()>(self.stream.as_raw_fd(), &mut slices, Some(&mut rights), flags)
            {
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            for control in message.cmsgs()? {
                if let ControlMessageOwned::ScmRights(descriptors) = control {
                    received.extend(descriptors.into_iter().map(owned));
                }
            }
            break message.bytes;
        };
        self.bytes.extend_from_slice(&bytes[..length]);
        let end = self.bytes.len();
        self.descriptors.extend(received.into_iter().map(|descriptor| (end, descriptor)));
        if self.descriptors.len() > ALL_DESCRIPTORS {
            return Err(WireError::TooManyDescriptors);
        }
        Ok(length)
    }
}

/// A descriptor that the kernel has just made for this process.
#[expect(unsafe_code, reason = "recvmsg hands descriptors over as plain numbers")]
fn owned(descriptor: RawFd) -> OwnedFd {
    // SAFETY: the number came from `recvmsg`, is open, and nobody else in this process knows it.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

#[cfg(test)]
mod tests;
