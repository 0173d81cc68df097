//! Where an update is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::slots::Action;
use crate::version::Version;

/// Where an update is. Stored by the service before it acts, and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
#[expect(missing_docs, reason = "the fields say what they are: bytes, versions, times")]
pub enum Phase {
    /// Nothing is under way.
    #[default]
    Idle,
    /// The server is asked.
    Checking { since: Timestamp },
    /// There is a release to install.
    Available { version: Version },
    /// Its chunks are fetched.
    Downloading { version: Version, done: u64, total: u64 },
    /// All of it is here.
    Ready { version: Version },
    /// It is written into the other slot.
    Installing { version: Version, step: Action },
    /// It is started with the next restart, at the latest at this time; `None` when the owner decides.
    RestartPending { version: Version, at: Option<Timestamp> },
    /// It runs, and is not marked good yet.
    Trial { version: Version, since: Timestamp },
    /// It runs, and was marked good.
    Good { version: Version, at: Timestamp },
    /// It did not work; the version before runs again.
    RolledBack { version: Version, to: Version, reason: String },
}

/// What happens to an update.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what they are: bytes, versions, times")]
pub enum Event {
    /// The server is asked.
    Check { at: Timestamp },
    /// There is nothing to install, or the check failed.
    Nothing,
    /// There is a release to install.
    Found { version: Version },
    /// So much of it is here.
    Progress { done: u64, total: u64 },
    /// All of it is here; also from a bundle.
    Fetched { version: Version },
    /// This step of the installation begins.
    Step { step: Action },
    /// The installation is done but for the restart.
    Armed { restart_at: Option<Timestamp> },
    /// The running version was marked good.
    MarkedGood { at: Timestamp },
    /// It was given up: cancelled, refused or failed.
    GivenUp,
}

/// An event that cannot happen in a phase.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("an update in the phase {phase:?} cannot take {event:?}")]
pub struct OutOfPhase {
    /// The phase.
    pub phase: Phase,
    /// The event.
    pub event: Event,
}

/// What is known after a start.
#[derive(Clone, Copy, Debug)]
pub struct StartFacts<'a> {
    /// The version that runs.
    pub running: &'a Version,
    /// Whether the boot loader has started the update since it was armed; when it has not, it was only
    /// passed over (a tryboot that a power cut swallowed).
    pub update_was_tried: bool,
    /// What is known of why it did not work, in words for the owner.
    pub cause: Option<&'a str>,
    /// The time.
    pub at: Timestamp,
}

impl Phase {
    /// The phase after an event.
    ///
    /// # Errors
    /// The event cannot happen now.
    pub fn on(self, event: Event) -> Result<Self, Box<OutOfPhase>> {
        let next = match (&self, &event) {
            (
                Self::Idle
                | Self::Available { .. }
                | Self::Ready { .. }
                | Self::Good { .. }
                | Self::RolledBack { .. },
                Event::Check { at },
            ) => Self::Checking { since: *at },
            (Self::Checking { .. }, Event::Nothing) => Self::Idle,
            (Self::Checking { .. }, Event::Found { version }) => Self::Available { version: version.clone() },
            (
                Self::Available { version } | Self::Downloading { version, .. },
                Event::Progress { done, total },
            ) => Self::Downloading { version: version.clone(), done: *done, total: *total },
            (
                Self::Idle
                | Self::Available { .. }
                | Self::Downloading { .. }
                | Self::Ready { .. }
                | Self::Good { .. }
                | Self::RolledBack { .. },
                Event::Fetched { version },
            ) => Self::Ready { version: version.clone() },
            (Self::Ready { version } | Self::Installing { version, .. }, Event::Step { step }) => {
                Self::Installing { version: version.clone(), step: *step }
            }
            (Self::Installing { version, .. }, Event::Armed { restart_at })
            | (Self::RestartPending { version, .. }, Event::Armed { restart_at }) => {
                Self::RestartPending { version: version.clone(), at: *restart_at }
            }
            (Self::Trial { version, .. }, Event::MarkedGood { at }) => {
                Self::Good { version: version.clone(), at: *at }
            }
            (
                Self::Checking { .. }
                | Self::Available { .. }
                | Self::Downloading { .. }
                | Self::Ready { .. }
                | Self::Installing { .. },
                Event::GivenUp,
            ) => Self::Idle,
            _ => return Err(Box::new(OutOfPhase { phase: self, event })),
        };
        Ok(next)
    }

    /// The phase after a start of the service, from the one that was stored before.
    #[must_use]
    pub fn after_start(self, facts: &StartFacts<'_>) -> Self {
        match self {
            Self::Checking { .. } => Self::Idle,
            Self::Downloading { version, .. } => Self::Available { version },
            // Whatever was stored last: when it runs, it was armed.
            Self::Installing { version, .. } | Self::RestartPending { version, .. }
                if version == *facts.running =>
            {
                Self::Trial { version, since: facts.at }
            }
            Self::Installing { version, .. } if !facts.update_was_tried => Self::Ready { version },
            Self::RestartPending { version, .. } if !facts.update_was_tried => Self::Ready { version },
            Self::Installing { version, .. }
            | Self::RestartPending { version, .. }
            | Self::Trial { version, .. }
                if version != *facts.running =>
            {
                let reason = facts.cause.unwrap_or("It did not start in any of its tries.").to_owned();
                Self::RolledBack { version, to: facts.running.clone(), reason }
            }
            other => other,
        }
    }

    /// The version that the update is about.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Idle | Self::Checking { .. } => None,
            Self::Available { version }
            | Self::Downloading { version, .. }
            | Self::Ready { version }
            | Self::Installing { version, .. }
            | Self::RestartPending { version, .. }
            | Self::Trial { version, .. }
            | Self::Good { version, .. }
            | Self::RolledBack { version, .. } => Some(version),
        }
    }
}

#[cfg(test)]
mod tests;
