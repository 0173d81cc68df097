//! Answers one request about the volume.

use std::io::{BufRead, BufReader, Read, Write};

use anyhow::{Context, Result};
use hal_api::volume::protocol::{MAX_LINE, Refusal, VolumeAnswer, VolumeRequest};
use hal_api::volume::{ClosedReason, Protection, RecoveryKey, VolumeState};
use root_side::program::Runner;
use root_side::termination;
use zeroize::Zeroizing;

use crate::disk::{self, Partition};
use crate::places::Places;
use crate::{commands, facts, note, open, state_file};

/// What `cryptsetup` ends with when no slot takes the key (cryptsetup(8), "RETURN CODES").
const NO_PERMISSION: i32 = 2;

/// Reads one line, does what it asks for and writes one line.
///
/// # Errors
/// When the connection breaks.
pub(crate) fn serve(
    runner: &dyn Runner,
    places: &Places,
    input: impl Read,
    mut output: impl Write,
) -> Result<()> {
    let mut line = Zeroizing::new(String::with_capacity(1024));
    BufReader::new(input.take(MAX_LINE)).read_line(&mut line).context("cannot read the request")?;
    let answer = match serde_json::from_str(&line) {
        // What is wrong with the text could quote a key.
        Err(_) => refuse(Refusal::BadRequest, "the request is none that is known"),
        Ok(request) => answer(runner, places, &request),
    };
    let mut line = Zeroizing::new(Vec::with_capacity(1024));
    serde_json::to_writer(&mut *line, &answer).context("cannot write the answer")?;
    line.push(b'\n');
    output.write_all(&line).and_then(|()| output.flush()).context("cannot write the answer")
}

fn refuse(error: Refusal, text: impl Into<String>) -> VolumeAnswer {
    VolumeAnswer::Refused { error, text: text.into() }
}

fn answer(runner: &dyn Runner, places: &Places, request: &VolumeRequest) -> VolumeAnswer {
    let done = match request {
        VolumeRequest::Status => state_file::read(places).map(VolumeAnswer::Status),
        VolumeRequest::Restart => restart(runner),
        _ => match state_file::lock(places) {
            Ok(Some(_lock)) => change(runner, places, request),
            Ok(None) => return refuse(Refusal::Busy, "something else is being done to the volume"),
            Err(error) => Err(error),
        },
    };
    done.unwrap_or_else(|error| {
        note(&format!("{error:#}"));
        refuse(Refusal::Failed, format!("{error:#}"))
    })
}

fn change(runner: &dyn Runner, places: &Places, request: &VolumeRequest) -> Result<VolumeAnswer> {
    match request {
        VolumeRequest::Unlock { recovery_key } => unlock(runner, places, recovery_key),
        VolumeRequest::MakeRecoveryKey => make_recovery_key(runner, places),
        VolumeRequest::Reseal { recovery_key } => reseal(runner, places, recovery_key),
        VolumeRequest::Erase => erase(runner, places),
        VolumeRequest::Status | VolumeRequest::Restart => {
            Ok(refuse(Refusal::BadRequest, "this changes nothing"))
        }
    }
}

fn restart(runner: &dyn Runner) -> Result<VolumeAnswer> {
    termination::hold_off().context("cannot wait with the end")?;
    runner.must(&commands::restart())?;
    Ok(VolumeAnswer::Accepted { accepted: true })
}

fn data_partition(places: &Places) -> Result<Partition> {
    disk::find(places).and_then(|disk| disk.data).context("there is no data partition")
}

