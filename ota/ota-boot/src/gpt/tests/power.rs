//! Wherever the power goes, and whatever of its cache the disk has written by then, there is a table.

use proptest::prelude::*;

use super::disk::CachedDisk;
use super::*;

/// More requests than a change takes: three flushes, and two or three times 33 pieces (40 with large sectors).
const REQUESTS: usize = 130;

/// A change that is cut off: after how many requests, and what numbers choose of what was not on the medium yet.
type Cut = (usize, u64);

fn made(sector: usize) -> CachedDisk {
    let mut disk = CachedDisk::new(sector, 96);
    fixture::make(&mut disk, &three());
    disk
}

fn sectors() -> impl Strategy<Value = usize> {
    prop_oneof![Just(512), Just(4096)]
}

/// Numbers below the given ones. Half of the seeds have nearly all of what was given on the medium, or nearly
/// nothing: a single piece that is missing is what is most easily overlooked.
fn choice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |count| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(state >> 33).unwrap();
        match (seed % 4, number.is_multiple_of(16)) {
            (0, false) => 0,
            (1, false) => count - 1,
            _ => (number / 16) % count,
        }
    }
}

/// Tries the change as often as there are cuts, and after each of them looks for a table.
fn survives(mut disk: CachedDisk, cuts: &[Cut]) -> Result<(), TestCaseError> {
    for &(requests, seed) in cuts {
        disk.cut_after(Some(requests));
        let done = change(&mut disk, &changes());
        prop_assert!(done.is_ok() || disk.left() == Some(0), "{done:?}");
        disk.restart(choice(seed));
        let found = partitions(&disk);
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
        let found = found.unwrap();
        prop_assert!(names(&found) == old_names() || names(&found) == new_names(), "{found:?}");
        prop_assert!(done.is_err() || names(&found) == new_names(), "it was done, and is not there");
    }
    change(&mut disk, &changes()).unwrap();
    disk.restart(|_| 0);
    for which in [Which::Primary, Which::Backup] {
        let found = table::Table::read(&disk, which).unwrap().partitions(disk.sector());
        prop_assert_eq!(names(&found), new_names());
    }
    Ok(())
}

/// Nothing else is damaged before: no cut, or some of them one after the other.
fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    prop::collection::vec((0..REQUESTS, any::<u64>()), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_power_cut_loses_the_table(sector in sectors(), cuts in cuts()) {
        survives(made(sector), &cuts)?;
    }

    #[test]
    fn nor_does_one_while_a_copy_is_damaged(
        sector in sectors(), primary in any::<bool>(), header in any::<bool>(), at in 0_usize..92, cuts in cuts()
    ) {
        let mut disk = made(sector);
        let lba = match (primary, header) {
            (true, true) => 1,
            (true, false) => 2,
            (false, true) => 95,
            (false, false) => 95 - 128 * 128 / sector as u64,
        };
        let mut bytes = vec![0; sector];
        disk.read(lba, &mut bytes).unwrap();
        bytes[at] ^= 1;
        disk.write(lba, &bytes).unwrap();
        disk.flush().unwrap();
        survives(disk, &cuts)?;
    }
}

#[test]
fn one_flush_at_the_end_would_lose_it() {
    let is_lost = |requests, seed| {
        let mut disk = made(512).that_never_flushes();
        disk.cut_after(Some(requests));
        let _ = change(&mut disk, &changes());
        disk.restart(choice(seed));
        partitions(&disk).is_err()
    };
    assert!((0..REQUESTS).any(|requests| (0..20).any(|seed| is_lost(requests, seed))));
}
