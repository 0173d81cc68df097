//! Updates of the box's own software, as the service does its part of them.
//!
//! # Design
//!
//! The service fetches and assembles; it has no rights over disks. The slot keeper (`anya-slots`) decides what
//! is believed, opens the slots, checks what was written and lets the boot loader start it; behind the
//! [`Keeper`](keeper::Keeper) port it is asked over its socket.
//!
//! - [`look`]: is there a release, at the server or in a file; [`fetch`]: what neither slot has, into a folder
//!   on the data partition; [`install`]: from there into the other slot, so that the old version stays until an
//!   update is whole.
//! - [`media`]: releases on media that are plugged in.
//! - [`updater`]: the state and what all of it has in common; [`kept`]: what outlives a restart.
//! - [`follow`]: what has become of an update, and what the box does by itself.
//! - [`ports`]: the orders of the owner, each noted in the audit log before it is carried out.
//!
//! One thing is done at a time, on a thread of its own.

mod fetch;
mod follow;
mod install;
mod keeper;
mod kept;
mod look;
mod media;
mod ports;
mod state;
#[cfg(test)]
mod tests;
mod trouble;
mod unsupported;
mod updater;

use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use appliance_store::Standing;
use ota_client::slot_keeper::SlotKeeper;

pub(crate) use ports::SlotUpdates;
pub(crate) use unsupported::Unsupported;
pub(crate) use updater::Parts;

use updater::Updater;

/// The updates of this box; they are not followed yet.
pub(crate) fn new(parts: Parts) -> SlotUpdates {
    SlotUpdates(Arc::new(Updater::new(parts)))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let spawned = thread::Builder::new().name(name.into()).spawn(work);
    spawned.map(drop).context("cannot start a thread")
}

impl SlotUpdates {
    /// Follows them from now on, until they are stopped. Until it is known what has become of the last one, whoever
    /// asks about updates waits.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn follow(&self) -> Result<()> {
        let (following, watching) = (Arc::clone(&self.0), Arc::clone(&self.0));
        spawn("updates", move || {
            following.after_start();
            following.follow();
        })?;
        spawn("update-media", move || watching.watch_media())
    }

    /// Ends what is under way.
    pub(crate) fn stop(&self) {
        self.0.stop();
    }
}

/// How the running version stands. When nobody can tell, it is taken for one that is tried out, which leaves
/// the data as it is.
pub(crate) fn standing(keeper: &SlotKeeper) -> Standing {
    match keeper.status() {
        Ok(slots) if slots.trial.is_none() => Standing::Good,
        Ok(_) => Standing::OnTrial,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "how this version stands is not known");
            Standing::OnTrial
        }
    }
}

/// Left in the folder of the data for the version before, to which the owner goes back.
pub(crate) const WENT_BACK: &str = "went-back";

/// The box's own number: from its machine id (machine-id(5)), or by chance.
pub(crate) fn seed() -> u64 {
    let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let from_id = id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    from_id.unwrap_or_else(|| getrandom::u64().unwrap_or_default())
}