fn unlock(runner: &dyn Runner, places: &Places, key: &RecoveryKey) -> Result<VolumeAnswer> {
    let known = state_file::read(places)?;
    if known.state == VolumeState::Open {
        return Ok(VolumeAnswer::Status(known));
    }
    if !known.reason.is_some_and(ClosedReason::opens_with_recovery_key) {
        return Ok(refuse(Refusal::NotNow, "no key opens this volume"));
    }
    if !places.mapped().exists() {
        let opened = runner.run(&commands::open_by_key(&data_partition(places)?.device, key))?;
        if opened.code == NO_PERMISSION {
            return Ok(refuse(Refusal::WrongKey, "the key is another volume's"));
        }
        if !opened.ok() {
            return Ok(refuse(Refusal::Failed, opened.complaint));
        }
        runner.must(&commands::wait_for(&places.mapped(), 10))?;
    }
    let closed = open::mount(runner, places)?;
    let (facts, disk) = facts::look(runner, places)?;
    let status = open::status_of(&facts, disk.as_ref(), closed);
    state_file::write(places, &status)?;
    Ok(VolumeAnswer::Status(status))
}

/// The old key goes only when the new one is there.
fn make_recovery_key(runner: &dyn Runner, places: &Places) -> Result<VolumeAnswer> {
    let known = state_file::read(places)?;
    if known.state != VolumeState::Open || known.protection != Protection::Tpm {
        return Ok(refuse(Refusal::NotNow, "the volume is not one that a TPM protects, or it is closed"));
    }
    let device = data_partition(places)?.device;
    let (facts, _) = facts::look(runner, places)?;
    let old = facts.header.context("the volume's header cannot be read")?.recovery_slots;
    let added = runner.must(&commands::add_recovery_key(&device))?;
    let recovery_key = added
        .output
        .split_whitespace()
        .find_map(|word| RecoveryKey::parse(word).ok())
        .context("systemd-cryptenroll printed no recovery key")?;
    for slot in old {
        runner.must(&commands::wipe_slot(&device, slot))?;
    }
    let (facts, disk) = facts::look(runner, places)?;
    state_file::write(places, &open::status_of(&facts, disk.as_ref(), None))?;
    Ok(VolumeAnswer::RecoveryKey { recovery_key })
}

/// In two steps: in one, systemd-cryptenroll takes the old key for the new one and does nothing. Between
/// them the recovery key alone opens the volume, so it is tried first.
fn reseal(runner: &dyn Runner, places: &Places, key: &RecoveryKey) -> Result<VolumeAnswer> {
    let (facts, disk) = facts::look(runner, places)?;
    if !facts.tpm {
        return Ok(refuse(Refusal::NotNow, "the machine has no TPM"));
    }
    let device = disk.and_then(|disk| disk.data).context("there is no data partition")?.device;
    let tried = runner.run(&commands::try_key(&device, key))?;
    if tried.code == NO_PERMISSION {
        return Ok(refuse(Refusal::WrongKey, "the key is another volume's"));
    }
    runner.must(&commands::wipe_tpm(&device))?;
    runner.must(&commands::seal(&device, key))?;
    let (facts, disk) = facts::look(runner, places)?;
    let known = state_file::read(places)?;
    let closed = known.reason.map(|reason| (reason, known.detail));
    state_file::write(places, &open::status_of(&facts, disk.as_ref(), closed))?;
    Ok(VolumeAnswer::Accepted { accepted: true })
}

/// The keys go first: whatever fails after that, nobody reads the volume again.
fn erase(runner: &dyn Runner, places: &Places) -> Result<VolumeAnswer> {
    if state_file::read(places)?.state == VolumeState::Open || places.mapped().exists() {
        return Ok(refuse(Refusal::NotNow, "the volume is open"));
    }
    let disk = disk::find(places).context("the box's disk was not found")?;
    if let Some(data) = &disk.data {
        let [keys, rest @ ..] = commands::erase(&data.device, &disk.device, data.number);
        // A header that cannot be read has no keys to erase; overwriting its place does it.
        let erased = runner.run(&keys)?;
        if !erased.ok() {
            note(&format!("the keys could not be erased one by one: {}", erased.complaint));
        }
        for step in &rest {
            runner.must(step)?;
        }
    }
    restart(runner)
}

#[cfg(test)]
mod tests;
