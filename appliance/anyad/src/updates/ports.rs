//! The updater as the rest of the box asks it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;

use appliance_core::audit::{Actor, AuditOutcome};
use appliance_core::update::{
    Availability, InstallOrder, InvalidSettings, Offer, Previous, UpdateActivity, UpdateError,
    UpdatePreferences, UpdateSettings, UpdateSource, UpdateStatus, Updates,
};
use ota_client::slot_keeper::SlotKeeperError;
use ota_client::source::{Cancel, HttpServer, Terms};
use ota_core::life::{Event, Outcome, Phase};
use ota_core::manifest::{Manifest, PartKind};

use super::kept::KeptOffer;
use super::state;
use super::trouble::Trouble;
use super::updater::Updater;
use crate::version;

/// The updater behind the domain's ports.
#[derive(Clone)]
pub(crate) struct SlotUpdates(pub(super) Arc<Updater>);

/// What the slot keeper did not do, for somebody who asked for it.
pub(super) fn keeper_failed(error: SlotKeeperError) -> UpdateError {
    match error {
        SlotKeeperError::Refused(_) => Trouble::from(error).into(),
        other => UpdateError::Failed { operation: "ask the slot keeper", source: Box::new(other) },
    }
}

impl SlotUpdates {
    /// Does something in the background, on a thread of its own.
    pub(super) fn go(
        &self,
        activity: UpdateActivity,
        what: &'static str,
        before: impl FnOnce(&Updater) -> Result<(), UpdateError>,
        work: impl FnOnce(&Updater, &Cancel) -> Result<(), Trouble> + Send + 'static,
    ) -> Result<(), UpdateError> {
        // Noted, and then done: what is under way must not change in between.
        let busy = self.0.begin(activity)?;
        before(&self.0)?;
        let updater = Arc::clone(&self.0);
        let spawned = thread::Builder::new().name("update".into()).spawn(move || {
            let done = work(&updater, &busy.cancel);
            updater.ended(what, done);
        });
        let failed = |source| UpdateError::Failed { operation: "start a thread", source: Box::new(source) };
        spawned.map(drop).map_err(failed)
    }
}

impl Updates for SlotUpdates {
    fn status(&self) -> UpdateStatus {
        let state = self.0.known();
        let slots = state.slots.as_ref();
        let availability = match slots {
            Err(reason) => Availability::Blocked { reason: reason.clone() },
            Ok(slots) => match &slots.blocked {
                Some(reason) => Availability::Blocked { reason: reason.clone() },
                None => Availability::Ready,
            },
        };
        let slots = slots.ok();
        UpdateStatus {
            availability,
            running: slots.map_or_else(|| version::running().clone(), |slots| slots.running.version.clone()),
            board: slots.map(|slots| slots.board.clone()),
            good: slots.is_some_and(|slots| slots.good),
            activity: state.activity.as_ref().map(|(activity, _)| *activity),
            phase: state.kept.phase.clone(),
            problem: state.problem.clone(),
            offer: state.kept.offer.as_ref().and_then(offer),
            last_check: state.kept.last_check.clone(),
            next_check: state.next_check,
            previous: slots.and_then(|slots| {
                let other = slots.other.as_ref()?;
                Some(Previous { version: other.version.clone(), refused: slots.rollback_refused.clone() })
            }),
            history: state.kept.history.entries().to_vec(),
        }
    }

    fn check(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.0.settle();
        match self.0.known().kept.phase {
            Phase::RestartPending { .. } => {
                return Err(UpdateError::NotNow("An update is installed: restart the box first.".into()));
            }
            Phase::Trial { .. } => {
                return Err(UpdateError::NotNow("The new version is still being tried out.".into()));
            }
            _ => {}
        }
        let note = |updater: &Updater| Ok(updater.note(actor, "update.check", AuditOutcome::Ok, &[])?);
        self.go(UpdateActivity::Checking, "looking for an update", note, Updater::look)
    }

    fn download(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.0.ready_for_offer(None)?;
        let note = |updater: &Updater| Ok(updater.note(actor, "update.download", AuditOutcome::Ok, &[])?);
        self.go(UpdateActivity::Downloading, "downloading an update", note, Updater::download)
    }

