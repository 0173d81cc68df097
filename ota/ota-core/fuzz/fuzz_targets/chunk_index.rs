#![no_main]
//! A chunk index: behind the size of its part. Whatever comes is refused or read, and its chunks make up the part.

use libfuzzer_sys::fuzz_target;
use ota_core::index::{Chunk, ChunkIndex};

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first_chunk() else { return };
    let size = u64::from_le_bytes(*size);
    let Ok(index) = ChunkIndex::parse(bytes, size) else { return };
    let chunks: Vec<Chunk> = index.chunks().collect();
    assert_eq!(chunks.iter().map(|chunk| u64::from(chunk.length)).sum::<u64>(), size);
    assert_eq!(ChunkIndex::write(&chunks).expect("it was read"), bytes);
});
