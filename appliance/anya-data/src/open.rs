//! Opens the volume at the boot: takes one step after the other until it is open or stays closed.

use anyhow::{Context, Result, bail};
use hal_api::volume::{ClosedReason, VolumeState, VolumeStatus};
use root_side::mount::Mount;
use root_side::program::Runner;

use crate::decide::{self, Facts, Making, Step, Way};
use crate::disk::Disk;
use crate::places::Places;
use crate::{commands, facts, machine_state, note, state_file};

/// How the volume is mounted.
const OPTIONS: &str = "noatime,nodev,nosuid,noexec,errors=remount-ro";

/// Opens the volume, and writes what was found.
///
/// # Errors
/// Only when the state cannot be written: that the volume stays closed is a state.
pub(crate) fn open(runner: &dyn Runner, places: &Places) -> Result<()> {
    state_file::make_folder(places)?;
    let _lock = state_file::lock(places)?.context("something else is being done to the volume")?;
    let status = match take_steps(runner, places) {
        Ok(status) => status,
        Err(error) => {
            note(&format!("{error:#}"));
            let facts = Facts::default();
            status_of(&facts, None, Some((ClosedReason::Damaged, format!("{error:#}"))))
        }
    };
    if let Some(reason) = status.reason {
        note(&format!("the data partition stays closed ({reason:?}): {}", status.detail));
    }
    state_file::write(places, &status)
}

fn take_steps(runner: &dyn Runner, places: &Places) -> Result<VolumeStatus> {
    let (mut facts, mut disk) = facts::look(runner, places)?;
    // Each step is taken once at most: making, opening, mounting.
    for _ in 0..4 {
        match decide::next_step(&facts) {
            Step::MakePartitions { tpm } => {
                let making = make(runner, disk.as_ref(), tpm)?;
                let tpm = facts.tpm;
                (facts, disk) = facts::look_again(runner, places, tpm)?;
                facts.making = making;
            }
            Step::Attach(way) => {
                if let Err(complaint) = attach(runner, places, disk.as_ref(), way)? {
                    let closed = (decide::reason_of_failed_attach(way), complaint);
                    return Ok(status_of(&facts, disk.as_ref(), Some(closed)));
                }
                facts.mapped = true;
            }
            Step::Mount => {
                let closed = mount(runner, places)?;
                return Ok(status_of(&facts, disk.as_ref(), closed));
            }
            Step::Close(reason, detail) => {
                return Ok(status_of(&facts, disk.as_ref(), Some((reason, detail))));
            }
        }
    }
    bail!("the steps to the volume lead nowhere")
}

fn make(runner: &dyn Runner, disk: Option<&Disk>, tpm: bool) -> Result<Making> {
    let disk = disk.context("there is no disk to make partitions on")?;
    // A kernel that has it built in knows no such module, and what is missing is told by the next program.
    if let Err(error) = runner.must(&commands::load_loop()) {
        note(&format!("{error:#}"));
    }
    let ended = runner.run(&commands::make_partitions(&disk.device, tpm))?;
    if let Err(error) = runner.must(&commands::settle()) {
        note(&format!("{error:#}"));
    }
    Ok(if ended.ok() { Making::Done } else { Making::Failed(ended.complaint) })
}

/// Opens the volume, or says why it does not open.
fn attach(runner: &dyn Runner, places: &Places, disk: Option<&Disk>, way: Way) -> Result<Result<(), String>> {
    let data = disk.and_then(|disk| disk.data.as_ref()).context("there is no data partition to open")?;
    let ended = runner.run(&match way {
        Way::Tpm => commands::attach_by_tpm(&data.device),
        Way::EmptyKey => commands::attach_by_empty_key(&data.device),
    })?;
    if !ended.ok() {
        return Ok(Err(ended.complaint));
    }
    facts::await_device(runner, &places.mapped(), 10)?;
    Ok(Ok(()))
}

/// Checks and mounts the opened volume and commits the machine's state. A volume that cannot be used is
/// closed again; the answer says why.
///
/// # Errors
/// When a program that is needed cannot be started.
pub(crate) fn mount(runner: &dyn Runner, places: &Places) -> Result<Option<(ClosedReason, String)>> {
    let data = places.data();
    if !machine_state::is_mounted(places, &data) {
        let checked = runner.run(&commands::check(&places.mapped()))?;
        if !decide::is_sound(checked.code) {
            let detail =
                format!("the file system's check ended with {}: {}", checked.code, checked.complaint);
            return close_again(runner, detail);
        }
        let mount = Mount::FileSystem { kind: "ext4", options: OPTIONS, device: places.mapped(), at: data };
        if let Err(error) = runner.mount(&mount) {
            return close_again(runner, format!("cannot mount the file system: {error:#}"));
        }
    }
    // A volume whose state cannot be committed (it is full, say) can still be read.
    if let Err(error) = machine_state::commit(runner, places) {
        note(&format!("{error:#}"));
    }
    Ok(None)
}

fn close_again(runner: &dyn Runner, detail: String) -> Result<Option<(ClosedReason, String)>> {
    runner.must(&commands::detach())?;
    Ok(Some((ClosedReason::Damaged, detail)))
}

/// The status that these facts make; `closed` says why it is closed.
pub(crate) fn status_of(
    facts: &Facts,
    disk: Option<&Disk>,
    closed: Option<(ClosedReason, String)>,
) -> VolumeStatus {
    let header = facts.header.as_ref();
    let (reason, detail) = closed.map_or((None, String::new()), |(reason, text)| (Some(reason), text));
    VolumeStatus {
        state: if reason.is_some() { VolumeState::Closed } else { VolumeState::Open },
        reason,
        detail: detail.replace('\n', " "),
        protection: decide::protection(header, facts.tpm),
        recovery_key: header.is_some_and(|header| !header.recovery_slots.is_empty()),
        size_bytes: disk.and_then(|disk| disk.data.as_ref()).map_or(0, |data| data.size),
    }
}

#[cfg(test)]
mod tests;
