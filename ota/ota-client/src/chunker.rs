//! Where a part is cut into chunks.
//!
//! Content-defined chunking: FastCDC as of 2020 (Xia et al., "The Design of Fast Content-Defined Chunking for
//! Data Deduplication Based Storage Systems", IEEE TPDS 31(9)), by the crate `fastcdc`, with normalisation
//! level 1. A boundary depends on the bytes before it and on nothing else, so that what is inserted somewhere
//! changes the chunks around it only. Sizes are casync's defaults, so that the two can be compared.
//!
//! These numbers and the algorithm belong to the format of a release, though not for its safety: a box that
//! cuts otherwise than the release was cut finds less in its own slots, and downloads more.

use std::io::{self, Read};

use fastcdc::v2020::{Error, StreamCDC};

/// A chunk is not shorter, in bytes; the last one may be.
pub const MINIMUM: u32 = 16 * 1024;
/// The length that the algorithm aims at, in bytes. Without a pattern in the bytes, chunks have 79 KB on average.
pub const AVERAGE: u32 = 64 * 1024;
/// A chunk is not longer, in bytes.
pub const MAXIMUM: u32 = 256 * 1024;

/// A piece of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Cuts what can be read into pieces, in their order. In memory are two pieces of the longest kind.
///
/// # Errors
/// Each piece may be an error of reading; none follows it.
pub fn pieces<R: Read>(from: R) -> impl Iterator<Item = io::Result<Piece>> {
    let mut failed = false;
    StreamCDC::new(from, MINIMUM as usize, AVERAGE as usize, MAXIMUM as usize)
        .take_while(move |piece| !std::mem::replace(&mut failed, piece.is_err()))
        .map(|piece| match piece {
            Ok(piece) => Ok(Piece { offset: piece.offset, bytes: piece.data }),
            Err(Error::IoError(error)) => Err(error),
            Err(other) => Err(io::Error::other(other)),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::Hasher;

    /// Bytes without any pattern, the same each time (Knuth's MMIX generator).
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend_from_slice(&state.to_be_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    fn lengths(bytes: &[u8]) -> Vec<usize> {
        pieces(bytes).map(|piece| piece.unwrap().bytes.len()).collect()
    }

    /// Gives a few bytes at a time, as a pipe does.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len());
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn the_boundaries_are_those_of_the_format() {
        // Other numbers here mean that every box downloads its next release whole.
        assert_eq!(lengths(&noise(1 << 20)), GOLDEN);
    }

    const GOLDEN: [usize; 11] =
        [101_506, 52_595, 109_002, 151_989, 59_798, 72_134, 79_398, 102_035, 164_925, 86_539, 68_655];

    #[test]
    fn equal_bytes_are_cut_at_the_maximum() {
        assert_eq!(lengths(&vec![0; 600_000]), [262_144, 262_144, 75_712]);
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&[7]), [1]);
    }

    #[test]
    fn an_insertion_changes_the_chunks_around_it_only() {
        let before = noise(2 << 20);
        let mut after = before.clone();
        after.splice(500_000..500_000, *b"inserted");
        let cut =
            |bytes: &[u8]| -> Vec<Vec<u8>> { pieces(bytes).map(|piece| piece.unwrap().bytes).collect() };
        let (before, after) = (cut(&before), cut(&after));
        let new = after.iter().filter(|piece| !before.contains(piece)).count();
        assert!((1..=3).contains(&new), "{new} of {} are new", after.len());
    }

    #[test]
    fn after_an_error_nothing_comes() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("bad sector"))
            }
        }
        let all: Vec<_> = pieces((&noise(300_000)[..]).chain(Broken)).collect();
        assert!(all.last().unwrap().is_err());
        assert_eq!(all.iter().filter(|piece| piece.is_err()).count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn pieces_are_the_whole_however_it_is_read(length in 0_usize..900_000, at_once in 1_usize..100_000) {
            let bytes = noise(length);
            let mut hasher = Hasher::default();
            let mut offset = 0;
            let mut lengths_read = Vec::new();
            for piece in pieces(Trickle(&bytes, at_once)) {
                let piece = piece.unwrap();
                prop_assert_eq!(piece.offset, offset);
                prop_assert!(piece.bytes.len() <= MAXIMUM as usize);
                offset += piece.bytes.len() as u64;
                lengths_read.push(piece.bytes.len());
                hasher.update(&piece.bytes);
            }
            prop_assert_eq!(hasher.finish(), crate::digest::sha256(&bytes));
            prop_assert_eq!(lengths_read, lengths(&bytes));
        }
    }
}
