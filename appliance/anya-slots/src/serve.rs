//! Answers one request over a connection.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use ota_client::slot_keeper::protocol::{Answer, Request, code};
use ota_client::slot_keeper::{Connection, WireError};
use root_side::termination;

use crate::disk::SlotPartitions;
use crate::failure::Failure;
use crate::keeper::Keeper;
use crate::{believe, install, roll_back, run_files, status};

/// How long the request may take to come, and an answer to be taken.
const BOUND: Duration = Duration::from_secs(10);

/// Reads the request, does what it asks for and answers.
///
/// # Errors
/// When the connection fails.
pub(crate) fn serve(keeper: &Keeper<'_>, stream: UnixStream) -> Result<()> {
    let mut connection = Connection::new(stream);
    connection.bound_reading(Some(BOUND))?;
    connection.bound_writing(Some(BOUND))?;
    let request = match connection.receive::<Request>() {
        Ok(None) | Err(WireError::Ended) => return Ok(()),
        Ok(Some((request, descriptors))) if descriptors.is_empty() => Ok(request),
        Ok(Some(_)) | Err(WireError::Strange(_) | WireError::TooLong | WireError::TooManyDescriptors) => {
            Err(Failure::refused(code::BAD_REQUEST, "The request is none that is known."))
        }
        Err(error) => return Err(error).context("cannot read the request"),
    };
    let answered = request.and_then(|request| answer(keeper, &mut connection, request));
    let (answer, files) = match answered {
        Ok(answer) => answer,
        Err(failure) => match failure.told() {
            Some(refused) => (Answer::Refused(refused), Vec::new()),
            None => return Ok(()),
        },
    };
    let descriptors: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    match connection.send(&answer, &descriptors) {
        Ok(()) | Err(WireError::Ended) => Ok(()),
        Err(error) => Err(error).context("cannot answer"),
    }
}

/// The last answer, and the files that go with it.
fn answer(
    keeper: &Keeper<'_>,
    connection: &mut Connection,
    request: Request,
) -> Result<(Answer, Vec<File>), Failure> {
    let answer = match request {
        Request::Read {} => return Ok((Answer::Opened {}, read(keeper)?)),
        Request::Status {} => Answer::Status(Box::new(status::status(keeper)?)),
        Request::Believe { channel, evidence } => {
            let _lock = run_files::lock(keeper.places)?.ok_or_else(Failure::busy)?;
            Answer::Believed(believe::believe(keeper, channel, evidence)?)
        }
        Request::Install { channel, evidence, insist } => {
            install::converse(keeper, connection, channel, evidence, insist)?
        }
        Request::RollBack {} => roll_back::roll_back(keeper)?,
        Request::Restart {} => {
            termination::hold_off().context("cannot wait with the end")?;
            keeper.restart()?;
            Answer::Accepted {}
        }
        Request::NoteTime {} => note_time(keeper)?,
        Request::Written {} => {
            let text = "Nothing is being installed over this connection.";
            return Err(Failure::refused(code::BAD_REQUEST, text));
        }
    };
    Ok((answer, Vec::new()))
}

/// Both slots and the running kernel image, to be read.
fn read(keeper: &Keeper<'_>) -> Result<Vec<File>, Failure> {
    let machine = keeper.look()?;
    let kernel_image = keeper.esp(&machine)?.kernel_image(machine.slots.running())?;
    let [root, verity] = open(machine.disk.slot(machine.slots.running().slot))?;
    let [other_root, other_verity] = open(machine.other())?;
    Ok(vec![root, verity, kernel_image, other_root, other_verity])
}

fn open(slot: &SlotPartitions) -> Result<[File; 2]> {
    let open =
        |device: &Path| File::open(device).with_context(|| format!("cannot open {}", device.display()));
    Ok([open(&slot.root.device)?, open(&slot.verity.device)?])
}

fn note_time(keeper: &Keeper<'_>) -> Result<Answer, Failure> {
    let _lock = run_files::lock(keeper.places)?.ok_or_else(Failure::busy)?;
    let (machine, store) = (keeper.look()?, keeper.store()?);
    let mut known = store.known()?;
    if known.note_time(machine.image.built, keeper.now, keeper.synchronised()) {
        store.keep_known(&known).context("cannot remember the time")?;
    }
    Ok(Answer::Accepted {})
}

#[cfg(test)]
mod tests;
