//! Gathers what is known of the volume.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use root_side::program::Runner;

use crate::commands;
use crate::decide::Facts;
use crate::disk::{self, Disk};
use crate::header::Header;
use crate::note;
use crate::places::Places;

/// How long a device may take to appear, seconds.
const DEVICE_SECONDS: u32 = 30;
/// How long the TPM's driver may take, seconds: the boot stub has used the TPM already.
const TPM_SECONDS: u32 = 15;

/// The facts that do not depend on the disk's content, and the disk.
pub(crate) fn look(runner: &dyn Runner, places: &Places) -> Result<(Facts, Option<Disk>)> {
    let tpm = has_tpm(runner, places);
    look_again(runner, places, tpm)
}

/// The same once it is known whether there is a TPM.
pub(crate) fn look_again(runner: &dyn Runner, places: &Places, tpm: bool) -> Result<(Facts, Option<Disk>)> {
    let disk = disk::find(places);
    let mut facts = Facts { disk: disk.is_some(), tpm, mapped: places.mapped().exists(), ..Facts::default() };
    let Some(data) = disk.as_ref().and_then(|disk| disk.data.as_ref()) else { return Ok((facts, disk)) };
    facts.partition = true;
    if let Err(error) = await_device(runner, &data.device, DEVICE_SECONDS) {
        note(&format!("{error:#}"));
    }
    let dumped = runner.run(&commands::dump_header(&data.device))?;
    facts.header = dumped.ok().then(|| Header::parse(&dumped.output).ok()).flatten();
    if facts.tpm && facts.header.is_some() && !facts.mapped {
        let empty = places.run().join("empty");
        fs::write(&empty, "").with_context(|| format!("cannot write {}", empty.display()))?;
        facts.opens_with_empty_key = runner.run(&commands::try_empty_key(&data.device, &empty))?.ok();
    }
    Ok((facts, disk))
}

/// Whether the machine has a TPM that the running image was measured into. A TPM that the firmware did not
/// use cannot tell this image from another.
fn has_tpm(runner: &dyn Runner, places: &Places) -> bool {
    if !places.measured().exists() {
        return false;
    }
    if let Err(error) = await_device(runner, &places.tpm(), TPM_SECONDS) {
        note(&format!("the TPM that the firmware used does not come up: {error:#}"));
    }
    places.tpm().exists()
}

/// Waits for a device that is not there yet. What can be opened is not waited for: that udev has told everybody of it
/// is of no use here.
///
/// # Errors
/// It did not appear.
pub(crate) fn await_device(runner: &dyn Runner, device: &Path, seconds: u32) -> Result<()> {
    if !device.exists() {
        runner.must(&commands::wait_for(device, seconds))?;
    }
    Ok(())
}
