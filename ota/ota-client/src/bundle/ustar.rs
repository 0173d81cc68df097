//! The headers of a ustar archive (POSIX.1-1988, kept in pax(1) of POSIX.1-2017).
//!
//! Decoded by the crate `tar`, but taken one by one: its iterator would follow GNU's and pax's extended
//! headers, which can rename the entry after them. Here these are entries like others, and no files.

use std::io::{self, Read};

use ota_core::bundle::EntryKind;
use tar::{EntryType, Header};

/// Headers are blocks of this length in bytes, and contents are filled up to blocks.
pub(super) const BLOCK: usize = 512;
/// Where the checksum is in a header; it counts as spaces.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// What a header says.
pub(super) struct EntryHeader {
    pub(super) name: String,
    pub(super) kind: EntryKind,
    pub(super) size: u64,
}

/// Reads the next header; `None` at the end of the archive, which is a block of zeros or the file's end.
///
/// # Errors
/// `InvalidData` when it is none.
pub(super) fn read_header(file: &mut impl Read) -> io::Result<Option<EntryHeader>> {
    let mut block = [0; BLOCK];
    let mut length = 0;
    while length < BLOCK {
        match file.read(&mut block[length..]) {
            Ok(0) if length == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::InvalidData.into()),
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    decode(&block).map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn decode(block: &[u8; BLOCK]) -> Option<EntryHeader> {
    let header = Header::from_byte_slice(block);
    if header.cksum().ok()? != checksum(block) {
        return None;
    }
    let name = String::from_utf8(header.path_bytes().into_owned()).ok()?;
    Some(EntryHeader { name, kind: kind(header.entry_type()), size: header.entry_size().ok()? })
}

fn checksum(block: &[u8; BLOCK]) -> u32 {
    let counted = |(at, byte): (usize, &u8)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte });
    block.iter().enumerate().map(counted).sum()
}

fn kind(entry: EntryType) -> EntryKind {
    match entry {
        EntryType::Regular => EntryKind::File,
        EntryType::Link | EntryType::Symlink => EntryKind::Link,
        EntryType::Char | EntryType::Block | EntryType::Fifo => EntryKind::Device,
        _ => EntryKind::Other,
    }
}
