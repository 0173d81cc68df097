//! The ports through which the rest of the box asks for updates.

use std::io::Read;

use ota_core::version::Version;

use super::{InvalidSettings, UpdateProblem, UpdateSettings, UpdateStatus};
use crate::audit::Actor;
use crate::storage::StorageError;

/// What to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallOrder {
    /// The version that the owner saw. Another one is not installed in its place.
    pub version: Version,
    /// Also when the box does not install it by itself, as it failed before.
    pub insist: bool,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// This is no image with slots.
    #[error("this machine takes no updates")]
    Unsupported,
    /// Something else is under way; what, in words for the owner.
    #[error("{0}")]
    Busy(String),
    /// There is nothing to do it with: no offer, another version, nothing to cancel.
    #[error("{0}")]
    NotNow(String),
    /// It was refused; nothing was written.
    #[error("{}", .0.text)]
    Refused(UpdateProblem),
    /// The settings cannot be.
    #[error(transparent)]
    Invalid(#[from] InvalidSettings),
    /// It could not be noted, so it was not done.
    #[error("it could not be noted")]
    NotKept(#[from] StorageError),
    /// The program that looks after the slots, or a file, failed.
    #[error("{operation}")]
    Failed {
        /// The step and its subject.
        operation: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Updates. Everything that takes longer than a moment goes on in the background and is told by
/// [`UpdateStatus`] and by events; every order is noted in the audit log before it is carried out.
pub trait Updates: Send + Sync {
    /// How they are; answers at once.
    fn status(&self) -> UpdateStatus;

    /// Looks for a release, in the background.
    ///
    /// # Errors
    /// See [`UpdateError`]; so for all methods.
    fn check(&self, actor: &Actor) -> Result<(), UpdateError>;

    /// Fetches what is missing of the release that is offered, in the background. What was fetched before is
    /// not fetched again.
    fn download(&self, actor: &Actor) -> Result<(), UpdateError>;

    /// Installs what is offered, in the background; fetches it first when that was not done. Restarts when the
    /// settings say.
    fn install(&self, actor: &Actor, order: &InstallOrder) -> Result<(), UpdateError>;

    /// Ends what is under way. What was fetched stays.
    fn cancel(&self, actor: &Actor) -> Result<(), UpdateError>;

    /// Restarts: now, into what is installed.
    fn restart(&self, actor: &Actor) -> Result<(), UpdateError>;

    /// Goes back to the version in the other slot, and restarts.
    fn roll_back(&self, actor: &Actor) -> Result<(), UpdateError>;

    /// Takes a release in one file, and offers it; reads it to its end. Blocks.
    fn take_file(&self, actor: &Actor, file: &mut dyn Read) -> Result<(), UpdateError>;
}

/// What the owner decided about updates.
pub trait UpdatePreferences: Send + Sync {
    /// The settings.
    fn settings(&self) -> UpdateSettings;

    /// Keeps other settings, which count from now on.
    ///
    /// # Errors
    /// `Invalid` names the field; `NotKept` when they cannot be kept.
    fn change_settings(&self, actor: &Actor, settings: UpdateSettings) -> Result<(), UpdateError>;
}