    fn install(&self, actor: &Actor, order: &InstallOrder) -> Result<(), UpdateError> {
        self.0.ready_for_offer(Some(order))?;
        let details = [
            ("version", order.version.to_string()),
            ("insist", if order.insist { "yes" } else { "no" }.to_owned()),
        ];
        let note =
            |updater: &Updater| Ok(updater.note(actor, "update.install", AuditOutcome::Ok, &details)?);
        let (version, insist) = (order.version.clone(), order.insist);
        let work = move |updater: &Updater, cancel: &Cancel| updater.install(&version, insist, cancel);
        self.go(UpdateActivity::Installing, "installing an update", note, work)
    }

    fn cancel(&self, actor: &Actor) -> Result<(), UpdateError> {
        let under_way = self.0.state().activity.clone();
        match under_way {
            Some((activity, cancel)) if activity != UpdateActivity::GoingBack => {
                self.0.note(actor, "update.cancel", AuditOutcome::Ok, &[])?;
                cancel.cancel();
                Ok(())
            }
            Some((activity, _)) => Err(UpdateError::Busy(state::told(activity).into())),
            None => Err(UpdateError::NotNow("Nothing is under way.".into())),
        }
    }

    fn restart(&self, actor: &Actor) -> Result<(), UpdateError> {
        let (phase, activity) = {
            let state = self.0.known();
            (state.kept.phase.clone(), state.activity.as_ref().map(|(activity, _)| *activity))
        };
        // What is installed is installed, also while its thread ends.
        match activity {
            Some(activity) if !matches!(phase, Phase::RestartPending { .. }) => {
                Err(UpdateError::Busy(state::told(activity).into()))
            }
            _ => self.0.restart_now(actor),
        }
    }

    fn roll_back(&self, actor: &Actor) -> Result<(), UpdateError> {
        let _busy = self.0.begin(UpdateActivity::GoingBack)?;
        self.0.look_at_slots();
        let (running, previous) = {
            let state = self.0.known();
            let slots = state.slots.as_ref().map_err(|reason| UpdateError::NotNow(reason.clone()))?;
            (slots.running.version.clone(), slots.other.clone())
        };
        let Some(previous) = previous else {
            return Err(UpdateError::NotNow("There is no version to go back to.".into()));
        };
        let details = [("from", running.to_string()), ("to", previous.version.to_string())];
        self.0.note(actor, "update.roll_back", AuditOutcome::Ok, &details)?;
        let told = fs::write(self.0.parts.folder.join(super::WENT_BACK), "");
        told.map_err(|source| UpdateError::Failed {
            operation: "tell the version before",
            source: source.into(),
        })?;
        self.0.parts.keeper.roll_back().map_err(keeper_failed)?;
        {
            let mut state = self.0.known();
            state.kept.offer = None;
            self.0.moved(&mut state, Phase::Idle, true);
        }
        self.0.note_outcome(&running, Outcome::TakenBack, "");
        self.0.parts.keeper.restart().map_err(keeper_failed)
    }

    fn take_file(&self, actor: &Actor, file: &mut dyn Read) -> Result<(), UpdateError> {
        self.0.ready_for_file()?;
        let busy = self.0.begin(UpdateActivity::TakingFile)?;
        self.0.note(actor, "update.file", AuditOutcome::Ok, &[])?;
        self.0.take_in(file, None, &busy.cancel).map_err(Into::into)
    }
}

impl Updater {
    /// Whether there is something to fetch or to install.
    fn ready_for_offer(&self, order: Option<&InstallOrder>) -> Result<(), UpdateError> {
        self.settle();
        if let Phase::RestartPending { version, .. } = &self.known().kept.phase {
            let text = format!("Version {version} is installed already: restart the box.");
            return Err(UpdateError::NotNow(text));
        }
        let Some((offer, manifest)) = self.offered() else {
            return Err(UpdateError::NotNow("There is no update to install. Look for one first.".into()));
        };
        let Some(order) = order else { return Ok(()) };
        if order.version != manifest.version {
            let text = format!("Version {} is offered, not {}.", manifest.version, order.version);
            return Err(UpdateError::NotNow(text));
        }
        match &offer.set_aside {
            Some(reason) if !order.insist => {
                let text = format!("{reason} Say that you want it all the same to install it.");
                Err(UpdateError::NotNow(text))
            }
            _ => Ok(()),
        }
    }

