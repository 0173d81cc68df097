//! What every request works with: the machine's places and programs, and what is known of its slots.

use std::fs::File;

use anyhow::{Context, Result};
use hal_api::EpochCounter;
use jiff::Timestamp;
use ota_client::room;
use ota_client::slot_keeper::protocol::code;
use ota_core::slots::{BootLoader, Slots, Start};
use ota_core::trust::{Known, Room};
use root_side::program::Runner;

use crate::commands;
use crate::disk::{Disk, Partition, SlotPartitions};
use crate::epoch::counted;
use crate::esp::Esp;
use crate::failure::Failure;
use crate::places::Places;
use crate::run_files::{Gated, Next, Started};
use crate::running_image::{self, RunningImage};
use crate::store::Store;

/// What the program works with.
pub(crate) struct Keeper<'a> {
    pub(crate) runner: &'a dyn Runner,
    pub(crate) places: &'a Places,
    /// The counter in the TPM, where there is one.
    pub(crate) counter: Option<&'a dyn EpochCounter>,
    /// What the system's clock says.
    pub(crate) now: Timestamp,
}

/// What is known of the machine.
pub(crate) struct Machine {
    pub(crate) image: RunningImage,
    pub(crate) disk: Disk,
    pub(crate) slots: Slots,
}

impl Keeper<'_> {
    /// Looks at the machine.
    ///
    /// # Errors
    /// Refused on a system that was not started from a slot.
    pub(crate) fn look(&self) -> Result<Machine, Failure> {
        let not_now = |text: String| Failure::refused(code::NOT_NOW, text);
        let booted = running_image::booted(self.places)
            .ok_or_else(|| not_now("This system was not started from a slot.".into()))?;
        let image = RunningImage::read(self.places)?;
        let disk = Disk::find(self.places)
            .map_err(|error| not_now(format!("This system has no slots that can be used: {error:#}.")))?;
        let slots = Slots::identify(&booted, &image.version, &disk.facts())?;
        if disk.is_in_use(slots.running().slot.other()) {
            return Err(not_now("What runs is made of the slot that should be free.".into()));
        }
        Ok(Machine { image, disk, slots })
    }

    /// Mounts the boot partitions.
    ///
    /// # Errors
    /// When one cannot be mounted.
    pub(crate) fn esp(&self, machine: &Machine) -> Result<Esp<'_>> {
        Esp::mount(self.runner, self.places, &machine.disk, machine.slots.running().slot)
    }

    /// Starts the machine again, so that what was armed is started.
    ///
    /// # Errors
    /// The service manager.
    pub(crate) fn restart(&self) -> Result<()> {
        self.runner.must(&commands::restart(Next::read(self.places).restart())).map(drop)
    }

    /// What the box remembers.
    ///
    /// # Errors
    /// Refused while the data partition is closed.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let closed = || Failure::refused(code::NOT_NOW, DATA_CLOSED);
        Store::open(self.places)?.ok_or_else(closed)
    }

    /// What the box remembers of releases, with what the counter says.
    ///
    /// # Errors
    /// The store.
    pub(crate) fn known(&self, store: &Store) -> Result<Known> {
        Ok(store.known()?.with_counter(counted(self.counter).unwrap_or(0)))
    }

    /// Whether the clock was set from the network since the start.
    pub(crate) fn synchronised(&self) -> bool {
        self.places.synchronised().exists()
    }

    /// Whether the running version is on trial, and leaves for another one that starts if it does not work.
    pub(crate) fn may_give_way(&self, machine: &Machine, other: Start) -> bool {
        let on_trial = Started::read(self.places).trial.as_ref() == Some(&machine.image.version);
        on_trial && !Gated::read(self.places).good && other.tries_left() > 0
    }
}

/// Why nothing can be remembered.
pub(crate) const DATA_CLOSED: &str = "The data partition is closed.";
/// Why the other slot must stay as it is.
pub(crate) const ON_TRIAL: &str = "The running version is on trial until it has been healthy for a while.";

impl Machine {
    /// The partitions of the slot that does not run.
    pub(crate) fn other(&self) -> &SlotPartitions {
        self.disk.slot(self.slots.running().slot.other())
    }

    /// What the boot loader would do with the other slot.
    ///
    /// # Errors
    /// The boot partition.
    pub(crate) fn other_start(&self, loader: &dyn BootLoader) -> Result<Start> {
        self.slots.other().map_or(Ok(Start::Never), |other| Ok(loader.start_of(&other)?))
    }

    /// The room for each part of a release.
    ///
    /// # Errors
    /// A partition.
    pub(crate) fn room(&self, esp: &Esp<'_>) -> Result<Room> {
        let other = self.other();
        let size = |partition: &Partition| -> Result<u64> {
            let told = || format!("cannot measure {}", partition.device.display());
            let file = File::open(&partition.device).with_context(told)?;
            room::of(&file).with_context(told)
        };
        let uki = esp.room(self.slots.running())?;
        Ok(Room { root: size(&other.root)?, verity: size(&other.verity)?, uki })
    }
}
