//! Downloading: what neither slot has, into a folder on the data partition.

use std::fs::File;
use std::time::{Duration, Instant};

use appliance_core::storage::FULL_BELOW;
use ota_client::kept::Keeping;
use ota_client::room;
use ota_client::source::{Cancel, SourceError};
use ota_core::life::{Event, Outcome, Phase};

use super::trouble::Trouble;
use super::updater::Updater;

/// What stays free on the data partition beside a download, bytes.
const RESERVE: u64 = 64 * FULL_BELOW;

/// How often its progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

impl Updater {
    /// Fetches what is missing of what is offered.
    pub(super) fn download(&self, cancel: &Cancel) -> Result<(), Trouble> {
        let fetched = self.fetch(cancel);
        if let Err(trouble) = &fetched {
            let mut state = self.state();
            // It is still there to be installed; what came of it is kept.
            if let Phase::Downloading { version, .. } = state.kept.phase.clone() {
                self.moved(&mut state, Phase::Available { version }, true);
            }
            drop(state);
            if trouble.refusal
                && let Some((_, manifest)) = self.offered()
            {
                self.note_outcome(&manifest.version, Outcome::Refused, &trouble.text);
            }
        }
        fetched
    }

    fn fetch(&self, cancel: &Cancel) -> Result<(), Trouble> {
        let (missing, manifest) = self.missing(cancel)?;
        self.room_for(missing.bytes_not_in(&self.kept_folder()))?;
        let settings = self.state().settings.clone();
        let mut server = self.server(&settings, cancel)?;
        let mut source = Keeping::new(self.kept_folder(), &mut *server);
        self.on(Event::Progress { done: 0, total: missing.bytes() });
        let mut told = Instant::now();
        missing.fetch(&mut source, cancel, &mut |now| {
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.on(Event::Progress { done: now.done, total: now.total });
            }
        })?;
        self.on(Event::Fetched { version: manifest.version });
        Ok(())
    }

    /// Whether there is room for so many bytes on the data partition.
    pub(super) fn room_for(&self, bytes: u64) -> Result<(), Trouble> {
        self.make_folder()?;
        let folder = File::open(&self.parts.folder).map_err(SourceError::Keep)?;
        let free = room::free(&folder).map_err(SourceError::Keep)?;
        let needed = bytes.saturating_add(RESERVE);
        if free >= needed {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        Err(Trouble::new(
            "no_room",
            format!(
                "The update needs {} MiB on the data partition, and {} MiB are free. Make room, and try again.",
                mib(needed),
                free >> 20
            ),
        ))
    }
}
