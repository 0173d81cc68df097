use std::io::Write;

use super::super::{SECTOR, fixture};
use super::*;

fn disk(firsts: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&fixture::with_entries(firsts)).unwrap();
    file
}

/// The first bytes of the records that `EFI/LINUX` has then, without those never used at its end.
fn after(firsts: &[u8]) -> Vec<u8> {
    let disk = disk(firsts);
    let fat = Fat::open(&disk).unwrap();
    fat.free_end("EFI/Linux").unwrap();
    let left = fat.chain(4, FOLDER_CLUSTERS).unwrap();
    let mut firsts: Vec<u8> = left.chunks_exact(RECORD).map(|record| record[0]).collect();
    let end = firsts.iter().rposition(|first| *first != NEVER_USED).map_or(0, |at| at + 1);
    assert!(left[end * RECORD..].iter().all(|byte| *byte == 0), "nothing is left of removed names");
    firsts.truncate(end);
    firsts
}

#[test]
fn what_was_removed_at_the_end_was_never_used_and_all_else_stays() {
    let (used, gone) = (b'A', REMOVED);
    assert_eq!(after(&[used, gone, used, gone, gone]), [used, gone, used]);
    assert_eq!(after(&[used]), [used]);
    assert_eq!(after(&[gone, gone]), b"");
    // Over several clusters of sixteen records.
    let mut long = vec![used; 10];
    long.extend([gone; 40]);
    assert_eq!(after(&long), [used; 10]);
    long.push(used);
    assert_eq!(after(&long), long);
}

#[test]
fn what_is_behind_a_record_that_was_never_used_stays() {
    assert_eq!(after(&[b'A', NEVER_USED, b'B', REMOVED]), [b'A', NEVER_USED, b'B']);
}

#[test]
fn a_folder_that_is_damaged_or_not_there_is_left_alone() {
    let disk = disk(&[b'A', REMOVED]);
    let free = |path: &str| Fat::open(&disk).and_then(|fat| fat.free_end(path));
    assert!(matches!(free("EFI/BOOT"), Err(FatError::NoFile)));
    // The chain of LINUX leads to a free cluster.
    disk.write_all_at(&[9, 0, 0, 0], 32 * SECTOR as u64 + 16).unwrap();
    assert!(matches!(free("EFI/Linux"), Err(FatError::Damaged)));
    let fat = Fat::open(&disk).unwrap();
    assert_eq!(fat.chain(4, 1).unwrap()[RECORD], REMOVED);
}
