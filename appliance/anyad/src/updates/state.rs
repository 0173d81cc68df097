//! What the parts of the updater share.

use appliance_core::update::{UpdateActivity, UpdateProblem, UpdateSettings};
use jiff::Timestamp;
use ota_client::slot_keeper::protocol::SlotsStatus;
use ota_client::source::Cancel;

use super::kept::Kept;
use super::media::MediaState;

/// For somebody who wants something else.
pub(super) fn told(activity: UpdateActivity) -> &'static str {
    match activity {
        UpdateActivity::Checking => "The box is looking for updates.",
        UpdateActivity::Measuring => "The box works out how much of an update there is to download.",
        UpdateActivity::Downloading => "An update is being downloaded.",
        UpdateActivity::Installing => "An update is being installed.",
        UpdateActivity::TakingFile => "An update is being read from a file.",
        UpdateActivity::GoingBack => "The box is going back to the version before.",
    }
}

/// The state.
pub(super) struct State {
    pub(super) settings: UpdateSettings,
    pub(super) kept: Kept,
    /// How the slots were when last asked; or why nobody could be asked.
    pub(super) slots: Result<SlotsStatus, String>,
    /// What is being done, and how to end it.
    pub(super) activity: Option<(UpdateActivity, Cancel)>,
    /// What went wrong last.
    pub(super) problem: Option<UpdateProblem>,
    /// The media that are plugged in.
    pub(super) media: MediaState,
    /// When the box looks next by itself.
    pub(super) next_check: Option<Timestamp>,
    /// The slots were looked at since the start, or it was tried.
    pub(super) started: bool,
    /// What has become of an update before the start is known. It is not as long as the slots cannot be looked at.
    pub(super) settled: bool,
    /// The service stops.
    pub(super) stopping: bool,
}
