//! Reading a FAT32 file system as firmware does, for states in which it is not whole: of a file that nobody opens, no
//! more than its entry is read. mtools would stop there.
//!
//! Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, ensure};

/// The length of an entry in a folder, bytes.
const ENTRY: usize = 32;
/// Attributes of an entry.
const FOLDER: u8 = 0x10;
const LABEL: u8 = 0x08;
const LONG_NAME: u8 = 0x0f;
/// From here on a cluster's number in the table means that it is the last one.
const LAST: u32 = 0x0fff_fff8;

/// A file system on a part of a disk.
pub(crate) struct Fat<'a> {
    disk: &'a File,
    /// Where its table and its clusters begin on the disk, bytes.
    table: u64,
    clusters: u64,
    cluster: usize,
    root: u32,
}

/// A file or folder.
pub(crate) struct Entry {
    pub(crate) name: String,
    first: u32,
    size: usize,
    is_folder: bool,
}

impl Entry {
    #[cfg(test)]
    pub(crate) fn with_name(name: &str, size: usize) -> Self {
        Self { name: name.to_owned(), first: 0, size, is_folder: false }
    }

    /// Whether it has no content.
    pub(crate) fn is_empty(&self) -> bool {
        self.size == 0
    }
}

impl<'a> Fat<'a> {
    /// The one that begins there.
    pub(crate) fn open(disk: &'a File, start: u64) -> Result<Self> {
        let mut sector = [0; 512];
        disk.read_exact_at(&mut sector, start)?;
        let (short, long) = (|at| u64::from(number16(&sector, at)), |at| number32(&sector, at));
        let (bytes, fats) = (short(11), u64::from(sector[16]));
        ensure!(bytes == 512 && sector[13] > 0 && long(36) > 0, "no FAT32 file system");
        let table = start + short(14) * bytes;
        Ok(Self {
            disk,
            table,
            clusters: table + fats * u64::from(long(36)) * bytes,
            cluster: usize::from(sector[13]) * 512,
            root: long(44),
        })
    }

    /// What is in a folder, and how long it is itself, bytes.
    pub(crate) fn folder(&self, path: &[&str]) -> Result<(Vec<Entry>, usize)> {
        let mut content = self.chain(self.root, usize::MAX)?;
        for name in path {
            let entries = entries(&content);
            let is_meant = |entry: &Entry| entry.is_folder && entry.name.eq_ignore_ascii_case(name);
            let folder =
                entries.iter().find(|entry| is_meant(entry)).with_context(|| format!("no {name}"))?;
            content = self.chain(folder.first, usize::MAX)?;
        }
        Ok((entries(&content), content.len()))
    }

    /// The content of a file.
    pub(crate) fn read(&self, file: &Entry) -> Result<Vec<u8>> {
        let mut content = self.chain(file.first, file.size)?;
        ensure!(content.len() >= file.size, "{} ends too early", file.name);
        content.truncate(file.size);
        Ok(content)
    }

    /// What the clusters from one on hold, up to so many bytes at least, or to the end of the chain.
    fn chain(&self, first: u32, most: usize) -> Result<Vec<u8>> {
        let (mut content, mut at) = (Vec::new(), first);
        while at < LAST && content.len() < most {
            ensure!(at >= 2, "a chain of clusters leads nowhere");
            let from = content.len();
            content.resize(from + self.cluster, 0);
            let place = self.clusters + u64::from(at - 2) * self.cluster as u64;
            self.disk.read_exact_at(&mut content[from..], place)?;
            let mut next = [0; 4];
            self.disk.read_exact_at(&mut next, self.table + 4 * u64::from(at))?;
            at = u32::from_le_bytes(next) & 0x0fff_ffff;
        }
        Ok(content)
    }
}

