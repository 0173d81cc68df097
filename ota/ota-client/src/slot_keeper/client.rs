//! The service's side.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use ota_core::identifier::Identifier;
use ota_core::slots::Action;

use super::protocol::{Answer, Believed, Request, SlotsStatus};
use super::{Connection, SlotKeeperError, WireError};
use crate::source::Evidence;

/// How long an answer may take that only looks; the first one after a start waits for the boot partition's check.
const SOON: Duration = Duration::from_secs(30);
/// How long each step may take that reads a slot back or writes to the disk.
const LATER: Duration = Duration::from_secs(600);

/// The slot keeper behind a socket.
#[derive(Clone, Debug)]
pub struct SlotKeeper {
    socket: PathBuf,
    soon: Duration,
    later: Duration,
}

/// The partitions of a slot.
#[derive(Debug)]
pub struct SlotFiles {
    /// The root.
    pub root: File,
    /// Its verity tree.
    pub verity: File,
}

/// Both slots, to be read.
#[derive(Debug)]
pub struct ReadableSlots {
    /// The slot that runs.
    pub running: SlotFiles,
    /// The kernel image that runs.
    pub kernel_image: File,
    /// The other slot.
    pub other: SlotFiles,
}

/// An installation under way. Dropping it ends it: the other slot then holds nothing to start.
#[derive(Debug)]
pub struct SlotInstall {
    connection: Connection,
    slot: SlotFiles,
}

impl SlotKeeper {
    /// The keeper behind this socket.
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), soon: SOON, later: LATER }
    }

    /// The same with other bounds: on answers that only look, and on each step that works on the disk.
    #[must_use]
    pub fn with_bounds(mut self, soon: Duration, later: Duration) -> Self {
        (self.soon, self.later) = (soon, later);
        self
    }

    /// How the slots are.
    ///
    /// # Errors
    /// See [`SlotKeeperError`]; so for all methods. Refused with [`NOT_NOW`](super::protocol::code::NOT_NOW)
    /// on an image without slots.
    pub fn status(&self) -> Result<SlotsStatus, SlotKeeperError> {
        match self.ask(&Request::Status {}, self.soon)? {
            Answer::Status(status) => Ok(*status),
            _ => Err(SlotKeeperError::Unexpected),
        }
    }

    /// Both slots and the running kernel image, to be read.
    ///
    /// # Errors
    /// See [`SlotKeeperError`].
    pub fn read(&self) -> Result<ReadableSlots, SlotKeeperError> {
        let [root, verity, kernel_image, other_root, other_verity] =
            opened(&mut self.connect(self.soon)?, &Request::Read {})?;
        Ok(ReadableSlots {
            running: SlotFiles { root, verity },
            kernel_image,
            other: SlotFiles { root: other_root, verity: other_verity },
        })
    }

    /// Whether the keeper believes a release, too. It has stored what follows from it when it answers.
    ///
    /// # Errors
    /// Why it does not believe it, with the code of the refusal.
    pub fn believe(&self, channel: &Identifier, evidence: &Evidence) -> Result<Believed, SlotKeeperError> {
        let request = Request::Believe { channel: channel.clone(), evidence: evidence.clone() };
        match self.ask(&request, self.later)? {
            Answer::Believed(believed) => Ok(believed),
            _ => Err(SlotKeeperError::Unexpected),
        }
    }

    /// The other slot, to be written with a release that the keeper believes. From here on the slot holds
    /// nothing to start, until [`SlotInstall::finish`]. `insist`: also a version that was set aside.
    ///
    /// # Errors
    /// Why it is not installed.
    pub fn install(
        &self,
        channel: &Identifier,
        evidence: &Evidence,
        insist: bool,
    ) -> Result<SlotInstall, SlotKeeperError> {
        let request = Request::Install { channel: channel.clone(), evidence: evidence.clone(), insist };
        let mut connection = self.connect(self.later)?;
        let [root, verity] = opened(&mut connection, &request)?;
        Ok(SlotInstall { connection, slot: SlotFiles { root, verity } })
    }

    /// The next start is of the other slot, and the running version is set aside.
    ///
    /// # Errors
    /// Why not.
    pub fn roll_back(&self) -> Result<(), SlotKeeperError> {
        self.accepted(&Request::RollBack {}, self.later)
    }

    /// Starts the machine again.
    ///
    /// # Errors
    /// See [`SlotKeeperError`].
    pub fn restart(&self) -> Result<(), SlotKeeperError> {
        self.accepted(&Request::Restart {}, self.later)
    }

    /// The clock may have been set: it is remembered, when it can be believed.
    ///
    /// # Errors
    /// See [`SlotKeeperError`].
    pub fn note_time(&self) -> Result<(), SlotKeeperError> {
        self.accepted(&Request::NoteTime {}, self.later)
    }

    fn connect(&self, bound: Duration) -> Result<Connection, SlotKeeperError> {
        let stream = UnixStream::connect(&self.socket).map_err(SlotKeeperError::Absent)?;
        let mut connection = Connection::new(stream);
        connection.bound_writing(Some(self.soon))?;
        connection.bound_reading(Some(bound))?;
        Ok(connection)
    }

    fn ask(&self, request: &Request, bound: Duration) -> Result<Answer, SlotKeeperError> {
        let mut connection = self.connect(bound)?;
        connection.send(request, &[])?;
        Ok(answer(&mut connection)?.0)
    }

    fn accepted(&self, request: &Request, bound: Duration) -> Result<(), SlotKeeperError> {
        match self.ask(request, bound)? {
            Answer::Accepted {} => Ok(()),
            _ => Err(SlotKeeperError::Unexpected),
        }
    }
}

impl SlotInstall {
    /// The root's partition, to be read and written.
    pub fn root(&self) -> &File {
        &self.slot.root
    }

    /// The verity tree's partition, to be read and written.
    pub fn verity(&self) -> &File {
        &self.slot.verity
    }

    /// Both partitions are written, and this file holds the kernel image: the keeper reads back and checks
    /// all of it, and lets the boot loader start it. `told` is called before each step. Returns whether the
    /// restart has to be one by `tryboot`.
    ///
    /// # Errors
    /// Why it is not installed; the other slot holds nothing to start then.
    pub fn finish(
        mut self,
        kernel_image: &File,
        told: &mut dyn FnMut(Action),
    ) -> Result<bool, SlotKeeperError> {
        self.connection.send(&Request::Written {}, &[kernel_image.as_fd()])?;
        loop {
            match answer(&mut self.connection)?.0 {
                Answer::Step { step } => told(step),
                Answer::Armed { tryboot } => return Ok(tryboot),
                _ => return Err(SlotKeeperError::Unexpected),
            }
        }
    }
}

/// The next answer, and what came with it; a refusal is an error.
fn answer(connection: &mut Connection) -> Result<(Answer, Vec<OwnedFd>), SlotKeeperError> {
    match connection.receive()?.ok_or(WireError::Ended)? {
        (Answer::Refused(refused), _) => Err(SlotKeeperError::Refused(refused)),
        other => Ok(other),
    }
}

/// Asks for files, and takes as many as there should be.
fn opened<const N: usize>(
    connection: &mut Connection,
    request: &Request,
) -> Result<[File; N], SlotKeeperError> {
    connection.send(request, &[])?;
    let (answer, files) = answer(connection)?;
    if answer != (Answer::Opened {}) {
        return Err(SlotKeeperError::Unexpected);
    }
    let files: Vec<File> = files.into_iter().map(File::from).collect();
    files.try_into().map_err(|_| SlotKeeperError::Unexpected)
}

#[cfg(test)]
mod tests;
