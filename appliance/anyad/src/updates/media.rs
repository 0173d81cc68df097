//! Media that people plug in: what is on them, and taking a release from one.
//!
//! The system mounts each below one folder, read-only and for this service alone (`anya-media@.service`). What is
//! on it is a stranger's: of each medium the top folder is read, a bounded part of it, and from it only regular
//! files that are named as a bundle is. Links are not followed. What is taken goes the way of a file that is
//! sent: it is copied first, and what is believed is read from the copy.
//!
//! Nobody tells the service of a mount, so it looks: at the folder of all media every few seconds, which is in
//! memory, and at a medium when it came.

mod folder;
mod reader;

use std::sync::PoisonError;
use std::time::Duration;

use appliance_core::audit::{Actor, AuditOutcome};
use appliance_core::event::DomainEvent;
use appliance_core::update::{
    Media, MediumFile, Taking, UpdateActivity, UpdateError, UpdateMedia, UpdateProblem,
};
use ota_client::source::Cancel;

use super::ports::SlotUpdates;
use super::updater::Updater;
pub(super) use folder::MediaFolder;
use folder::Plugged;
pub(super) use reader::MediumReader;

/// How often it is looked whether something was plugged in or pulled out.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is known of the media.
#[derive(Default)]
pub(super) struct MediaState {
    /// Which are there.
    plugged: Plugged,
    /// The releases on them.
    files: Vec<MediumFile>,
    /// What is being copied.
    taking: Option<Taking>,
}

impl Updater {
    /// Looks for media until the service stops: a thread of its own.
    pub(super) fn watch_media(&self) {
        // What fits is known once the slots are; a stick may be in the box from the start.
        drop(self.known());
        loop {
            self.look_at_media();
            let state = self.state();
            if state.stopping {
                return;
            }
            drop(self.changed.wait_timeout(state, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Looks which media are there, and at what is on them when they are others than before.
    pub(super) fn look_at_media(&self) {
        let plugged = self.media_folder.plugged();
        if plugged == self.state().media.plugged {
            return;
        }
        let files = self.media_folder.files(&plugged);
        let mut state = self.state();
        let news = state.media.files != files;
        (state.media.plugged, state.media.files) = (plugged, files);
        drop(state);
        if news {
            self.tell_media();
        }
    }

    /// What is told of them. Nothing, where it is not known what the box is.
    fn media(&self) -> Media {
        let state = self.state();
        let Ok(slots) = &state.slots else { return Media::default() };
        Media::of(&state.media.files, &slots.running.version, &slots.board, state.media.taking.clone())
    }

    fn tell_media(&self) {
        self.parts.events.publish(DomainEvent::UpdateMediaChanged { media: self.media() });
    }

    /// The file of this name on this medium, when the box can take it.
    fn on_medium(&self, medium: &str, name: &str) -> Result<MediumFile, UpdateError> {
        let state = self.state();
        let slots = state.slots.as_ref().map_err(|reason| UpdateError::NotNow(reason.clone()))?;
        let is_meant = |file: &&MediumFile| file.medium == medium && file.name.to_string() == name;
        let Some(file) = state.media.files.iter().find(is_meant) else {
            return Err(UpdateError::NotNow("This file is on no medium that is plugged in.".into()));
        };
        file.check(&slots.running.version, &slots.board).map_err(UpdateError::Refused)?;
        Ok(file.clone())
    }

    /// So much of a file is on the box; until what is under way ends.
    fn taking(&self, file: &MediumFile, done: u64) {
        let (medium, name, total) = (file.medium.clone(), file.name.to_string(), file.size);
        self.state().media.taking = Some(Taking { medium, file: name, done, total });
        self.tell_media();
    }

    /// What was under way has ended.
    pub(super) fn taken(&self) {
        if self.state().media.taking.take().is_some() {
            self.tell_media();
        }
    }
}

impl UpdateMedia for SlotUpdates {
    fn media(&self) -> Media {
        self.0.media()
    }

    fn take_from_medium(&self, actor: &Actor, medium: &str, file: &str) -> Result<(), UpdateError> {
        self.0.ready_for_file()?;
        let wanted = self.0.on_medium(medium, file)?;
        let opened = self.0.media_folder.open(&wanted).map_err(|error| {
            let text = format!("The file cannot be read from the medium ({error}). Plug it in again.");
            UpdateError::Refused(UpdateProblem { code: "unreadable".into(), text })
        })?;
        let note = |updater: &Updater| {
            updater.note(actor, "update.file", AuditOutcome::Ok, &[("file", file.to_owned())])?;
            updater.taking(&wanted, 0);
            Ok(())
        };
        let copied = wanted.clone();
        let work = move |updater: &Updater, cancel: &Cancel| {
            let mut reader = MediumReader::new(opened, copied.size, |done| updater.taking(&copied, done));
            updater.take_in(&mut reader, Some(copied.size), cancel)
        };
        self.go(UpdateActivity::TakingFile, "taking an update from a medium", note, work)
    }
}
