//! A machine without slots: a developer's.

use std::io::Read;

use appliance_core::audit::Actor;
use appliance_core::update::{
    Availability, InstallOrder, Media, UpdateError, UpdateMedia, UpdatePreferences, UpdateSettings,
    UpdateStatus, Updates,
};
use ota_core::life::Phase;

use crate::version;

/// Takes no updates.
pub(crate) struct Unsupported;

const REFUSED: Result<(), UpdateError> = Err(UpdateError::Unsupported);

impl Updates for Unsupported {
    fn status(&self) -> UpdateStatus {
        UpdateStatus {
            availability: Availability::Unsupported,
            running: version::running().clone(),
            board: None,
            good: false,
            activity: None,
            phase: Phase::Idle,
            problem: None,
            offer: None,
            last_check: None,
            next_check: None,
            previous: None,
            history: Vec::new(),
        }
    }

    fn check(&self, _: &Actor) -> Result<(), UpdateError> {
        REFUSED
    }

    fn download(&self, _: &Actor) -> Result<(), UpdateError> {
        REFUSED
    }

    fn install(&self, _: &Actor, _: &InstallOrder) -> Result<(), UpdateError> {
        REFUSED
    }

    fn cancel(&self, _: &Actor) -> Result<(), UpdateError> {
        REFUSED
    }

    fn restart(&self, _: &Actor) -> Result<(), UpdateError> {
        REFUSED
    }

    fn roll_back(&self, _: &Actor) -> Result<(), UpdateError> {
        REFUSED
    }

    fn take_file(&self, _: &Actor, _: &mut dyn Read) -> Result<(), UpdateError> {
        REFUSED
    }
}

impl UpdatePreferences for Unsupported {
    fn settings(&self) -> UpdateSettings {
        UpdateSettings::default()
    }

    fn change_settings(&self, _: &Actor, _: UpdateSettings) -> Result<(), UpdateError> {
        REFUSED
    }
}

impl UpdateMedia for Unsupported {
    /// What is plugged into a developer's machine is that machine's.
    fn media(&self) -> Media {
        Media::default()
    }

    fn take_from_medium(&self, _: &Actor, _: &str, _: &str) -> Result<(), UpdateError> {
        REFUSED
    }
}
