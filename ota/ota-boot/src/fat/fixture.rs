//! File systems that a test makes.

use super::{RECORD, SECTOR, padded};

/// Where the table lies, and the clusters behind it, in sectors.
const TABLE: usize = 32;
const CLUSTERS: usize = 64;

/// A FAT32 file system of clusters of one sector, with these files in its folder. It has far fewer clusters than the
/// specification wants, which nobody who reads it counts.
pub fn make(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut table = vec![END, END, END];
    let mut folder = Vec::new();
    let mut contents = Vec::new();
    for (name, content) in files {
        let first = table.len() as u32;
        let clusters = content.len().div_ceil(SECTOR);
        table.extend(
            (1..=clusters as u32).map(|next| if next < clusters as u32 { first + next } else { END }),
        );
        contents.extend_from_slice(content);
        contents.resize(contents.len().next_multiple_of(SECTOR), 0);
        folder.extend(record(name, if clusters == 0 { 0 } else { first }, content.len() as u32));
    }
    folder.resize(SECTOR, 0);
    let mut bytes = head();
    bytes.resize(TABLE * SECTOR, 0);
    bytes.extend(table.iter().flat_map(|entry| entry.to_le_bytes()));
    bytes.resize(CLUSTERS * SECTOR, 0);
    bytes.extend(folder);
    bytes.extend(contents);
    bytes
}

/// One with the folder `EFI/LINUX`. It has a record for each of these first bytes: a letter is that of a name in use,
/// 0xe5 of a removed one, and 0 of none.
pub fn with_entries(firsts: &[u8]) -> Vec<u8> {
    let mut entries = Vec::new();
    for first in firsts {
        entries.extend([[b'x'; RECORD], [0; RECORD]][usize::from(*first == 0)]);
        let at = entries.len() - RECORD;
        entries[at] = *first;
    }
    entries.resize(entries.len().next_multiple_of(SECTOR), 0);
    // The first folder's cluster is the second one, and that of this folder the third.
    let mut folder = record("LINUX", 4, 0);
    folder[11] = FOLDER;
    let mut bytes = make(&[("EFI", &folder), ("LINUX", &entries)]);
    bytes[CLUSTERS * SECTOR + 11] = FOLDER;
    bytes
}

/// The attribute of a folder.
const FOLDER: u8 = 0x10;
const END: u32 = 0x0fff_ffff;

fn head() -> Vec<u8> {
    let mut head = vec![0; SECTOR];
    head[11..13].copy_from_slice(&(SECTOR as u16).to_le_bytes());
    head[13] = 1;
    head[14..16].copy_from_slice(&(TABLE as u16).to_le_bytes());
    head[16] = 1;
    head[36..40].copy_from_slice(&((CLUSTERS - TABLE) as u32).to_le_bytes());
    head[44..48].copy_from_slice(&2_u32.to_le_bytes());
    head[82..90].copy_from_slice(b"FAT32   ");
    head[510..].copy_from_slice(&[0x55, 0xaa]);
    head
}

fn record(name: &str, first: u32, length: u32) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..11].copy_from_slice(&padded(name));
    record[20..22].copy_from_slice(&((first >> 16) as u16).to_le_bytes());
    record[26..28].copy_from_slice(&(first as u16).to_le_bytes());
    record[28..].copy_from_slice(&length.to_le_bytes());
    record
}
