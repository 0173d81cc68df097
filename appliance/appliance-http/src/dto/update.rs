//! Updates of the box's own software: how they are, and what is asked for.

use appliance_core::update;
use jiff::Timestamp;
use ota_core::life;
use ota_core::slots::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::extract::RequestBody;

mirror! {
    /// Where a release comes from: the server, or a file that the owner brought.
    #[serde(rename_all = "snake_case")]
    UpdateSource of update::UpdateSource { Server, File }
}

mirror! {
    /// A step of an installation, in this order. Nothing that runs is touched by any of them.
    #[serde(rename_all = "snake_case")]
    UpdateStep of Action {
        Forget, LabelEmpty, WriteRoot, WriteVerity, VerifyReadBack, SetIdentity, StageKernel, Arm, Restart
    }
}

mirror! {
    /// What became of an update: `refused` before anything was written; `rolled_back` by the box itself, as it
    /// did not work; `taken_back` by the owner.
    #[serde(rename_all = "snake_case")]
    UpdateOutcome of life::Outcome { Installed, Refused, Failed, RolledBack, TakenBack }
}

mirror! {
    /// What the box does about updates: `checking` asks the server, `measuring` works out how much of what is offered
    /// is to be fetched, which any order ends; `installing` fetches what is missing first.
    #[serde(rename_all = "snake_case")]
    UpdateActivity of update::UpdateActivity { Checking, Measuring, Downloading, Installing, TakingFile, GoingBack }
}

/// Whether the box can be updated at all.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum UpdateAvailability {
    /// It can.
    Ready,
    /// It never can: this is no image with slots (a developer's machine).
    Unsupported,
    /// It cannot now.
    Blocked {
        /// Why, in plain words.
        reason: String,
    },
}

impl From<update::Availability> for UpdateAvailability {
    fn from(availability: update::Availability) -> Self {
        match availability {
            update::Availability::Ready => Self::Ready,
            update::Availability::Unsupported => Self::Unsupported,
            update::Availability::Blocked { reason } => Self::Blocked { reason },
        }
    }
}

/// Where an update is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(crate) enum UpdatePhase {
    /// Nothing is under way.
    Idle,
    /// The server is asked.
    Checking {
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
    },
    /// There is a release to install.
    Available { version: String },
    /// It is fetched: so many bytes of so many.
    Downloading { version: String, done: u64, total: u64 },
    /// All of it is here.
    Ready { version: String },
    /// It is written beside the version that runs.
    Installing { version: String, step: UpdateStep },
    /// It is started with the next restart: at this time at the latest; `null` when the owner decides.
    RestartPending {
        version: String,
        #[schema(required, value_type = Option<String>, format = DateTime)]
        at: Option<Timestamp>,
    },
    /// It runs, and the box checks whether everything works.
    Trial {
        version: String,
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
    },
    /// It runs, and everything works.
    Good {
        version: String,
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// It did not work; the version `to` runs again.
    RolledBack { version: String, to: String, reason: String },
}

impl From<life::Phase> for UpdatePhase {
    fn from(phase: life::Phase) -> Self {
        use life::Phase;
        match phase {
            Phase::Idle => Self::Idle,
            Phase::Checking { since } => Self::Checking { since },
            Phase::Available { version } => Self::Available { version: version.into() },
            Phase::Downloading { version, done, total } => {
                Self::Downloading { version: version.into(), done, total }
            }
            Phase::Ready { version } => Self::Ready { version: version.into() },
            Phase::Installing { version, step } => {
                Self::Installing { version: version.into(), step: step.into() }
            }
            Phase::RestartPending { version, at } => Self::RestartPending { version: version.into(), at },
            Phase::Trial { version, since } => Self::Trial { version: version.into(), since },
            Phase::Good { version, at } => Self::Good { version: version.into(), at },
            Phase::RolledBack { version, to, reason } => {
                Self::RolledBack { version: version.into(), to: to.into(), reason }
            }
        }
    }
}

/// Something that went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateProblem {
    /// The reason in one word, which stays the same; for programs.
    #[schema(example = "too_few_signatures")]
    code: String,
    /// The reason in plain words.
    text: String,
}

impl From<update::UpdateProblem> for UpdateProblem {
    fn from(problem: update::UpdateProblem) -> Self {
        Self { code: problem.code, text: problem.text }
    }
}

/// How the last look for a release ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateCheck {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What went wrong, or that it was `stopped`; `null` when the server answered, with a release or without.
    #[schema(required)]
    problem: Option<UpdateProblem>,
}

