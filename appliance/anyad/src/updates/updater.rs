//! The updater: its state, and what all that it does has in common.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use appliance_core::audit::{Actor, AuditLog, AuditOutcome, AuditRecord};
use appliance_core::clock::Clock;
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::settings::Settings;
use appliance_core::storage::StorageResult;
use appliance_core::update::{UpdateActivity, UpdateError};
use jiff::Timestamp;
use ota_client::release::Stock;
use ota_client::slot_keeper::ReadableSlots;
use ota_client::source::Cancel;
use ota_core::life::{Entry, Event, Outcome, Phase};
use ota_core::manifest::Manifest;
use ota_core::version::Version;

use super::keeper::Keeper;
use super::kept::{self, Kept, KeptOffer};
use super::media::{MediaFolder, MediaState};
use super::state::{self, State};
use super::trouble::Trouble;

/// What the updater works with.
pub(crate) struct Parts {
    /// Looks after the slots.
    pub(crate) keeper: Box<dyn Keeper>,
    /// Where its state and the owner's decisions are kept.
    pub(crate) settings: Arc<dyn Settings>,
    /// Where it is noted who did what.
    pub(crate) audit: Arc<dyn AuditLog>,
    /// Who hears of it.
    pub(crate) events: Arc<dyn EventSink>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where downloads are kept.
    pub(crate) folder: PathBuf,
    /// Below which folder media are mounted.
    pub(crate) media: PathBuf,
    /// The document of the signer list in the image, where it has one.
    pub(crate) signers: Option<Vec<u8>>,
    /// The server, until the owner decides.
    pub(crate) server: Option<String>,
    /// Told when the running version was found good.
    pub(crate) when_good: Box<dyn Fn() + Send + Sync>,
    /// Tells boxes apart: they do not all look at one moment.
    pub(crate) seed: u64,
}

/// Looks for updates, fetches and installs them.
pub(crate) struct Updater {
    pub(super) parts: Parts,
    pub(super) started: Timestamp,
    pub(super) media_folder: MediaFolder,
    state: Mutex<State>,
    /// What the slots held when stock was taken, as long as nothing was written.
    stock: Mutex<Option<Arc<Stock>>>,
    /// The state changed.
    pub(super) changed: Condvar,
}

/// Ends an activity when it is dropped.
pub(super) struct Busy {
    updater: Arc<Updater>,
    pub(super) cancel: Cancel,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.updater.state().activity = None;
        self.updater.taken();
        self.updater.changed.notify_all();
        self.updater.tell();
    }
}

