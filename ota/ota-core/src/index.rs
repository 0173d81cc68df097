//! The chunk index: which chunks a part consists of, in their order.
//!
//! ```text
//! offset  size
//! 0       8     the magic bytes "ANYACIDX"
//! 8       4     the version of the format: 1
//! 12      4     the number of chunks, at least 1
//! 16      40×n  for each chunk: its length (4), its SHA-256 (32), the length of its file (4)
//! ```
//!
//! Numbers are unsigned and little-endian; lengths are in bytes. The chunks put together are the part; the
//! SHA-256 is of the uncompressed chunk, and its file (zstd) has that name.
//!
//! [`ChunkIndex::parse`] takes an index only when its length is exact, each chunk is within
//! [`limits::CHUNK`], each file within what zstd can make of it, and the lengths add up to the part's size
//! in the manifest. So nobody who follows an index can be made to read or write more than the manifest
//! says (RAUC CVE-2026-34155 was a sum that overflowed). It does not copy: a chunk is decoded when it is
//! asked for.

use crate::digest::Sha256;
use crate::limits;
use crate::trust::Refusal;

const MAGIC: &[u8; 8] = b"ANYACIDX";
const VERSION: u32 = 1;
const HEADER: usize = 16;
const RECORD: usize = 40;

/// A chunk of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chunk {
    /// Its digest, uncompressed; also its name.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub length: u32,
    /// The length of its file in bytes, compressed.
    pub compressed: u32,
}

impl Chunk {
    /// Whether what came out of the chunk's file is the chunk. `length` is how many bytes came out; whoever
    /// decompresses stops at one more than [`Chunk::length`].
    ///
    /// # Errors
    /// More bytes than the index says (a decompression bomb), fewer, or other ones.
    pub fn check(&self, length: u64, sha256: &Sha256) -> Result<(), Refusal> {
        if length > u64::from(self.length) {
            return Err(Refusal::DecompressionBomb { chunk: self.sha256, length: self.length });
        }
        if length < u64::from(self.length) {
            return Err(Refusal::Truncated { expected: self.length.into(), received: length });
        }
        if *sha256 != self.sha256 {
            return Err(Refusal::OtherContent { what: format!("The chunk {}", self.sha256) });
        }
        Ok(())
    }
}

/// The index of a part, checked.
#[derive(Clone, Copy, Debug)]
pub struct ChunkIndex<'a> {
    records: &'a [u8],
}

impl<'a> ChunkIndex<'a> {
    /// Reads the index of a part of `size` bytes.
    ///
    /// # Errors
    /// [`Refusal::BadIndex`], with what is wrong.
    pub fn parse(file: &'a [u8], size: u64) -> Result<Self, Refusal> {
        let bad = |why: &str| Refusal::BadIndex { why: why.to_owned() };
        if file.len() > limits::INDEX {
            return Err(bad("it is too long"));
        }
        let (header, records) = file.split_at_checked(HEADER).ok_or_else(|| bad("it is cut off"))?;
        if &header[..8] != MAGIC {
            return Err(bad("it is no chunk index"));
        }
        if number(header, 8) != VERSION {
            return Err(bad("its version is not known"));
        }
        let expected = usize::try_from(number(header, 12)).ok().and_then(|count| count.checked_mul(RECORD));
        if expected != Some(records.len()) || records.is_empty() {
            return Err(bad("its length is not that of its chunks"));
        }
        let index = Self { records };
        let mut sum = 0_u64;
        for chunk in index.chunks() {
            if chunk.length == 0 || chunk.length > limits::CHUNK {
                return Err(bad("a chunk is empty or too long"));
            }
            if chunk.compressed == 0 || chunk.compressed > limits::compressed_chunk(chunk.length) {
                return Err(bad("the file of a chunk is empty or longer than zstd would make it"));
            }
            sum = sum.checked_add(chunk.length.into()).ok_or_else(|| bad("its chunks have no sum"))?;
        }
        if sum == size { Ok(index) } else { Err(bad("its chunks do not add up to the part")) }
    }

    /// The chunks, in the order of the part.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = Chunk> + use<'a> {
        self.records.chunks_exact(RECORD).map(|record| {
            let mut sha256 = [0; 32];
            sha256.copy_from_slice(&record[4..36]);
            Chunk { sha256: Sha256(sha256), length: number(record, 0), compressed: number(record, 36) }
        })
    }

    /// The file of an index with these chunks.
    ///
    /// # Errors
    /// What [`ChunkIndex::parse`] would refuse is not written.
    pub fn write(chunks: &[Chunk]) -> Result<Vec<u8>, Refusal> {
        let count = u32::try_from(chunks.len())
            .map_err(|_| Refusal::BadIndex { why: "it has too many chunks".to_owned() })?;
        let mut file = Vec::with_capacity(HEADER + chunks.len() * RECORD);
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&count.to_le_bytes());
        for chunk in chunks {
            file.extend_from_slice(&chunk.length.to_le_bytes());
            file.extend_from_slice(&chunk.sha256.0);
            file.extend_from_slice(&chunk.compressed.to_le_bytes());
        }
        let size = chunks.iter().map(|chunk| u64::from(chunk.length)).sum();
        ChunkIndex::parse(&file, size)?;
        Ok(file)
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

#[cfg(test)]
mod tests;
