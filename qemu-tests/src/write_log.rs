//! The log that QEMU's `blklogwrites` keeps of a disk: every write in its order, and where the guest asked for
//! what came before to be on the medium. The disk as of any of these moments is made from it.
//!
//! The format is that of the Linux kernel's dm-log-writes (`Documentation/admin-guide/device-mapper/log-writes.rst`,
//! `drivers/md/dm-log-writes.c`), little endian: one sector with what the log is, then for each entry one sector
//! that describes it and the sectors that it wrote.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The bytes of a sector in the log and on the disk.
pub const SECTOR: u64 = 512;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;

/// The largest single write that a log can be trusted with, bytes.
const LARGEST: u64 = 64 << 20;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where on the disk, bytes.
    pub at: u64,
    /// How much of it, bytes; zero for a flush alone.
    pub length: u64,
    /// What is there from then on; `None` when it was given up (a discard reads as zeroes).
    pub data: Option<Vec<u8>>,
    /// Everything before it, and this too, is on the medium.
    pub flushed: bool,
}

impl Entry {
    /// Whether it changes a byte of this part of the disk.
    #[must_use]
    pub fn touches(&self, start: u64, size: u64) -> bool {
        self.length > 0 && self.at < start + size && start < self.at + self.length
    }

    /// Does on a disk in a file what the guest did.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn apply(&self, disk: &File) -> Result<()> {
        match &self.data {
            Some(data) => disk.write_all_at(data, self.at)?,
            None => zero(disk, self.at, self.length)?,
        }
        Ok(())
    }
}

fn zero(disk: &File, at: u64, length: u64) -> Result<()> {
    use nix::fcntl::{FallocateFlags, fallocate};
    if length == 0 {
        return Ok(());
    }
    let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    fallocate(disk, hole, i64::try_from(at)?, i64::try_from(length)?).context("making a hole in the disk")
}

/// Reads a log from its beginning.
pub struct WriteLog {
    from: BufReader<File>,
}

impl WriteLog {
    /// Opens a log. QEMU may have been killed: entries are read as far as they are whole.
    ///
    /// # Errors
    /// When the file is no log of sectors of [`SECTOR`] bytes.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let mut from = BufReader::with_capacity(1 << 20, file);
        let mut sector = [0; SECTOR as usize];
        from.read_exact(&mut sector).context("the log has no first sector")?;
        let number = |at: usize| u64::from_le_bytes(sector[at..at + 8].try_into().expect("eight bytes"));
        ensure!((number(0), number(8)) == (MAGIC, 1), "{} is no log of writes", path.display());
        let size = u32::from_le_bytes(sector[24..28].try_into().expect("four bytes"));
        ensure!(u64::from(size) == SECTOR, "the log's sectors have {size} bytes");
        Ok(Self { from })
    }

    /// The next entry; `None` at the end.
    ///
    /// # Errors
    /// When the log is damaged.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        let mut sector = [0; SECTOR as usize];
        match self.from.read_exact(&mut sector) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let number = |at: usize| u64::from_le_bytes(sector[at..at + 8].try_into().expect("eight bytes"));
        let (at, count, flags) = (number(0), number(8), number(16));
        let length = count.checked_mul(SECTOR).filter(|length| *length <= LARGEST || flags & DISCARD != 0);
        let length = length.with_context(|| format!("an entry of {count} sectors"))?;
        let at = at.checked_mul(SECTOR).with_context(|| format!("an entry at sector {at}"))?;
        let mut data = None;
        if flags & DISCARD == 0 {
            let mut bytes = vec![0; usize::try_from(length)?];
            match self.from.read_exact(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
                read => read?,
            }
            data = Some(bytes);
        }
        Ok(Some(Entry { at, length, data, flushed: flags & (FLUSH | FUA) != 0 }))
    }

    /// Begins again.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rewind(&mut self) -> Result<()> {
        self.from.seek(SeekFrom::Start(SECTOR)).map(drop).context("going back to the log's beginning")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn sector(numbers: &[u64]) -> Vec<u8> {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.resize(SECTOR as usize, 0);
        bytes
    }

    #[test]
    fn entries_are_read_in_order_and_make_the_disk_as_it_was() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let entries = [
            sector(&[MAGIC, 1, 3, SECTOR]),
            sector(&[2, 1, 0, 0]),
            vec![7; SECTOR as usize],
            sector(&[2, 1, DISCARD, 0]),
            sector(&[0, 0, FLUSH, 0]),
            sector(&[9, 1, 0, 0]),
            vec![7; 100],
        ];
        file.write_all(&entries.concat()).unwrap();
        let mut log = WriteLog::open(file.path()).unwrap();
        let disk = tempfile::tempfile().unwrap();
        disk.write_all_at(&[1; 4 * SECTOR as usize], 0).unwrap();
        let byte = || {
            let mut byte = [0];
            disk.read_exact_at(&mut byte, 2 * SECTOR).unwrap();
            byte[0]
        };

        let write = log.next_entry().unwrap().unwrap();
        write.apply(&disk).unwrap();
        assert_eq!((write.at, write.length, write.flushed, byte()), (1024, 512, false, 7));
        assert!(write.touches(1500, 1) && !write.touches(0, 1024) && !write.touches(1536, 9));
        log.next_entry().unwrap().unwrap().apply(&disk).unwrap();
        assert_eq!(byte(), 0, "given up");
        let flush = log.next_entry().unwrap().unwrap();
        assert!(flush.flushed && flush.length == 0 && !flush.touches(0, 4096));
        assert_eq!(log.next_entry().unwrap(), None, "the last one was not written to its end");
        log.rewind().unwrap();
        assert_eq!(log.next_entry().unwrap(), Some(write));
    }

    #[test]
    fn what_is_no_log_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&sector(&[1, 2, 3])).unwrap();
        assert!(WriteLog::open(file.path()).is_err());
    }
}
