//! Files in the first folder of a FAT32 file system in a file, as firmware reads them.
//!
//! A Raspberry Pi's kernel image is such a file system (`boot.img`), and what it says of itself are small files in it.
//! Mounting it would give whoever made it the kernel's parser to play with, and needs root; here is as much as it takes
//! to read a file (Microsoft, "FAT32 File System Specification"), with a bound on everything. Of the boot loader's
//! folder it frees the end ([`Fat::free_end`]), for which Linux has no call.
//!
//! Limits: names of eight and three letters; files in the first folder alone; FAT32 alone, as the firmware wants it.

mod end;
mod error;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub use error::FatError;

/// The length of the first sector, and of a folder's record, bytes.
const SECTOR: usize = 512;
const RECORD: usize = 32;
/// The most clusters that are read of the folder.
const FOLDER_CLUSTERS: usize = 64;
/// The largest cluster there is, bytes.
const LARGEST_CLUSTER: u64 = 64 << 10;
/// A cluster from here on ends a chain.
const END: u32 = 0x0fff_fff8;

/// A file system.
#[derive(Debug)]
pub struct Fat<'a> {
    file: &'a File,
    /// The length of a cluster, bytes.
    cluster: usize,
    /// Where the table and the clusters begin, bytes.
    table: u64,
    clusters: u64,
    folder: u32,
}

impl<'a> Fat<'a> {
    /// Opens it.
    ///
    /// # Errors
    /// It cannot be read, or is no FAT32.
    pub fn open(file: &'a File) -> Result<Self, FatError> {
        Self::open_at(file, 0)
    }

    /// Opens the one that begins there, bytes from the file's start.
    ///
    /// # Errors
    /// It cannot be read, or is no FAT32.
    pub fn open_at(file: &'a File, start: u64) -> Result<Self, FatError> {
        let mut head = [0; SECTOR];
        read(file, &mut head, start).map_err(|error| match error {
            FatError::Damaged => FatError::NotFat,
            error => error,
        })?;
        let sector = u64::from(u16_at(&head, 11));
        let cluster = sector * u64::from(head[13]);
        let (reserved, tables) = (u64::from(u16_at(&head, 14)), u64::from(head[16]));
        let is_fat32 = &head[82..90] == b"FAT32   " && head[510..] == [0x55, 0xaa] && u16_at(&head, 17) == 0;
        if !is_fat32 || !sector.is_power_of_two() || !(512..=LARGEST_CLUSTER).contains(&cluster) {
            return Err(FatError::NotFat);
        }
        let table = start + reserved * sector;
        let clusters = table + tables * u64::from(u32_at(&head, 36)) * sector;
        let cluster = usize::try_from(cluster).map_err(|_| FatError::NotFat)?;
        Ok(Self { file, cluster, table, clusters, folder: u32_at(&head, 44) })
    }

    /// The content of a file, of at most `limit` bytes. Its name is in capitals: `CONFIG.TXT`.
    ///
    /// # Errors
    /// It is not there, is there twice, is longer, or the file system is damaged.
    pub fn read(&self, name: &str, limit: usize) -> Result<Vec<u8>, FatError> {
        let name = padded(name);
        let mut found = None;
        let records = self.chain(self.folder, FOLDER_CLUSTERS)?;
        for record in records.chunks_exact(RECORD).take_while(|record| record[0] != 0) {
            // Volume labels and parts of long names have the first of these bits, folders the second.
            if record[..11] == name && record[11] & 0x18 == 0 && found.replace(record).is_some() {
                return Err(FatError::Twice);
            }
        }
        let record = found.ok_or(FatError::NoFile)?;
        let length = usize::try_from(u32_at(record, 28)).map_err(|_| FatError::TooLong)?;
        if length > limit {
            return Err(FatError::TooLong);
        }
        if length == 0 {
            return Ok(Vec::new());
        }
        let first = first_cluster(record);
        let mut content = self.chain(first, length.div_ceil(self.cluster))?;
        if content.len() < length {
            return Err(FatError::Damaged);
        }
        content.truncate(length);
        Ok(content)
    }

    /// The content of the clusters from this one on, `most` of them at most.
    fn chain(&self, first: u32, most: usize) -> Result<Vec<u8>, FatError> {
        let clusters = self.clusters_from(first, most)?;
        let mut content = vec![0; clusters.numbers.len() * self.cluster];
        for (number, part) in clusters.numbers.iter().zip(content.chunks_exact_mut(self.cluster)) {
            read(self.file, part, self.place(*number))?;
        }
        Ok(content)
    }

    /// The numbers of the clusters from this one on, `most` of them at most.
    fn clusters_from(&self, first: u32, most: usize) -> Result<Clusters, FatError> {
        let (mut numbers, mut at) = (Vec::new(), first);
        while at < END && numbers.len() < most {
            if at < 2 {
                return Err(FatError::Damaged);
            }
            numbers.push(at);
            let mut next = [0; 4];
            read(self.file, &mut next, self.table + 4 * u64::from(at))?;
            at = u32::from_le_bytes(next) & 0x0fff_ffff;
        }
        Ok(Clusters { numbers, are_all: at >= END })
    }

    /// Where a cluster begins, bytes.
    fn place(&self, number: u32) -> u64 {
        self.clusters + u64::from(number - 2) * self.cluster as u64
    }
}

/// What a chain consists of.
struct Clusters {
    numbers: Vec<u32>,
    /// Whether the chain ends with them.
    are_all: bool,
}

fn first_cluster(record: &[u8]) -> u32 {
    u32::from(u16_at(record, 20)) << 16 | u32::from(u16_at(record, 26))
}

/// A name as the folder has it: eight letters and three, filled up with blanks.
fn padded(name: &str) -> [u8; 11] {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let mut padded = [b' '; 11];
    let (front, back) = padded.split_at_mut(8);
    for (place, text) in [(front, stem), (back, ending)] {
        place.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    }
    padded
}

fn read(file: &File, bytes: &mut [u8], at: u64) -> Result<(), FatError> {
    file.read_exact_at(bytes, at).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => FatError::Damaged,
        _ => FatError::Read(error),
    })
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

#[cfg(test)]
mod tests;
