//! The partition table as it stands on the disk (GPT; UEFI 2.10, chapter 5).
//!
//! It is read from the disk itself, not from what the kernel and udev know: they are not told of the changes
//! that this program makes while the disk is in use. A table whose checksums are wrong is not used.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, ensure};
use uuid::Uuid;

const SIGNATURE: &[u8] = b"EFI PART";
/// The length of the header that is known, bytes.
const HEADER: usize = 92;
/// What firmware takes: 128 partitions. More would only be a way to let this program read for long.
const MOST_ENTRIES: u32 = 1024;
/// The length of an entry that is known, bytes.
const ENTRY: u32 = 128;

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number on the disk, from 1 on.
    pub(crate) number: u32,
    /// What it is for.
    pub(crate) kind: Uuid,
    /// What it is known by.
    pub(crate) uuid: Uuid,
    pub(crate) label: String,
}

/// The partitions of a disk whose logical sectors have so many bytes, by their numbers.
///
/// # Errors
/// The disk cannot be read, or has no table that is whole.
pub(crate) fn read(disk: &File, sector: u64) -> Result<Vec<Entry>> {
    let mut header = [0; HEADER];
    disk.read_exact_at(&mut header, sector).context("cannot read the partition table")?;
    ensure!(&header[..8] == SIGNATURE, "the disk has no partition table");
    let length = u32_at(&header, 12);
    let checksum = u32_at(&header, 16);
    header[16..20].fill(0);
    ensure!(length as usize == HEADER && crc32(&header) == checksum, "the partition table is damaged");
    let (count, size) = (u32_at(&header, 80), u32_at(&header, 84));
    ensure!(count <= MOST_ENTRIES && size == ENTRY, "the partition table is of an unknown kind");
    let entries = entries(disk, u64_at(&header, 72).saturating_mul(sector), count)
        .context("cannot read the partition table")?;
    ensure!(crc32(&entries) == u32_at(&header, 88), "the partition table is damaged");
    let entries = (1..).zip(entries.chunks_exact(ENTRY as usize));
    Ok(entries.filter_map(|(number, bytes)| entry(number, bytes)).collect())
}

fn entries(disk: &File, at: u64, count: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; (count * ENTRY) as usize];
    disk.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// An entry; `None` when it is not used.
fn entry(number: u32, bytes: &[u8]) -> Option<Entry> {
    let kind = uuid_at(bytes, 0);
    if kind.is_nil() {
        return None;
    }
    let units = bytes[56..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let label = char::decode_utf16(units.take_while(|&unit| unit != 0));
    let label = label.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(Entry { number, kind, uuid: uuid_at(bytes, 16), label })
}

fn uuid_at(bytes: &[u8], at: usize) -> Uuid {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&bytes[at..at + 16]);
    Uuid::from_bytes_le(uuid)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// CRC-32 as in IEEE 802.3; tables are some kilobytes, so that a bit at a time is soon done.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
pub(crate) mod fixture {
    //! Writes tables, so that a test can change them as sfdisk does.

    use super::*;

    /// Writes a table with these partitions onto a disk with sectors of 512 bytes.
    pub(crate) fn write(disk: &File, partitions: &[Entry]) {
        let mut entries = vec![0; 128 * ENTRY as usize];
        for partition in partitions {
            let at = (partition.number as usize - 1) * ENTRY as usize;
            entries[at..at + 16].copy_from_slice(&partition.kind.to_bytes_le());
            entries[at + 16..at + 32].copy_from_slice(&partition.uuid.to_bytes_le());
            for (place, unit) in partition.label.encode_utf16().enumerate() {
                entries[at + 56 + 2 * place..][..2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(SIGNATURE);
        header[12..16].copy_from_slice(&(HEADER as u32).to_le_bytes());
        header[72] = 2;
        header[80] = 128;
        header[84..88].copy_from_slice(&ENTRY.to_le_bytes());
        header[88..].copy_from_slice(&crc32(&entries).to_le_bytes());
        let checksum = crc32(&header);
        header[16..20].copy_from_slice(&checksum.to_le_bytes());
        disk.write_all_at(&header, 512).unwrap();
        disk.write_all_at(&entries, 1024).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: u32, label: &str) -> Entry {
        let uuid = |high| Uuid::from_u64_pair(high, number.into());
        Entry { number, kind: uuid(1), uuid: uuid(2), label: label.to_owned() }
    }

    #[test]
    fn a_table_is_read_as_it_was_written_and_not_when_a_bit_is_wrong() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of CRC-32");
        let disk = tempfile::tempfile().unwrap();
        let partitions = [partition(1, "esp"), partition(2, "anya_1.2.3~rc.4"), partition(6, "_empty")];
        fixture::write(&disk, &partitions);
        assert_eq!(read(&disk, 512).unwrap(), partitions);
        assert!(read(&disk, 4096).is_err(), "other sectors");
        for spoilt in [512, 600, 1024, 1024 + 127] {
            let mut byte = [0];
            disk.read_exact_at(&mut byte, spoilt).unwrap();
            disk.write_all_at(&[byte[0] ^ 1], spoilt).unwrap();
            assert!(read(&disk, 512).is_err(), "{spoilt}");
            disk.write_all_at(&byte, spoilt).unwrap();
        }
        assert!(read(&tempfile::tempfile().unwrap(), 512).is_err());
    }

    #[test]
    fn a_guid_has_its_first_three_numbers_in_little_endian() {
        let disk = tempfile::tempfile().unwrap();
        let esp = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b".parse().unwrap();
        fixture::write(&disk, &[Entry { kind: esp, ..partition(1, "esp") }]);
        let mut bytes = [0; 4];
        disk.read_exact_at(&mut bytes, 1024).unwrap();
        assert_eq!(bytes, [0x28, 0x73, 0x2a, 0xc1]);
    }
}
