//! What the steps of an installation do. Each of them is on the disk when its function returns.

use std::io::Seek;

use anyhow::{Context, Result, ensure};
use ota_client::gpt::Change;
use ota_client::{kernel_image, verity};
use ota_core::manifest::Manifest;
use ota_core::slots::{Restart, Slots, System};

use super::kernel_copy::KernelCopy;
use super::slot_files::SlotFiles;
use crate::disk::{Disk, Partition};
use crate::esp::Esp;
use crate::failure::Failure;
use crate::keeper::{Keeper, Machine};
use crate::run_files::Next;
use crate::secure_boot;
use crate::store::Store;
use crate::trial::Trial;

/// What the steps work with.
pub(super) struct Steps<'a> {
    pub(super) keeper: &'a Keeper<'a>,
    pub(super) machine: &'a Machine,
    pub(super) store: &'a Store,
    pub(super) esp: Esp<'a>,
    pub(super) manifest: &'a Manifest,
}

impl Steps<'_> {
    fn running(&self) -> &System {
        self.machine.slots.running()
    }

    fn target(&self) -> System {
        System { slot: self.running().slot.other(), version: self.manifest.version.clone() }
    }

    /// The boot loader knows the running version alone. A version that was on trial is none any more.
    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        let mut loader = self.esp.loader()?;
        loader.forget_all_but(self.running()).context("cannot take the other version's entry away")?;
        Ok(Trial::remove(&self.esp)?)
    }

    pub(super) fn label_empty(&mut self) -> Result<(), Failure> {
        let slot = self.machine.other();
        let empty = |partition: &Partition| Change {
            number: partition.number,
            uuid: None,
            label: Slots::EMPTY.to_owned(),
        };
        self.change(&[empty(&slot.root), empty(&slot.verity)])?;
        let found = Disk::find(self.keeper.places)?;
        let label = &found.slot(self.target().slot).facts.label;
        ensured(label == Slots::EMPTY, "the slot's label did not come to the disk")
    }

    /// Reads back what the service wrote, through the descriptors that wrote it, and checks that all parts are
    /// of one release and that the firmware would start it.
    pub(super) fn verify(&mut self, slot: &SlotFiles, kernel: &KernelCopy) -> Result<(), Failure> {
        verity::verify_slot(self.manifest, &slot.root, &slot.verity)?;
        kernel_image::check(&kernel.file, self.manifest)?;
        secure_boot::check(self.keeper.runner, self.keeper.places, kernel.path())
    }

    pub(super) fn set_identity(&mut self) -> Result<(), Failure> {
        let slot = self.machine.other();
        let (hash, label) = (&self.manifest.root_hash, Slots::label(&self.manifest.version));
        let is = |partition: &Partition, uuid| Change {
            number: partition.number,
            uuid: Some(uuid),
            label: label.clone(),
        };
        self.change(&[is(&slot.root, hash.root_uuid()), is(&slot.verity, hash.verity_uuid())])?;
        let found = Disk::find(self.keeper.places)?;
        let facts = &found.slot(self.target().slot).facts;
        let set = facts.root_uuid == hash.root_uuid() && facts.verity_uuid == hash.verity_uuid();
        ensured(set && facts.label == label, "the slot's identity did not come to the disk")
    }

    /// Gives the boot loader the kernel image. That the version will be on trial is noted before it can run.
    pub(super) fn stage(&mut self, kernel: &KernelCopy) -> Result<(), Failure> {
        self.store.keep_epoch(&self.manifest.version, self.manifest.epoch)?;
        let (version, from) = (self.manifest.version.clone(), self.running().version.clone());
        Trial { version, from, reason: None }.write(&self.esp)?;
        let mut file = &kernel.file;
        file.rewind().context("cannot read the kernel image")?;
        let staged = self.esp.loader()?.stage(&self.target(), &mut file, &self.manifest.uki.image);
        Ok(staged.context("cannot give the kernel image to the boot loader")?)
    }

    /// The entry appears. Returns whether the restart has to be one by `tryboot`.
    pub(super) fn arm(&mut self) -> Result<bool, Failure> {
        let restart = self.esp.loader()?.arm(&self.target()).context("cannot let the update be started")?;
        Next::from(restart).write(self.keeper.places)?;
        Ok(restart == Restart::Tryboot)
    }

    fn change(&self, changes: &[Change]) -> Result<()> {
        self.machine.disk.table.change(changes).context("cannot change the partition table")
    }
}

fn ensured(holds: bool, otherwise: &'static str) -> Result<(), Failure> {
    let ensure = || -> Result<()> {
        ensure!(holds, otherwise);
        Ok(())
    };
    Ok(ensure()?)
}
