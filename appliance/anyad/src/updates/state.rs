//! What the parts of the updater share.

use appliance_core::update::{UpdateProblem, UpdateSettings};
use jiff::Timestamp;
use ota_client::slot_keeper::protocol::SlotsStatus;
use ota_client::source::Cancel;

use super::kept::Kept;
use super::media::MediaState;

/// What is being done. One thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Checking,
    Downloading,
    Installing,
    TakingFile,
    GoingBack,
}

impl Activity {
    /// For somebody who wants something else.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Checking => "The box is looking for updates.",
            Self::Downloading => "An update is being downloaded.",
            Self::Installing => "An update is being installed.",
            Self::TakingFile => "An update is being read from a file.",
            Self::GoingBack => "The box is going back to the version before.",
        }
    }

    /// Whether it can be ended half-way.
    pub(super) fn can_be_cancelled(self) -> bool {
        !matches!(self, Self::GoingBack)
    }
}

/// The state.
pub(super) struct State {
    pub(super) settings: UpdateSettings,
    pub(super) kept: Kept,
    /// How the slots were when last asked; or why nobody could be asked.
    pub(super) slots: Result<SlotsStatus, String>,
    /// What is being done, and how to end it.
    pub(super) activity: Option<(Activity, Cancel)>,
    /// What went wrong last.
    pub(super) problem: Option<UpdateProblem>,
    /// The media that are plugged in.
    pub(super) media: MediaState,
    /// When the box looks next by itself.
    pub(super) next_check: Option<Timestamp>,
    /// What has become of an update before the start is known.
    pub(super) started: bool,
    /// The service stops.
    pub(super) stopping: bool,
}
