//! A copy of the table: a header and the entries that go with it.

use std::io;

use super::entry::{self, ENTRY, Partition};
use super::error::{Fault, GptError, Which};
use super::header::{Header, PRIMARY};
use super::medium::Medium;

/// A copy that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    header: Header,
    /// In whole sectors.
    entries: Vec<u8>,
}

/// The first copy that is whole, and which one that is.
///
/// # Errors
/// No copy is.
pub(super) fn find(medium: &impl Medium) -> Result<(Which, Table), GptError> {
    let primary = match Table::read(medium, Which::Primary) {
        Ok(table) => return Ok((Which::Primary, table)),
        Err(fault) => fault,
    };
    match Table::read(medium, Which::Backup) {
        Ok(table) => Ok((Which::Backup, table)),
        Err(backup) => Err(GptError::NoTable { primary, backup }),
    }
}

impl Table {
    /// Reads one copy.
    pub(super) fn read(medium: &impl Medium, which: Which) -> Result<Self, Fault> {
        let lba = match which {
            Which::Primary => PRIMARY,
            Which::Backup => medium.sectors().saturating_sub(1),
        };
        let mut sector = vec![0; medium.sector()];
        medium.read(lba, &mut sector).map_err(Fault::Unreadable)?;
        let header = Header::parse(sector, which, medium.sectors())?;
        let mut entries = vec![0; header.entries_length().next_multiple_of(medium.sector())];
        medium.read(header.entries(), &mut entries).map_err(Fault::Unreadable)?;
        let table = Self { header, entries };
        if !table.header.has(&table.entries[..table.header.entries_length()]) {
            return Err(Fault::Damaged);
        }
        if table.used().all(|(_, entry)| table.has_room_for(entry)) {
            Ok(table)
        } else {
            Err(Fault::Misplaced)
        }
    }

    fn has_room_for(&self, entry: &[u8]) -> bool {
        let (first, last) = entry::sectors(entry);
        self.header.first_usable() <= first && first <= last && last <= self.header.last_usable()
    }

    /// The entries that are used, with their numbers.
    fn used(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let entries = self.entries[..self.header.entries_length()].chunks_exact(ENTRY);
        (1..).zip(entries).filter(|(_, entry)| entry::is_used(entry))
    }

    /// Its partitions.
    pub(super) fn partitions(&self, sector: usize) -> Vec<Partition> {
        self.used().map(|(number, entry)| Partition::of(number, entry, sector)).collect()
    }

    /// The entry of a partition.
    pub(super) fn entry(&mut self, number: u32) -> Result<&mut [u8], GptError> {
        let length = self.header.entries_length();
        let place = (number as usize).checked_sub(1);
        let entry = place.and_then(|place| self.entries[..length].chunks_exact_mut(ENTRY).nth(place));
        entry.filter(|entry| entry::is_used(entry)).ok_or(GptError::NoPartition(number))
    }

    /// The same table for one of the two places. `from` is where it was read: the primary one keeps its entries
    /// where they are, everything else goes where UEFI wants it.
    pub(super) fn placed(&self, which: Which, from: Which, sectors: u64) -> Self {
        let entries = match (which, from) {
            (Which::Primary, Which::Primary) => self.header.entries(),
            (Which::Primary, Which::Backup) => PRIMARY + 1,
            (Which::Backup, _) => sectors - 1 - self.header.entry_sectors(),
        };
        let header = self.header.placed(which, entries, sectors);
        let mut table = Self { header, entries: self.entries.clone() };
        table.header.seal(&table.entries[..self.header.entries_length()]);
        table
    }

    /// Writes it to its place, down to the medium, and reads it back. What is there already is not written again.
    pub(super) fn put(&self, medium: &mut impl Medium, which: Which) -> Result<(), GptError> {
        let failed = |error| GptError::Write(which, error);
        // A sector that cannot be read may be one that can be written.
        if self.is_on(medium).unwrap_or(false) {
            return Ok(());
        }
        self.write(medium).and_then(|()| medium.flush()).map_err(failed)?;
        if self.is_on(medium).map_err(failed)? { Ok(()) } else { Err(GptError::NotKept(which)) }
    }

    fn write(&self, medium: &mut impl Medium) -> io::Result<()> {
        medium.write(self.header.entries(), &self.entries)?;
        medium.write(self.header.own(), self.header.sector())
    }

    /// Whether a medium has it in its place.
    fn is_on(&self, medium: &impl Medium) -> io::Result<bool> {
        let (mut header, mut entries) = (vec![0; medium.sector()], vec![0; self.entries.len()]);
        medium.read(self.header.own(), &mut header)?;
        medium.read(self.header.entries(), &mut entries)?;
        Ok(header == self.header.sector() && entries == self.entries)
    }
}

#[cfg(any(test, feature = "fixture"))]
impl Table {
    /// A table with these entries, for no place yet.
    pub(super) fn new(header: Header, mut entries: Vec<u8>) -> Self {
        entries.resize(header.entries_length().next_multiple_of(header.sector().len()), 0);
        Self { header, entries }
    }
}
