//! What is told about updates.

use jiff::Timestamp;
use ota_core::identifier::Identifier;
use ota_core::life::{Entry, Phase};
use ota_core::version::Version;
use serde::{Deserialize, Serialize};

/// Whether the box can be updated at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Availability {
    /// It can.
    Ready,
    /// It never can: this is no image with slots (a developer's machine).
    Unsupported,
    /// It cannot now.
    Blocked {
        /// Why, in words for the owner.
        reason: String,
    },
}

/// What the box does about updates. One thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateActivity {
    /// It looks for a release.
    Checking,
    /// It works out how much of the release that is offered is to be fetched. Any order ends that.
    Measuring,
    /// It fetches a release.
    Downloading,
    /// It fetches what is missing of a release, and installs it.
    Installing,
    /// It takes a release in one file.
    TakingFile,
    /// It goes back to the version before.
    GoingBack,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateProblem {
    /// The reason in one word, which stays the same; for programs.
    pub code: String,
    /// The reason in words for the owner.
    pub text: String,
}

/// How the last look for a release ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCheck {
    /// When.
    pub at: Timestamp,
    /// What went wrong, or that it was `stopped`; `None` when it was answered, with a release or without.
    pub problem: Option<UpdateProblem>,
}

/// Where a release comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateSource {
    /// The server.
    Server,
    /// A file that the owner brought.
    File,
}

/// A release that can be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Its version.
    pub version: Version,
    /// Where it comes from.
    pub source: UpdateSource,
    /// What is new, in the words of those who made it.
    pub notes: String,
    /// The names of those who signed it.
    pub signed_by: Vec<String>,
    /// When it was signed.
    pub signed: Timestamp,
    /// Until when it may be installed.
    pub expires: Timestamp,
    /// Its security epoch.
    pub epoch: u64,
    /// The size of what is written, bytes.
    pub size: u64,
    /// What has to be fetched of it, bytes; `None` before that was worked out.
    pub download: Option<u64>,
    /// Why the box does not install it by itself, in words for the owner; `None` when it may.
    pub set_aside: Option<String>,
}

/// The version in the other slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Previous {
    /// It.
    pub version: Version,
    /// Why there is no way back to it; `None` when there is.
    pub refused: Option<String>,
}

/// How updates are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateStatus {
    /// Whether the box can be updated.
    pub availability: Availability,
    /// The version that runs.
    pub running: Version,
    /// The board; `None` where there are no slots.
    pub board: Option<Identifier>,
    /// Whether the running version was marked good since the start.
    pub good: bool,
    /// What is under way. Once nothing is, phase and problem tell what came of it.
    pub activity: Option<UpdateActivity>,
    /// Where an update is.
    pub phase: Phase,
    /// What went wrong with what was tried last; `None` once something works.
    pub problem: Option<UpdateProblem>,
    /// What can be installed.
    pub offer: Option<Offer>,
    /// How the last look for a release ended.
    pub last_check: Option<LastCheck>,
    /// When the box looks by itself.
    pub next_check: Option<Timestamp>,
    /// What is in the other slot.
    pub previous: Option<Previous>,
    /// What became of updates, newest first.
    pub history: Vec<Entry>,
}