/// A release that can be installed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateOffer {
    #[schema(example = "1.3.0")]
    version: String,
    source: UpdateSource,
    /// What is new, in the words of those who made it: plain text.
    notes: String,
    /// The names of those who signed it.
    signed_by: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    signed: Timestamp,
    /// Until when it may be installed.
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
    /// Its security epoch.
    epoch: u64,
    /// The size of what is written, bytes.
    size: u64,
    /// What still has to be fetched of it, bytes; `null` before that was worked out.
    #[schema(required)]
    download: Option<u64>,
    /// Why the box does not install it by itself; it does when the owner insists. `null` when nothing is
    /// against it.
    #[schema(required)]
    set_aside: Option<String>,
}

impl From<update::Offer> for UpdateOffer {
    fn from(offer: update::Offer) -> Self {
        Self {
            version: offer.version.into(),
            source: offer.source.into(),
            notes: offer.notes,
            signed_by: offer.signed_by,
            signed: offer.signed,
            expires: offer.expires,
            epoch: offer.epoch,
            size: offer.size,
            download: offer.download,
            set_aside: offer.set_aside,
        }
    }
}

/// The version in the other slot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviousVersion {
    version: String,
    /// Why there is no way back to it; `null` when there is.
    #[schema(required)]
    refused: Option<String>,
}

/// What became of one update.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateEntry {
    version: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    outcome: UpdateOutcome,
    /// Why, in plain words; empty when all went well.
    reason: String,
}

impl From<life::Entry> for UpdateEntry {
    fn from(entry: life::Entry) -> Self {
        Self {
            version: entry.version.into(),
            at: entry.at,
            outcome: entry.outcome.into(),
            reason: entry.reason,
        }
    }
}

/// What became of updates, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateHistory {
    items: Vec<UpdateEntry>,
    /// Always `null`: the history is short.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl From<Vec<life::Entry>> for UpdateHistory {
    fn from(entries: Vec<life::Entry>) -> Self {
        Self { items: entries.into_iter().map(Into::into).collect(), next_cursor: None }
    }
}

/// How updates are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateStatus {
    availability: UpdateAvailability,
    /// The version that runs.
    #[schema(example = "1.2.0")]
    running: String,
    /// The board; `null` where there are no slots.
    #[schema(required, example = "generic-x86_64")]
    board: Option<String>,
    /// Whether the version that runs was found to work since the start.
    good: bool,
    /// What is under way; `null` when nothing is: phase and problem tell then what came of what was ordered last.
    #[schema(required)]
    activity: Option<UpdateActivity>,
    phase: UpdatePhase,
    /// What went wrong with what was tried last; `null` once something works.
    #[schema(required)]
    problem: Option<UpdateProblem>,
    /// What can be installed.
    #[schema(required)]
    offer: Option<UpdateOffer>,
    #[schema(required)]
    last_check: Option<UpdateCheck>,
    /// When the box looks by itself.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_check: Option<Timestamp>,
    /// What is in the other slot.
    #[schema(required)]
    previous: Option<PreviousVersion>,
    /// What became of updates, newest first.
    history: Vec<UpdateEntry>,
}

impl From<update::UpdateStatus> for UpdateStatus {
    fn from(status: update::UpdateStatus) -> Self {
        let check =
            |check: update::LastCheck| UpdateCheck { at: check.at, problem: check.problem.map(Into::into) };
        let previous = |previous: update::Previous| PreviousVersion {
            version: previous.version.into(),
            refused: previous.refused,
        };
        Self {
            availability: status.availability.into(),
            running: status.running.into(),
            board: status.board.map(Into::into),
            good: status.good,
            activity: status.activity.map(Into::into),
            phase: status.phase.into(),
            problem: status.problem.map(Into::into),
            offer: status.offer.map(Into::into),
            last_check: status.last_check.map(check),
            next_check: status.next_check,
            previous: status.previous.map(previous),
            history: status.history.into_iter().map(Into::into).collect(),
        }
    }
}

/// What to install.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstallUpdate {
    /// The version that was offered. Another one is not installed in its place.
    #[schema(example = "1.3.0")]
    pub(crate) version: String,
    /// Also when the box does not install it by itself, as it failed before.
    #[serde(default)]
    pub(crate) insist: bool,
}

impl RequestBody for InstallUpdate {
    const LIMIT: usize = 4 << 10;
}
