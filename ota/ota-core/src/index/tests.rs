use proptest::prelude::*;

use super::*;

fn chunk(byte: u8, length: u32, compressed: u32) -> Chunk {
    Chunk { sha256: Sha256([byte; 32]), length, compressed }
}

fn why(file: &[u8], size: u64) -> String {
    match ChunkIndex::parse(file, size) {
        Err(Refusal::BadIndex { why }) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_index_is_read_as_it_was_written() {
    let chunks = [chunk(1, 10, 5), chunk(2, limits::CHUNK, 7), chunk(1, 10, 5)];
    let file = ChunkIndex::write(&chunks).unwrap();
    assert_eq!(file.len(), 16 + 3 * 40);
    let index = ChunkIndex::parse(&file, u64::from(limits::CHUNK) + 20).unwrap();
    assert_eq!(index.chunks().collect::<Vec<_>>(), chunks);
}

#[test]
fn whatever_does_not_fit_is_refused_with_what_it_is() {
    let file = ChunkIndex::write(&[chunk(1, 10, 5), chunk(2, 20, 5)]).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut file = file.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    for (file, word) in [
        (vec![], "cut off"),
        (file[..15].to_vec(), "cut off"),
        (with(0, b"X"), "no chunk index"),
        (with(8, &[2]), "version"),
        (file[..file.len() - 1].to_vec(), "length"),
        ([file.as_slice(), &[0]].concat(), "length"),
        (with(12, &[3]), "length"),
        (with(12, &[0xff; 4]), "length"),
        (file[..16].to_vec(), "length"),
        (with(16, &[0; 4]), "empty or too long"),
        (with(16, &[0xff; 4]), "empty or too long"),
        (with(52, &[0; 4]), "zstd"),
        (with(52, &[0xff; 4]), "zstd"),
        (with(16, &[11]), "add up"),
    ] {
        assert!(why(&file, 30).contains(word), "{word}: {}", why(&file, 30));
    }
    assert!(why(&file, u64::MAX).contains("add up"));
    assert!(why(&vec![0; limits::INDEX + 1], 1).contains("too long"));
    let nothing = with(12, &[0]);
    assert!(why(&nothing[..16], 0).contains("length"), "an index without chunks");
}

#[test]
fn sums_beyond_4_gib_do_not_wrap() {
    let chunks = vec![chunk(7, limits::CHUNK, 9); 4097];
    let file = ChunkIndex::write(&chunks).unwrap();
    let size = 4097 * u64::from(limits::CHUNK);
    assert!(size > u64::from(u32::MAX));
    assert!(ChunkIndex::parse(&file, size).is_ok());
    // What a sum of 32 bits would have made of it.
    assert!(why(&file, size % (1 << 32)).contains("add up"));
}

#[test]
fn a_chunk_is_what_the_index_says_or_nothing() {
    let chunk = chunk(1, 10, 5);
    let code =
        |length, byte| chunk.check(length, &Sha256([byte; 32])).map_or_else(|r| r.code(), |()| "taken");
    assert_eq!(code(10, 1), "taken");
    assert_eq!(code(10, 2), "other_content");
    assert_eq!(code(9, 1), "truncated");
    assert_eq!(code(11, 1), "decompression_bomb");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(file in prop::collection::vec(any::<u8>(), 0..300), size: u64) {
        let _ = ChunkIndex::parse(&file, size);
    }

    #[test]
    fn arbitrary_records_never_panic(records in prop::collection::vec(any::<[u8; 40]>(), 1..8), size: u64) {
        let mut file = [&MAGIC[..], &1_u32.to_le_bytes(), &(records.len() as u32).to_le_bytes()].concat();
        records.iter().for_each(|record| file.extend_from_slice(record));
        if let Ok(index) = ChunkIndex::parse(&file, size) {
            prop_assert_eq!(index.chunks().map(|chunk| u64::from(chunk.length)).sum::<u64>(), size);
        }
    }
}
