//! What has become of an update, and what the box does by itself.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use appliance_core::audit::{Actor, AuditOutcome};
use appliance_core::update::{Automatic, UpdateActivity, UpdateSource, schedule};
use jiff::{SignedDuration, Timestamp};
use ota_core::life::{Event, Outcome, Phase, StartFacts};

use super::updater::Updater;

/// How often a new version is asked whether it is good yet.
const TRIAL_LOOKS: Duration = Duration::from_secs(3);
/// The longest wait between two looks at the clock, which may be set in between.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often the time is remembered.
const NOTE_TIME_EVERY: SignedDuration = SignedDuration::from_hours(1);

impl Updater {
    /// Looks at the slots for the first time.
    pub(super) fn after_start(&self) {
        self.look_at_slots();
        self.state().started = true;
        self.changed.notify_all();
    }

    /// Looks at the slots once more where the start could not: a box that is slow, or was busy with repairs, would
    /// otherwise tell until its next start what was kept before this one.
    pub(super) fn settle(&self) {
        let settled = self.known().settled;
        if !settled {
            self.look_at_slots();
        }
    }

    /// Works out, once, from what was kept and from what runs now what has become of an update.
    pub(super) fn settle_start(&self) {
        let mut state = self.state();
        if state.settled {
            return;
        }
        let Ok(slots) = state.slots.clone() else { return };
        state.settled = true;
        let before = state.kept.phase.clone();
        let cause = slots.gone_back.as_ref().map(|gone| gone.reason.as_str());
        let facts = StartFacts {
            running: &slots.running.version,
            update_was_tried: slots.gone_back.is_some(),
            cause,
            at: self.now(),
        };
        let after = before.clone().after_start(&facts);
        let installed = state.kept.offer.is_some()
            && after.version() == Some(&slots.running.version)
            && !matches!(after, Phase::Available { .. } | Phase::Ready { .. });
        if installed || matches!(after, Phase::RolledBack { .. }) {
            state.kept.offer = None;
        }
        self.moved(&mut state, after.clone(), true);
        drop(state);
        if let Phase::RolledBack { version, reason, .. } = &after
            && before != after
        {
            self.note_outcome(version, Outcome::RolledBack, reason);
            self.clear_downloads();
        }
    }

    /// Runs until the service stops: a thread of its own.
    pub(super) fn follow(self: &Arc<Self>) {
        let mut time_noted: Option<Timestamp> = None;
        loop {
            self.settle();
            self.settle_trial();
            if self.restart_if_due() || self.state().stopping {
                return;
            }
            let now = self.now();
            if time_noted.is_none_or(|noted| now.duration_since(noted).abs() >= NOTE_TIME_EVERY) {
                time_noted = Some(now);
                // Where there are no slots, there is nothing to remember it for.
                let _ = self.parts.keeper.note_time();
            }
            self.act_by_itself();
            if !self.wait() {
                return;
            }
        }
    }

    /// Waits until something changes or is due; `false` when the service stops.
    fn wait(&self) -> bool {
        let state = self.state();
        if state.stopping {
            return false;
        }
        let trial = matches!(state.kept.phase, Phase::Trial { .. });
        let due = [state.next_check, restart_time(&state.kept.phase)].into_iter().flatten().min();
        let until = due.map_or(LONGEST_WAIT, |due| {
            Duration::try_from(due.duration_since(self.now())).unwrap_or_default()
        });
        let most = if trial { TRIAL_LOOKS } else { LONGEST_WAIT };
        let until = until.clamp(Duration::from_millis(200), most);
        let (state, _) = self.changed.wait_timeout(state, until).unwrap_or_else(PoisonError::into_inner);
        !state.stopping
    }

    /// Asks whether the new version was found good.
    fn settle_trial(&self) {
        let Phase::Trial { version, .. } = self.state().kept.phase.clone() else { return };
        self.look_at_slots();
        let good = self.state().slots.as_ref().is_ok_and(|slots| slots.good);
        if good {
            self.on(Event::MarkedGood { at: self.now() });
            self.note_outcome(&version, Outcome::Installed, "");
            self.clear_downloads();
            self.tell();
            (self.parts.when_good)();
        }
    }

    /// Restarts into what is installed, when it is time. Whether it did.
    fn restart_if_due(&self) -> bool {
        let due = restart_time(&self.state().kept.phase).is_some_and(|at| at <= self.now());
        due && self
            .restart_now(&Actor::system())
            .inspect_err(|error| {
                tracing::error!(error = error as &dyn std::error::Error, "the box cannot be restarted");
                // Not again and again: the owner can.
                self.on(Event::Armed { restart_at: None });
            })
            .is_ok()
    }

    pub(super) fn restart_now(&self, actor: &Actor) -> Result<(), appliance_core::update::UpdateError> {
        self.note(actor, "update.restart", AuditOutcome::Ok, &[])?;
        self.parts.keeper.restart().map_err(super::ports::keeper_failed)
    }

    /// Looks, fetches and installs, as far as the owner lets it.
    fn act_by_itself(self: &Arc<Self>) {
        let (settings, last, failures, phase) = {
            let state = self.state();
            let last = state.kept.last_check.as_ref().map(|check| check.at);
            (state.settings.clone(), last, state.kept.failures, state.kept.phase.clone())
        };
        let wanted = settings.automatic >= Automatic::Check && settings.server.is_some();
        let looks = schedule::Looks { started: self.started, last, failures };
        let next = wanted.then(|| schedule::next_check(&settings, &looks, self.parts.seed, self.now()));
        self.state().next_check = next;
        let busy_with_one =
            matches!(phase, Phase::Installing { .. } | Phase::RestartPending { .. } | Phase::Trial { .. });
        if busy_with_one || next.is_none_or(|next| next > self.now()) {
            return;
        }
        let Ok(busy) = self.begin(UpdateActivity::Checking) else { return };
        self.ended("looking for an update", self.look(&busy.cancel));
        drop(busy);
        self.fetch_by_itself(settings.automatic);
    }

    fn fetch_by_itself(self: &Arc<Self>, automatic: Automatic) {
        let Some((offer, manifest)) = self.offered() else { return };
        if offer.set_aside.is_some() || offer.source != UpdateSource::Server {
            return;
        }
        let version = &manifest.version;
        let (activity, action) = match automatic {
            Automatic::Install => (UpdateActivity::Installing, "update.install"),
            Automatic::Download => (UpdateActivity::Downloading, "update.download"),
            Automatic::Off | Automatic::Check => return,
        };
        let Ok(busy) = self.begin(activity) else { return };
        let noted =
            self.note(&Actor::system(), action, AuditOutcome::Ok, &[("version", version.to_string())]);
        let done = match (noted, activity) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), UpdateActivity::Installing) => self.install(version, false, &busy.cancel),
            (Ok(()), _) => self.download(&busy.cancel),
        };
        self.ended("an update", done);
    }
}

/// When the box restarts by itself.
fn restart_time(phase: &Phase) -> Option<Timestamp> {
    match phase {
        Phase::RestartPending { at, .. } => *at,
        _ => None,
    }
}