/// The entries of a folder's content, long names put together.
fn entries(content: &[u8]) -> Vec<Entry> {
    let (mut found, mut long) = (Vec::new(), Vec::<Piece>::new());
    for entry in content.chunks_exact(ENTRY).take_while(|entry| entry[0] != 0) {
        match (entry[0], entry[11]) {
            (0xe5, _) => long.clear(),
            (_, LONG_NAME) => long.push(piece(entry)),
            (_, attributes) => {
                let pieces = std::mem::take(&mut long);
                if attributes & LABEL == 0 {
                    found.push(Entry {
                        name: long_name(entry, &pieces).unwrap_or_else(|| short_name(entry)),
                        first: u32::from(number16(entry, 20)) << 16 | u32::from(number16(entry, 26)),
                        size: usize::try_from(number32(entry, 28)).unwrap_or(usize::MAX),
                        is_folder: attributes & FOLDER != 0,
                    });
                }
            }
        }
    }
    found
}

/// A piece of a long name.
struct Piece {
    /// Which one it is, counted from the name's beginning; the last one is marked.
    number: u8,
    /// Of the short name that it belongs to.
    sum: u8,
    units: [u16; 13],
}

/// Marks the last piece of a long name.
const LAST_PIECE: u8 = 0x40;

fn piece(entry: &[u8]) -> Piece {
    let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain((28..32).step_by(2));
    let mut piece = Piece { number: entry[0], sum: entry[13], units: [0; 13] };
    places.zip(&mut piece.units).for_each(|(at, unit)| *unit = number16(entry, at));
    piece
}

/// The long name, when its pieces are there and of this entry: they stand before it, the last one first.
fn long_name(entry: &[u8], pieces: &[Piece]) -> Option<String> {
    let sum = entry[..11].iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
    let numbers = (1..=u8::try_from(pieces.len()).ok()?).rev();
    let whole = numbers.zip(pieces).enumerate().all(|(at, (number, piece))| {
        let mark = if at == 0 { LAST_PIECE } else { 0 };
        piece.number == number | mark && piece.sum == sum
    });
    if pieces.is_empty() || !whole {
        return None;
    }
    let units = pieces.iter().rev().flat_map(|piece| piece.units).take_while(|unit| *unit != 0);
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

fn short_name(entry: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (name, extension) = (text(&entry[..8]), text(&entry[8..11]));
    if extension.is_empty() { name } else { format!("{name}.{extension}") }
}

fn number16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn number32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of `anya_1.0.0+3.efi`, as Linux writes them.
    fn records() -> Vec<[u8; ENTRY]> {
        let short = *b"ANYA_1~1EFI";
        let sum = short.iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        let mut units: Vec<u16> = "anya_1.0.0+3.efi\0".encode_utf16().collect();
        units.resize(26, 0xffff);
        let piece = |number: u8, units: &[u16]| {
            let mut record = [0; ENTRY];
            (record[0], record[11], record[13]) = (number, LONG_NAME, sum);
            let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain((28..32).step_by(2));
            places.zip(units).for_each(|(at, unit)| record[at..at + 2].copy_from_slice(&unit.to_le_bytes()));
            record
        };
        let mut itself = [0; ENTRY];
        itself[..11].copy_from_slice(&short);
        (itself[26], itself[28]) = (5, 9);
        vec![piece(2 | LAST_PIECE, &units[13..]), piece(1, &units[..13]), itself]
    }

    fn names(records: &[[u8; ENTRY]]) -> Vec<String> {
        entries(&records.concat()).into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn an_entry_without_all_of_its_long_name_goes_by_the_short_one() {
        let whole = records();
        assert_eq!(names(&whole), ["anya_1.0.0+3.efi"]);
        for torn in 0..2 {
            let mut records = whole.clone();
            records[torn][0] = 0xe5;
            assert_eq!(names(&records), ["ANYA_1~1.EFI"], "without piece {torn}");
        }
        let mut removed = whole;
        removed[2][0] = 0xe5;
        assert!(names(&removed).is_empty());
    }
}