    /// Whether another release can be taken.
    pub(super) fn ready_for_file(&self) -> Result<(), UpdateError> {
        self.settle();
        match self.known().kept.phase {
            Phase::RestartPending { .. } | Phase::Trial { .. } => {
                Err(UpdateError::NotNow("Another update has to be finished first.".into()))
            }
            _ => Ok(()),
        }
    }

    /// Takes a release in one file that the owner brought, and offers it. `size`, where it is known: there is
    /// room for all of it, or nothing of it is read.
    pub(super) fn take_in(
        &self,
        from: &mut dyn Read,
        size: Option<u64>,
        cancel: &Cancel,
    ) -> Result<(), Trouble> {
        let taken = self.receive(from, size, cancel).and_then(|()| self.look_into_file(cancel));
        if taken.is_err() {
            // Nothing half-made remains.
            let _ = fs::remove_file(self.bundle());
        }
        taken
    }

    fn receive(&self, from: &mut dyn Read, size: Option<u64>, cancel: &Cancel) -> Result<(), Trouble> {
        self.make_folder()?;
        self.forget_offered_file();
        self.clear_downloads();
        self.room_for(size.unwrap_or_default())?;
        let failed =
            |error: io::Error| Trouble::new("not_kept", format!("The file cannot be kept ({error})."));
        let mut file = File::create(self.bundle()).map_err(failed)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            cancel.check().map_err(|_| Trouble::stopped())?;
            self.room_for(buffer.len() as u64)?;
            let read = from.read(&mut buffer).map_err(|error| {
                Trouble::new("broken_off", format!("The file did not come whole ({error})."))
            })?;
            if read == 0 {
                return file.sync_all().map_err(failed);
            }
            file.write_all(&buffer[..read]).map_err(failed)?;
        }
    }

    /// The file of an earlier release makes room for the next one, so that one is not offered any more.
    fn forget_offered_file(&self) {
        let mut state = self.state();
        if state.kept.offer.as_ref().is_some_and(|offer| offer.source == UpdateSource::File) {
            state.kept.offer = None;
            self.moved(&mut state, Phase::Idle, true);
        }
    }
}

/// What is told of an offer.
fn offer(kept: &KeptOffer) -> Option<Offer> {
    let manifest = Manifest::parse(&kept.evidence.manifest.document).ok()?;
    Some(Offer {
        source: kept.source,
        signed_by: kept.signed_by.clone(),
        size: PartKind::ALL.iter().map(|&part| manifest.part(part).image.size).sum(),
        download: kept.download,
        set_aside: kept.set_aside.clone(),
        version: manifest.version,
        notes: manifest.notes,
        signed: manifest.signed,
        expires: manifest.expires,
        epoch: manifest.epoch,
    })
}

impl UpdatePreferences for SlotUpdates {
    fn settings(&self) -> UpdateSettings {
        self.0.state().settings.clone()
    }

    fn change_settings(&self, actor: &Actor, settings: UpdateSettings) -> Result<(), UpdateError> {
        settings.check()?;
        if let Some(address) = &settings.server {
            HttpServer::new(address, Terms::default()).map_err(|error| InvalidSettings {
                field: "server",
                problem: format!("cannot be: {error}"),
            })?;
        }
        let details = [
            ("automatic", word(&settings.automatic)),
            ("server", settings.server.clone().unwrap_or_default()),
            ("channel", settings.channel.clone()),
        ];
        self.0.note(actor, "update.settings", AuditOutcome::Ok, &details)?;
        self.0.parts.settings.keep(UpdateSettings::NAME, &settings.to_json())?;
        let mut state = self.0.state();
        let elsewhere =
            (&settings.server, &settings.channel) != (&state.settings.server, &state.settings.channel);
        let restart = settings.restart;
        let other_time = restart != state.settings.restart;
        state.settings = settings;
        if elsewhere {
            // The first look there is soon.
            (state.kept.last_check, state.kept.failures) = (None, 0);
        }
        drop(state);
        if other_time && matches!(self.0.state().kept.phase, Phase::RestartPending { .. }) {
            let restart_at = appliance_core::update::schedule::restart_at(restart, self.0.now());
            self.0.on(Event::Armed { restart_at });
        }
        self.0.changed.notify_all();
        Ok(())
    }
}

/// A closed set's word, as it is serialised.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::json!(value).as_str().unwrap_or_default().to_owned()
}
