//! The partition table as firmware reads it: by the copy at the disk's beginning, or else by the one at its end. And
//! what a power cut can leave of its sectors.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};
use ota_boot::gpt::BlockDevice;

use crate::chance::Chance;
use crate::tamper::Partition;
use crate::write_log::{Entry, SECTOR};

/// How much of the disk's beginning and of its end is the table's, bytes: header, 128 entries, protective MBR.
const COPY: u64 = 34 * SECTOR;

/// Where the two copies are on a disk: where they start, and how large they are, in bytes.
pub(crate) fn places(disk: &File) -> Result<[(u64, u64); 2]> {
    let end =
        disk.metadata()?.len().checked_sub(COPY).context("the disk is too small for a partition table")?;
    Ok([(0, COPY), (end, COPY)])
}

/// The partitions that firmware finds, in the order of the table.
pub(crate) fn partitions(disk: &File) -> Result<Vec<Partition>> {
    let disk = BlockDevice::new(disk.try_clone()?, SECTOR as usize)?;
    let found = ota_boot::gpt::partitions(&disk)?.into_iter();
    Ok(found
        .map(|part| Partition { id: part.uuid.simple().to_string(), start: part.start, size: part.size })
        .collect())
}

/// The sectors of both copies.
pub(crate) struct TableSectors {
    disk: File,
    /// As they were at the last flush, by their places on the disk.
    flushed: BTreeMap<u64, Vec<u8>>,
}

impl TableSectors {
    /// Of this disk, all of which is flushed.
    pub(crate) fn of(disk: &File) -> Result<Self> {
        let mut flushed = BTreeMap::new();
        for (start, size) in places(disk)? {
            for at in (start..start + size).step_by(SECTOR as usize) {
                let mut sector = vec![0; SECTOR as usize];
                disk.read_exact_at(&mut sector, at)?;
                flushed.insert(at, sector);
            }
        }
        Ok(Self { disk: disk.try_clone()?, flushed })
    }

    /// Gives each sector the content that it had at the last flush, or one of those that were `written` to it since
    /// then. `false` when there is no choice.
    pub(crate) fn tear(&self, written: &[Entry], chance: &mut Chance) -> Result<bool> {
        let given = self.given(written);
        for (at, contents) in &given {
            let chosen = usize::try_from(chance.number() % (contents.len() as u64 + 1))?;
            let content = contents.get(chosen).unwrap_or(&self.flushed[at]);
            self.disk.write_all_at(content, *at)?;
        }
        Ok(!given.is_empty())
    }

    /// Gives each sector what was `written` to it last, and takes that for flushed.
    pub(crate) fn mend(&mut self, written: &[Entry]) -> Result<()> {
        for (at, mut contents) in self.given(written) {
            if let Some(last) = contents.pop() {
                self.disk.write_all_at(&last, at)?;
                self.flushed.insert(at, last);
            }
        }
        Ok(())
    }

    /// What was written to each sector, one after the other; those alone that changed.
    fn given(&self, written: &[Entry]) -> BTreeMap<u64, Vec<Vec<u8>>> {
        let mut given = BTreeMap::<u64, Vec<Vec<u8>>>::new();
        for (&at, flushed) in &self.flushed {
            for entry in written.iter().filter(|entry| entry.touches(at, SECTOR)) {
                let content = content(entry, at);
                let before = given.get(&at).and_then(|contents| contents.last()).unwrap_or(flushed);
                if content != *before {
                    given.entry(at).or_default().push(content);
                }
            }
        }
        given
    }
}

/// What an entry of the log has for a sector.
fn content(entry: &Entry, at: u64) -> Vec<u8> {
    let all = entry.data.as_deref().unwrap_or_default();
    let from = usize::try_from(at - entry.at).unwrap_or(usize::MAX);
    let mut content = all.get(from..).unwrap_or_default().to_vec();
    content.resize(SECTOR as usize, 0);
    content
}

#[cfg(test)]
mod tests {
    use ota_boot::gpt::{Change, change, fixture};
    use uuid::Uuid;

    use super::*;

    /// A disk, and what is written to its copies when a label changes.
    fn disk_and_changes() -> (File, [Entry; 2]) {
        let disk = tempfile::tempfile().unwrap();
        disk.set_len(100 * SECTOR).unwrap();
        let mut device = BlockDevice::new(disk.try_clone().unwrap(), SECTOR as usize).unwrap();
        fixture::make(&mut device, &[(Uuid::from_u128(1), Uuid::from_u128(2), "_empty")]);
        let mut before = vec![0; 100 * SECTOR as usize];
        disk.read_exact_at(&mut before, 0).unwrap();
        change(&mut device, &[Change { number: 1, uuid: None, label: "anya_1.0.0".to_owned() }]).unwrap();
        let entries = places(&disk).unwrap().map(|(at, length)| {
            let mut data = vec![0; length as usize];
            disk.read_exact_at(&mut data, at).unwrap();
            Entry { at, length, data: Some(data), flushed: false }
        });
        disk.write_all_at(&before, 0).unwrap();
        (disk, entries)
    }

    /// In how many of many states there is a table.
    fn whole(table: &TableSectors, written: &[Entry]) -> usize {
        let mut chance = Chance::new(7);
        let whole = (0..100).filter(|_| {
            assert!(table.tear(written, &mut chance).unwrap());
            partitions(&table.disk).is_ok()
        });
        whole.count()
    }

    #[test]
    fn a_table_is_lost_when_both_copies_are_torn_and_kept_when_one_is() {
        let (disk, entries) = disk_and_changes();
        let [primary, backup] = entries.clone().map(|entry| [entry]);
        assert!(whole(&TableSectors::of(&disk).unwrap(), &entries) < 100);
        let (disk, _) = disk_and_changes();
        let mut table = TableSectors::of(&disk).unwrap();
        assert_eq!(whole(&table, &backup), 100);
        table.mend(&backup).unwrap();
        assert_eq!(whole(&table, &primary), 100);
        table.mend(&primary).unwrap();
        assert!(!table.tear(&entries, &mut Chance::new(7)).unwrap(), "nothing is left to be torn");
        assert_eq!(partitions(&disk).unwrap()[0].start, 34 * SECTOR);
    }
}
