//! The port to the program that looks after the slots (`anya-slots`), as the service asks it.

use std::fs::File;

use ota_client::slot_keeper::protocol::{Believed, SlotsStatus};
use ota_client::slot_keeper::{ReadableSlots, SlotInstall, SlotKeeper, SlotKeeperError};
use ota_client::source::Evidence;
use ota_core::identifier::Identifier;
use ota_core::slots::Action;

/// Looks after the slots. Calls block.
pub(crate) trait Keeper: Send + Sync {
    /// How the slots are.
    fn status(&self) -> Result<SlotsStatus, SlotKeeperError>;

    /// What is in them, for reading.
    fn read(&self) -> Result<ReadableSlots, SlotKeeperError>;

    /// Has a release judged anew, and what is believed of it remembered.
    fn believe(&self, channel: &Identifier, evidence: &Evidence) -> Result<Believed, SlotKeeperError>;

    /// Empties the other slot for a release.
    fn install(
        &self,
        channel: &Identifier,
        evidence: &Evidence,
        insist: bool,
    ) -> Result<Box<dyn Installing>, SlotKeeperError>;

    /// Has the other slot started next.
    fn roll_back(&self) -> Result<(), SlotKeeperError>;

    /// Restarts the machine.
    fn restart(&self) -> Result<(), SlotKeeperError>;

    /// Has the time remembered.
    fn note_time(&self) -> Result<(), SlotKeeperError>;
}

/// An installation under way; given up when dropped.
pub(crate) trait Installing {
    /// The other slot's root, for writing.
    fn root(&self) -> &File;

    /// Its verity tree, likewise.
    fn verity(&self) -> &File;

    /// Has what was written checked, and started next. `step` is told of each step before it is taken.
    fn finish(
        self: Box<Self>,
        kernel_image: &File,
        step: &mut dyn FnMut(Action),
    ) -> Result<(), SlotKeeperError>;
}

impl Keeper for SlotKeeper {
    fn status(&self) -> Result<SlotsStatus, SlotKeeperError> {
        self.status()
    }

    fn read(&self) -> Result<ReadableSlots, SlotKeeperError> {
        self.read()
    }

    fn believe(&self, channel: &Identifier, evidence: &Evidence) -> Result<Believed, SlotKeeperError> {
        self.believe(channel, evidence)
    }

    fn install(
        &self,
        channel: &Identifier,
        evidence: &Evidence,
        insist: bool,
    ) -> Result<Box<dyn Installing>, SlotKeeperError> {
        Ok(Box::new(self.install(channel, evidence, insist)?))
    }

    fn roll_back(&self) -> Result<(), SlotKeeperError> {
        self.roll_back()
    }

    fn restart(&self) -> Result<(), SlotKeeperError> {
        self.restart()
    }

    fn note_time(&self) -> Result<(), SlotKeeperError> {
        self.note_time()
    }
}

impl Installing for SlotInstall {
    fn root(&self) -> &File {
        self.root()
    }

    fn verity(&self) -> &File {
        self.verity()
    }

    fn finish(
        self: Box<Self>,
        kernel_image: &File,
        step: &mut dyn FnMut(Action),
    ) -> Result<(), SlotKeeperError> {
        (*self).finish(kernel_image, step).map(drop)
    }
}