impl Updater {
    pub(super) fn new(parts: Parts) -> Self {
        let state = State {
            settings: kept::decided(&*parts.settings, parts.server.clone()),
            kept: Kept::read(&*parts.settings),
            slots: Err("The slots were not looked at yet.".to_owned()),
            activity: None,
            problem: None,
            media: MediaState::default(),
            next_check: None,
            started: false,
            settled: false,
            stopping: false,
        };
        let (started, media_folder) = (parts.clock.now(), MediaFolder::at(&parts.media));
        let (state, stock, changed) = (Mutex::new(state), Mutex::new(None), Condvar::new());
        Self { parts, started, media_folder, state, stock, changed }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, once it is known what has become of an update. That takes a moment after the start, for which the
    /// rest of the box does not wait.
    pub(super) fn known(&self) -> MutexGuard<'_, State> {
        let unknown = |state: &mut State| !state.started && !state.stopping;
        self.changed.wait_while(self.state(), unknown).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Begins something, unless something else is under way. Measuring ends for it: who wants what is offered need not
    /// wait for a figure.
    pub(super) fn begin(self: &Arc<Self>, activity: UpdateActivity) -> Result<Busy, UpdateError> {
        let measuring = |state: &mut State| match &state.activity {
            Some((UpdateActivity::Measuring, cancel)) => {
                cancel.cancel();
                true
            }
            _ => false,
        };
        let state = self.changed.wait_while(self.known(), measuring);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopping {
            return Err(UpdateError::Busy("The box is stopping.".into()));
        }
        if let Some((other, _)) = &state.activity {
            return Err(UpdateError::Busy(state::told(*other).into()));
        }
        let cancel = Cancel::default();
        state.activity = Some((activity, cancel.clone()));
        state.problem = None;
        drop(state);
        self.tell();
        Ok(Busy { updater: Arc::clone(self), cancel })
    }

    /// Moves on, keeps it, and tells of it. What cannot be kept is told in the log: after a restart the slots
    /// themselves say where an update is.
    pub(super) fn on(&self, event: Event) {
        self.on_in(&mut self.state(), event);
    }

    /// The same in one step with something else that is told.
    pub(super) fn on_in(&self, state: &mut State, event: Event) {
        let keep = !matches!(event, Event::Progress { .. });
        match state.kept.phase.clone().on(event) {
            Ok(phase) => self.moved(state, phase, keep),
            Err(error) => tracing::warn!(error = &*error as &dyn std::error::Error, "an update went on"),
        }
    }

    pub(super) fn moved(&self, state: &mut State, phase: Phase, keep: bool) {
        let news = state.kept.phase != phase;
        state.kept.phase = phase.clone();
        if keep {
            self.keep(state);
        }
        if news {
            self.parts.events.publish(DomainEvent::UpdateChanged { phase });
        }
        self.changed.notify_all();
    }

    pub(super) fn keep(&self, state: &State) {
        if let Err(error) = state.kept.keep(&*self.parts.settings) {
            tracing::error!(error = &error as &dyn std::error::Error, "where an update is was not kept");
        }
    }

    /// Asks how the slots are. The first answer tells what has become of an update before the start.
    pub(super) fn look_at_slots(&self) {
        let slots = self.parts.keeper.status().map_err(|error| Trouble::from(error).text);
        let mut state = self.state();
        if let Err(text) = &slots
            && state.slots.as_ref().err() != Some(text)
        {
            tracing::error!(text, "the slots cannot be looked at");
        }
        state.slots = slots;
        drop(state);
        self.settle_start();
    }

    /// Notes what is done, before it is done.
    pub(super) fn note(
        &self,
        actor: &Actor,
        action: &'static str,
        outcome: AuditOutcome,
        details: &[(&str, String)],
    ) -> StorageResult<()> {
        let mut record = AuditRecord::new(self.now(), actor.clone(), action, "box".into(), outcome);
        for (name, value) in details {
            record = record.with(name, value.clone());
        }
        self.parts.audit.append(record).map(drop)
    }

    /// Notes what has become of an update: in the history, and in the audit log. What is the newest entry of
    /// the history already is not noted again.
    pub(super) fn note_outcome(&self, version: &Version, outcome: Outcome, reason: &str) {
        let entry = Entry { version: version.clone(), at: self.now(), outcome, reason: reason.to_owned() };
        let mut state = self.state();
        let before = state.kept.history.entries().first().cloned();
        state.kept.history.add(entry);
        if state.kept.history.entries().first() == before.as_ref() {
            return;
        }
        self.keep(&state);
        drop(state);
        let (action, audited) = match outcome {
            Outcome::Installed => ("update.installed", AuditOutcome::Ok),
            Outcome::Refused => ("update.refused", AuditOutcome::Denied),
            Outcome::Failed => ("update.failed", AuditOutcome::Failed),
            Outcome::RolledBack => ("update.rolled_back", AuditOutcome::Failed),
            Outcome::TakenBack => ("update.taken_back", AuditOutcome::Ok),
        };
        let mut details = vec![("version", version.to_string())];
        if !reason.is_empty() {
            details.push(("reason", reason.to_owned()));
        }
        if let Err(error) = self.note(&Actor::system(), action, audited, &details) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what became of an update was not noted"
            );
        }
    }

    /// Something that was done in the background is over.
    pub(super) fn ended(&self, what: &'static str, ended: Result<(), Trouble>) {
        match ended {
            Ok(()) => {}
            Err(trouble) if trouble.was_stopped() => tracing::info!(what, "stopped"),
            Err(trouble) => {
                tracing::warn!(what, code = trouble.code, text = trouble.text, "failed");
                self.state().problem = Some(trouble.problem());
            }
        }
    }

    /// Tells once more where an update is: something beside the phase changed, such as what is under way.
    pub(super) fn tell(&self) {
        let phase = self.state().kept.phase.clone();
        self.parts.events.publish(DomainEvent::UpdateChanged { phase });
    }

    /// Where what was fetched is kept.
    pub(super) fn kept_folder(&self) -> PathBuf {
        self.parts.folder.join("kept")
    }

    /// The release in one file that the owner brought.
    pub(super) fn bundle(&self) -> PathBuf {
        self.parts.folder.join("release.update")
    }

    /// Removes what was fetched: of a release that is installed, or of another one.
    pub(super) fn clear_downloads(&self) {
        for (path, removed) in [
            (self.kept_folder(), fs::remove_dir_all(self.kept_folder())),
            (self.bundle(), fs::remove_file(self.bundle())),
        ] {
            if let Err(error) = removed
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), error = &error as &dyn std::error::Error, "left behind");
            }
        }
    }

    /// What the slots hold.
    pub(super) fn stock(&self, slots: &ReadableSlots, cancel: &Cancel) -> Result<Arc<Stock>, Trouble> {
        let mut kept = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stock) = &*kept {
            return Ok(Arc::clone(stock));
        }
        let stock = Arc::new(Stock::take(slots, cancel)?);
        *kept = Some(Arc::clone(&stock));
        Ok(stock)
    }

    /// A slot was written.
    pub(super) fn forget_stock(&self) {
        *self.stock.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Ends what is under way, and what follows.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        if let Some((_, cancel)) = &state.activity {
            cancel.cancel();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The manifest of the release that is offered.
    pub(super) fn offered(&self) -> Option<(KeptOffer, Manifest)> {
        let offer = self.state().kept.offer.clone()?;
        // It was read before it was offered.
        let manifest = Manifest::parse(&offer.evidence.manifest.document).ok()?;
        Some((offer, manifest))
    }
}
