//! The entries of a table (UEFI 2.10, 5.3.3).

use uuid::Uuid;

use super::error::GptError;

/// The length of an entry, bytes.
pub(super) const ENTRY: usize = 128;

/// Where the parts of an entry stand.
const UNIQUE: usize = 16;
const FIRST: usize = 32;
const LAST: usize = 40;
const LABEL: usize = 56;

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number on the disk, from 1 on.
    pub number: u32,
    /// What it is for.
    pub kind: Uuid,
    /// What it is known by.
    pub uuid: Uuid,
    /// What it is called.
    pub label: String,
    /// Where it starts, bytes.
    pub start: u64,
    /// How large it is, bytes.
    pub size: u64,
}

impl Partition {
    /// The partition of an entry that is used, on a disk with sectors of so many bytes.
    pub(super) fn of(number: u32, entry: &[u8], sector: usize) -> Self {
        let (first, last) = sectors(entry);
        let units = entry[LABEL..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let label = char::decode_utf16(units.take_while(|&unit| unit != 0));
        Self {
            number,
            kind: uuid(entry, 0),
            uuid: uuid(entry, UNIQUE),
            label: label.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
            start: first * sector as u64,
            size: (last - first + 1) * sector as u64,
        }
    }
}

/// Whether an entry is one of a partition.
pub(super) fn is_used(entry: &[u8]) -> bool {
    !uuid(entry, 0).is_nil()
}

/// The first and the last sector of a partition.
pub(super) fn sectors(entry: &[u8]) -> (u64, u64) {
    (number(entry, FIRST), number(entry, LAST))
}

/// Gives a partition another unique id.
pub(super) fn set_uuid(entry: &mut [u8], uuid: Uuid) {
    entry[UNIQUE..UNIQUE + 16].copy_from_slice(&uuid.to_bytes_le());
}

/// Gives a partition another label.
pub(super) fn set_label(entry: &mut [u8], label: &str) -> Result<(), GptError> {
    let units: Vec<u8> = label.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let room = &mut entry[LABEL..ENTRY];
    if units.len() > room.len() {
        return Err(GptError::LabelTooLong(label.to_owned()));
    }
    room.fill(0);
    room[..units.len()].copy_from_slice(&units);
    Ok(())
}

fn uuid(entry: &[u8], at: usize) -> Uuid {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&entry[at..at + 16]);
    Uuid::from_bytes_le(uuid)
}

fn number(entry: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&entry[at..at + 8]);
    u64::from_le_bytes(number)
}

#[cfg(any(test, feature = "fixture"))]
/// An entry of a partition from one sector to another.
pub(super) fn make(kind: Uuid, uuid: Uuid, label: &str, (first, last): (u64, u64)) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..16].copy_from_slice(&kind.to_bytes_le());
    entry[FIRST..FIRST + 8].copy_from_slice(&first.to_le_bytes());
    entry[LAST..LAST + 8].copy_from_slice(&last.to_le_bytes());
    set_uuid(&mut entry, uuid);
    set_label(&mut entry, label).expect("a test's label is short");
    entry
}
