//! What was found out about the volume at this boot: `/run/anya-data/state.json`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use anyhow::{Context, Result};
use hal_api::volume::VolumeStatus;
use nix::fcntl::{Flock, FlockArg};

use crate::places::Places;

const NAME: &str = "state.json";

/// Makes the folder where it is missing.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_folder(places: &Places) -> Result<()> {
    let run = places.run();
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&run)
        .with_context(|| format!("cannot make {}", run.display()))
}

/// Held by whoever does something to the volume; `None` while somebody else does.
///
/// # Errors
/// When the lock's file cannot be made.
pub(crate) fn lock(places: &Places) -> Result<Option<Flock<File>>> {
    let path = places.run().join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Flock::lock(file, FlockArg::LockExclusiveNonblock).ok())
}

/// Replaces the state; a reader sees the old or the new one.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(places: &Places, status: &VolumeStatus) -> Result<()> {
    let (path, part) = (places.run().join(NAME), places.run().join("state.json.part"));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o644).open(&part)?;
        file.write_all(&serde_json::to_vec(status)?)?;
        fs::rename(&part, &path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// The state.
///
/// # Errors
/// When there is none yet.
pub(crate) fn read(places: &Places) -> Result<VolumeStatus> {
    let path = places.run().join(NAME);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
}
