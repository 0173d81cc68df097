//! The bounds on everything that comes from outside, in one place.
//!
//! What is not bounded here is bounded by what is: a part by the slot it goes into, the number of chunks by
//! the part's size.

/// A manifest is at most this long, in bytes.
pub const MANIFEST: usize = 64 * 1024;
/// A signer list is at most this long, in bytes: certificates are text, and there are a handful.
pub const SIGNER_LIST: usize = 256 * 1024;
/// A file of detached signatures is at most this long, in bytes.
pub const SIGNATURES: usize = 64 * 1024;
/// A signer list has at most this many signers.
pub const SIGNERS: usize = 16;
/// At most this many rotations are followed at once; a box that is further behind takes a newer image.
pub const ROTATIONS: u64 = 64;
/// The notes of a release are at most this long, in bytes.
pub const NOTES: usize = 16 * 1024;
/// A chunk holds at most this many bytes, uncompressed: what a client keeps in memory of it.
pub const CHUNK: u32 = 1024 * 1024;
/// A chunk index is at most this long, in bytes: 400 thousand chunks.
pub const INDEX: usize = 16 * 1024 * 1024;
/// The largest integer of a document: 2^53 - 1, the last that every JSON reader knows exactly (RFC 8785).
pub const INTEGER: u64 = (1 << 53) - 1;

/// The most bytes that zstd makes of a chunk of `length` bytes (`ZSTD_COMPRESSBOUND` of zstd.h). A chunk
/// that claims more was not made by zstd.
pub const fn compressed_chunk(length: u32) -> u32 {
    const SMALL: u32 = 128 * 1024;
    let margin = if length < SMALL { (SMALL - length) >> 11 } else { 0 };
    length.saturating_add(length >> 8).saturating_add(margin)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bound_of_zstd_is_that_of_its_header() {
        // Values of ZSTD_compressBound() from zstd 1.5.
        for (length, bound) in [(0, 64), (1, 64), (65_536, 65_824), (131_072, 131_584), (1 << 20, 1_052_672)]
        {
            assert_eq!(super::compressed_chunk(length), bound, "{length}");
        }
    }
}
