//! What a partition table lies on.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use crate::readback;

/// Numbered sectors, behind a cache that a power cut empties.
pub trait Medium {
    /// The length of a logical sector, bytes.
    fn sector(&self) -> usize;

    /// How many sectors there are.
    fn sectors(&self) -> u64;

    /// Reads whole sectors from this one on.
    ///
    /// # Errors
    /// The system's; and an end before that.
    fn read(&self, lba: u64, sectors: &mut [u8]) -> io::Result<()>;

    /// Writes whole sectors from this one on.
    ///
    /// # Errors
    /// The system's.
    fn write(&mut self, lba: u64, sectors: &[u8]) -> io::Result<()>;

    /// Brings to the medium what was written. What is read from then on is what the medium has.
    ///
    /// # Errors
    /// The system's.
    fn flush(&mut self) -> io::Result<()>;
}

/// A disk, or a file in its place.
#[derive(Debug)]
pub struct BlockDevice {
    file: File,
    sector: usize,
    sectors: u64,
}

impl BlockDevice {
    /// A disk whose logical sectors have so many bytes.
    ///
    /// # Errors
    /// It cannot be measured; and sectors of another length than 512 or 4096 bytes.
    pub fn new(mut file: File, sector: usize) -> io::Result<Self> {
        if !matches!(sector, 512 | 4096) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, format!("sectors of {sector} bytes")));
        }
        let sectors = file.seek(SeekFrom::End(0))? / sector as u64;
        Ok(Self { file, sector, sectors })
    }

    fn at(&self, lba: u64) -> io::Result<u64> {
        lba.checked_mul(self.sector as u64).ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

impl Medium for BlockDevice {
    fn sector(&self) -> usize {
        self.sector
    }

    fn sectors(&self) -> u64 {
        self.sectors
    }

    fn read(&self, lba: u64, sectors: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(sectors, self.at(lba)?)
    }

    fn write(&mut self, lba: u64, sectors: &[u8]) -> io::Result<()> {
        self.file.write_all_at(sectors, self.at(lba)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        readback::forget(&self.file)
    }
}
