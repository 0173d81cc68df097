//! From the file of a chunk to the chunk.
//!
//! By libzstd (the crate `zstd`): the reference implementation, kept and fuzzed by its authors, and the one
//! that the release was made with. `ruzstd` is all Rust, but has one author and no compressor that could make
//! releases; two implementations would be two to keep. What comes is not authentic before it is unpacked, so
//! the window is bounded, and not a byte more comes out than one above the chunk's length.

use std::io::{self, Read};

use ota_core::index::Chunk;
use ota_core::trust::Refusal;

use crate::digest::sha256;

/// The largest window, as a power of two: 8 MiB, which RFC 8878 (3.1.1.1.2) wants every decoder to take and no
/// encoder to exceed. A decoder keeps a window in memory.
const LARGEST_WINDOW: u32 = 23;

/// Unpacks the file of a chunk, and checks that it is the chunk.
///
/// # Errors
/// It unpacks to more than the chunk (a decompression bomb), to less, to something else, or not at all.
pub fn unpack(file: &[u8], chunk: &Chunk) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(chunk.length as usize + 1);
    match unpack_into(&mut bytes, file, u64::from(chunk.length) + 1) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            return Err(Refusal::OtherContent { what: format!("The chunk {}", chunk.sha256) });
        }
        Ok(()) | Err(_) => chunk.check(bytes.len() as u64, &sha256(&bytes))?,
    }
    Ok(bytes)
}

fn unpack_into(bytes: &mut Vec<u8>, file: &[u8], most: u64) -> io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
    decoder.window_log_max(LARGEST_WINDOW)?;
    decoder.take(most).read_to_end(bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Chunk {
        Chunk { sha256: sha256(bytes), length: u32::try_from(bytes.len()).unwrap(), compressed: 1 }
    }

    fn code(file: &[u8], chunk: &Chunk) -> &'static str {
        unpack(file, chunk).map_or_else(|refusal| refusal.code(), |_| "taken")
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    #[test]
    fn a_chunk_is_what_its_file_unpacks_to() {
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(unpack(&packed(&bytes), &of(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn bombs_cuts_and_other_bytes_are_told_apart() {
        let chunk = of(&[7; 65_536]);
        let good = packed(&[7; 65_536]);
        assert_eq!(code(&packed(&vec![7; 64 << 20]), &chunk), "decompression_bomb");
        assert_eq!(code(&[good.clone(), good.clone()].concat(), &chunk), "decompression_bomb", "two frames");
        assert_eq!(code(&packed(&[7; 65_535]), &chunk), "truncated");
        assert_eq!(code(&good[..good.len() - 4], &chunk), "truncated");
        assert_eq!(code(&[], &chunk), "truncated");
        assert_eq!(code(&packed(&[8; 65_536]), &chunk), "other_content");
        assert_eq!(code(b"this was never made by zstd", &chunk), "other_content");
    }

    #[test]
    fn a_window_that_would_take_much_memory_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        // Without the content's size in its head, a decoder has to believe the window.
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, &[7; 65_536]).unwrap();
        assert_eq!(code(&encoder.finish().unwrap(), &of(&[7; 65_536])), "other_content");
    }
}
