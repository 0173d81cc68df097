//! Snapshots of a running machine: memory, TPM, disk and firmware variables, inside the two qcow2 files.
//!
//! Under emulation a boot takes a minute and loading a snapshot into a new QEMU some seconds. `-loadvm`
//! does not do it (it takes the first writable node for the one with the memory), so the snapshot is
//! loaded over QMP into a machine that was started with stopped processors.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::arguments::{DISK, VARIABLES};
use crate::disk::Disk;
use crate::lab::Lab;
use crate::machine::{Machine, Setup};

/// The bound on saving or loading.
const PATIENCE: Duration = Duration::from_secs(180);

/// Keeps the state of a running machine under `tag`; the machine goes on.
///
/// # Errors
/// When QEMU cannot.
pub fn save(machine: &mut Machine, tag: &str) -> Result<()> {
    job(machine, "snapshot-save", tag)?;
    resume(machine)
}

/// A machine on this disk in the state that was kept under `tag`. What was written to the disk since is
/// gone. `setup` must be the one with which the snapshot was taken.
///
/// # Errors
/// When QEMU does not start or cannot load it.
pub fn load(lab: &Lab, disk: &Disk, setup: &Setup, tag: &str) -> Result<Machine> {
    let mut machine = Machine::start(lab, disk, &Setup { paused: true, ..setup.clone() })?;
    job(&mut machine, "snapshot-load", tag)?;
    resume(&mut machine)?;
    Ok(machine)
}

fn resume(machine: &mut Machine) -> Result<()> {
    machine.qmp().execute("cont", &json!({}))?;
    Ok(())
}

fn job(machine: &mut Machine, command: &str, tag: &str) -> Result<()> {
    let qmp = machine.qmp();
    let arguments = json!({"job-id": "job", "tag": tag, "vmstate": DISK, "devices": [DISK, VARIABLES]});
    qmp.execute(command, &arguments)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let jobs = qmp.execute("query-jobs", &json!({}))?;
        let state = jobs.as_array().and_then(|jobs| jobs.iter().find(|job| job["id"] == "job")).cloned();
        let state = state.unwrap_or(Value::Null);
        if state["status"] == "concluded" {
            qmp.execute("job-dismiss", &json!({"id": "job"}))?;
            match state["error"].as_str() {
                Some(error) => bail!("{command} {tag}: {error}"),
                None => return Ok(()),
            }
        }
        if Instant::now() > deadline {
            bail!("{command} {tag}: not within {PATIENCE:?}, at {state}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Puts disk and variables of a machine that is switched off back to a snapshot, without its memory: what
/// a power cut at that moment would have left.
///
/// # Errors
/// When there is no such snapshot.
pub fn revert(lab: &Lab, disk: &Disk, tag: &str) -> Result<()> {
    for file in ["disk.qcow2", "vars.qcow2"] {
        let mut command = lab.command("qemu-img");
        command.args(["snapshot", "-q", "-a", tag]).arg(disk.folder().join(file));
        crate::lab::run(&mut command, "qemu-img snapshot")?;
    }
    Ok(())
}
