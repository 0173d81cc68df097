//! What this program found out since the start, for its other processes: files in `/run/anya-slots`, which only
//! root reads; and the lock that whoever changes something holds.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};
use ota_client::slot_keeper::protocol::GoneBack;
use ota_core::slots::Restart;
use ota_core::version::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::places::Places;

/// What has become of an update, as the start found it: `start.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    /// The running version, when an update installed it and it was not marked good at an earlier start.
    pub(crate) trial: Option<Version>,
    /// The update that did not work.
    pub(crate) gone_back: Option<GoneBack>,
}

/// What the gate has decided: `gate.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gated {
    /// Whether it marked the running version good.
    pub(crate) good: bool,
}

/// What the next restart is to be, once something was armed or preferred: `next.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Next {
    /// Whether it has to be one by `tryboot`.
    pub(crate) tryboot: bool,
}

impl Next {
    const FILE: &str = "next.json";

    pub(crate) fn read(places: &Places) -> Self {
        read(places, Self::FILE)
    }

    pub(crate) fn write(self, places: &Places) -> Result<()> {
        write(places, Self::FILE, &self)
    }

    pub(crate) fn restart(self) -> Restart {
        if self.tryboot { Restart::Tryboot } else { Restart::Plain }
    }
}

impl From<Restart> for Next {
    fn from(restart: Restart) -> Self {
        Self { tryboot: restart == Restart::Tryboot }
    }
}

impl Started {
    const FILE: &str = "start.json";

    pub(crate) fn read(places: &Places) -> Self {
        read(places, Self::FILE)
    }

    pub(crate) fn write(&self, places: &Places) -> Result<()> {
        write(places, Self::FILE, self)
    }
}

impl Gated {
    const FILE: &str = "gate.json";

    pub(crate) fn read(places: &Places) -> Self {
        read(places, Self::FILE)
    }

    pub(crate) fn write(&self, places: &Places) -> Result<()> {
        write(places, Self::FILE, self)
    }
}

/// Makes the folder where it is missing. The service looks for the socket in it; the files are root's alone.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_folder(places: &Places) -> Result<()> {
    let run = places.run();
    let made = DirBuilder::new().recursive(true).create(&run);
    // Whatever the process takes away from the modes of what it makes.
    let opened = made.and_then(|()| fs::set_permissions(&run, Permissions::from_mode(0o755)));
    opened.with_context(|| format!("cannot make {}", run.display()))
}

/// Held by whoever changes something; `None` while somebody else does.
///
/// # Errors
/// When the lock's file cannot be made.
pub(crate) fn lock(places: &Places) -> Result<Option<Flock<File>>> {
    make_folder(places)?;
    let path = places.run().join("lock");
    let file = private().truncate(false).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Flock::lock(file, FlockArg::LockExclusiveNonblock).ok())
}

/// How a file is opened that is root's alone, made where it is missing.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).read(true).write(true).mode(0o600);
    options
}

/// What is not there, or cannot be read, was not found out.
fn read<T: DeserializeOwned + Default>(places: &Places, name: &str) -> T {
    let text = fs::read(places.run().join(name)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn write(places: &Places, name: &str, content: &impl Serialize) -> Result<()> {
    make_folder(places)?;
    let (path, part) = (places.run().join(name), places.run().join(format!("{name}.part")));
    let write = || -> std::io::Result<()> {
        let mut file = private().truncate(true).open(&part)?;
        file.write_all(&serde_json::to_vec(content)?)?;
        fs::rename(&part, &path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
