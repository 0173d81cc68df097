//! The box's disk: the one that the running root lies on, by `/sys`, and its slots, by its partition table.
//!
//! Nothing that is plugged in can take the disk's place: what is under the root's device-mapper device tells
//! which it is, and there is no second guess.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use ota_client::gpt;
use ota_core::slots::{Slot, SlotFacts, tryboot};
use root_side::block;
use uuid::{Uuid, uuid};

use crate::places::Places;
use crate::table::Table;

/// The partition that the firmware reads (UEFI 2.10, 5.3.3).
pub(crate) const ESP: Uuid = uuid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
/// Roots and their verity trees, for x86-64 and for arm64 (UAPI.2, Discoverable Partitions Specification).
pub(crate) const ROOTS: [Uuid; 2] =
    [uuid!("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"), uuid!("b921b045-1df0-41c3-af44-4c6f280d3fae")];
pub(crate) const VERITY: [Uuid; 2] =
    [uuid!("2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"), uuid!("df3300ce-d69f-4c92-978c-9bfb0f38d820")];

/// The slots' own boot partitions, on a board that starts by `tryboot`: what they are (Microsoft's basic data, as
/// firmware expects of FAT), and how they are labelled.
pub(crate) const BASIC_DATA: Uuid = uuid!("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
pub(crate) const SLOTS_BOOT: [&str; 2] = ["boot-a", "boot-b"];

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) device: PathBuf,
    /// Its number on the disk.
    pub(crate) number: u32,
}

/// The partitions of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotPartitions {
    pub(crate) root: Partition,
    pub(crate) verity: Partition,
    pub(crate) facts: SlotFacts,
}

/// The box's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) table: Table,
    /// The boot partition that the firmware reads first.
    pub(crate) esp: PathBuf,
    /// The boot partitions of the slots `[A, B]`, on a board that starts by `tryboot`.
    pub(crate) slots_boot: Option<[PathBuf; 2]>,
    slots: [SlotPartitions; 2],
    /// What the running root is made of.
    in_use: BTreeSet<PathBuf>,
}

impl Disk {
    /// The box's disk.
    ///
    /// # Errors
    /// The running root does not lie on a disk with a boot partition and two slots.
    pub(crate) fn find(places: &Places) -> Result<Self> {
        let root = places.root();
        let disk = block::disks(root)
            .find(|disk| block::carries_root(root, disk))
            .context("the disk that the running system lies on was not found")?;
        let device = block::device(root, &disk).context("the disk has no device")?;
        let table = Table::of(&disk, device);
        let entries = table.partitions()?;
        let devices: BTreeMap<u32, PathBuf> = block::partitions(&disk)
            .filter_map(|at| Some((block::number(&at)?, block::device(root, &at)?)))
            .collect();
        let of = |kinds: &[Uuid]| -> Vec<(Partition, &gpt::Partition)> {
            let entries = entries.iter().filter(|entry| kinds.contains(&entry.kind));
            let partition = |number| Some(Partition { device: devices.get(&number)?.clone(), number });
            entries.filter_map(|entry| Some((partition(entry.number)?, entry))).collect()
        };
        let (roots, trees) = (of(&ROOTS), of(&VERITY));
        ensure!(roots.len() == 2 && trees.len() == 2, "the disk does not have two slots");
        let esp = of(&[ESP]).into_iter().next().context("the disk has no boot partition")?.0;
        let slots_boot = slots_boot(&esp, &of(&[BASIC_DATA]))?;
        let slots = [0, 1].map(|at| SlotPartitions {
            root: roots[at].0.clone(),
            verity: trees[at].0.clone(),
            facts: SlotFacts {
                root_uuid: roots[at].1.uuid,
                verity_uuid: trees[at].1.uuid,
                label: roots[at].1.label.clone(),
            },
        });
        let behind_root = block::behind_root(root);
        let in_use = behind_root.iter().filter_map(|name| block::device(root, &disk.join(name))).collect();
        Ok(Self { table, esp: esp.device, slots_boot, slots, in_use })
    }

    /// What the partition table says of the slots `[A, B]`.
    pub(crate) fn facts(&self) -> [SlotFacts; 2] {
        self.slots.each_ref().map(|slot| slot.facts.clone())
    }

    /// The partitions of a slot.
    pub(crate) fn slot(&self, slot: Slot) -> &SlotPartitions {
        &self.slots[slot as usize]
    }

    /// Whether the running root is made of a slot's partitions; then nothing may write it, whatever else
    /// says which slot runs.
    pub(crate) fn is_in_use(&self, slot: Slot) -> bool {
        let SlotPartitions { root, verity, .. } = self.slot(slot);
        [root, verity].iter().any(|partition| self.in_use.contains(&partition.device))
    }
}

/// The slots' own boot partitions. The firmware knows partitions by their numbers alone: where the labels say
/// otherwise, it would start something else than this program believes.
fn slots_boot(esp: &Partition, found: &[(Partition, &gpt::Partition)]) -> Result<Option<[PathBuf; 2]>> {
    let of = |slot: Slot| found.iter().find(|(_, entry)| entry.label == SLOTS_BOOT[slot as usize]);
    let [a, b] = match [of(Slot::A), of(Slot::B)] {
        [None, None] => return Ok(None),
        [Some((a, _)), Some((b, _))] => [a, b],
        _ => bail!("only one of the slots has a boot partition"),
    };
    let numbers = [esp.number, a.number, b.number];
    let known = [tryboot::FIRST, tryboot::partition(Slot::A), tryboot::partition(Slot::B)];
    ensure!(numbers == known, "the boot partitions are not where the firmware looks for them");
    Ok(Some([a.device.clone(), b.device.clone()]))
}
