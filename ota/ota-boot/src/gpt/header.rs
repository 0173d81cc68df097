//! The header of a table (UEFI 2.10, 5.3.2).

use super::entry::ENTRY;
use super::error::{Fault, Which};

const SIGNATURE: &[u8] = b"EFI PART";
const REVISION: u32 = 0x0001_0000;
/// The length of the header that is known, bytes. A longer one fits into a sector.
const KNOWN: usize = 92;
/// What firmware takes: 128 partitions. More would only be a way to let a program read for long.
const MOST_ENTRIES: u32 = 1024;

/// Where the numbers stand.
const LENGTH: usize = 12;
const CHECKSUM: usize = 16;
const OWN: usize = 24;
const OTHER: usize = 32;
const FIRST_USABLE: usize = 40;
const LAST_USABLE: usize = 48;
const ENTRIES: usize = 72;
const COUNT: usize = 80;
const ENTRY_LENGTH: usize = 84;
const ENTRIES_CHECKSUM: usize = 88;

/// Where the primary header lies.
pub(super) const PRIMARY: u64 = 1;

/// A header, in its sector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header(Vec<u8>);

impl Header {
    /// The header of a copy, on a disk of so many sectors, whose numbers fit together. Of its entries it is known
    /// where they lie, not whether they are whole.
    pub(super) fn parse(sector: Vec<u8>, which: Which, sectors: u64) -> Result<Self, Fault> {
        let header = Self(sector);
        if !header.0.starts_with(SIGNATURE) {
            return Err(Fault::Absent);
        }
        let lengths = KNOWN..=header.0.len();
        if header.u32(8) != REVISION || !lengths.contains(&header.length()) {
            return Err(Fault::Unknown);
        }
        if header.checksum() != header.u32(CHECKSUM) {
            return Err(Fault::Damaged);
        }
        if header.u32(ENTRY_LENGTH) as usize != ENTRY || !(1..=MOST_ENTRIES).contains(&header.u32(COUNT)) {
            return Err(Fault::Unknown);
        }
        if header.fits(which, sectors) { Ok(header) } else { Err(Fault::Misplaced) }
    }

    /// Whether everything lies on the disk and nothing over something else, and whether the other copy has room
    /// beside the partitions, too.
    fn fits(&self, which: Which, sectors: u64) -> bool {
        let (first, last) = (self.first_usable(), self.last_usable());
        let (own, other) = (self.own(), self.u64(OTHER));
        let (from, length) = (self.entries(), self.entry_sectors());
        let (Some(end), Some(behind)) = (from.checked_add(length), last.checked_add(length)) else {
            return false;
        };
        let placed = match which {
            Which::Primary => {
                own == PRIMARY && from > PRIMARY && end <= first && behind < other && other < sectors
            }
            Which::Backup => {
                own == sectors - 1
                    && from > last
                    && end <= own
                    && PRIMARY + length < first
                    && other == PRIMARY
            }
        };
        placed && first <= last
    }

    /// The same header for one of the two places. The checksums are those of before.
    pub(super) fn placed(&self, which: Which, entries: u64, sectors: u64) -> Self {
        let mut header = self.clone();
        let last = sectors - 1;
        let (own, other) = match which {
            Which::Primary => (PRIMARY, last),
            Which::Backup => (last, PRIMARY),
        };
        for (at, number) in [(OWN, own), (OTHER, other), (ENTRIES, entries)] {
            header.0[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        header
    }

    /// The checksums become those of the header with these entries.
    pub(super) fn seal(&mut self, entries: &[u8]) {
        let entries = crc32fast::hash(entries);
        self.0[ENTRIES_CHECKSUM..ENTRIES_CHECKSUM + 4].copy_from_slice(&entries.to_le_bytes());
        let checksum = self.checksum();
        self.0[CHECKSUM..CHECKSUM + 4].copy_from_slice(&checksum.to_le_bytes());
    }

    /// Whether these are its entries.
    pub(super) fn has(&self, entries: &[u8]) -> bool {
        crc32fast::hash(entries) == self.u32(ENTRIES_CHECKSUM)
    }

    /// The sector that it is in.
    pub(super) fn sector(&self) -> &[u8] {
        &self.0
    }

    /// Where it lies itself.
    pub(super) fn own(&self) -> u64 {
        self.u64(OWN)
    }

    /// Where its entries lie.
    pub(super) fn entries(&self) -> u64 {
        self.u64(ENTRIES)
    }

    /// How many bytes they have.
    pub(super) fn entries_length(&self) -> usize {
        self.u32(COUNT) as usize * ENTRY
    }

    /// How many sectors they fill.
    pub(super) fn entry_sectors(&self) -> u64 {
        self.entries_length().div_ceil(self.0.len()) as u64
    }

    /// The first sector that a partition may have.
    pub(super) fn first_usable(&self) -> u64 {
        self.u64(FIRST_USABLE)
    }

    /// The last one.
    pub(super) fn last_usable(&self) -> u64 {
        self.u64(LAST_USABLE)
    }

    fn length(&self) -> usize {
        self.u32(LENGTH) as usize
    }

    fn checksum(&self) -> u32 {
        let mut bytes = self.0[..self.length()].to_vec();
        bytes[CHECKSUM..CHECKSUM + 4].fill(0);
        crc32fast::hash(&bytes)
    }

    fn u32(&self, at: usize) -> u32 {
        let mut number = [0; 4];
        number.copy_from_slice(&self.0[at..at + 4]);
        u32::from_le_bytes(number)
    }

    fn u64(&self, at: usize) -> u64 {
        let mut number = [0; 8];
        number.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(number)
    }
}

#[cfg(any(test, feature = "fixture"))]
impl Header {
    /// A header of an empty table with room for so many entries.
    pub(super) fn empty(sector: usize, sectors: u64, count: u32) -> Self {
        let mut header = Self(vec![0; sector]);
        header.0[..8].copy_from_slice(SIGNATURE);
        for (at, number) in
            [(8, REVISION), (LENGTH, KNOWN as u32), (COUNT, count), (ENTRY_LENGTH, ENTRY as u32)]
        {
            header.0[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let entries = header.entry_sectors();
        for (at, number) in [(FIRST_USABLE, 2 + entries), (LAST_USABLE, sectors - 2 - entries)] {
            header.0[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        header
    }
}
