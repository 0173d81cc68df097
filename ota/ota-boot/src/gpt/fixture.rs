//! Tables on disks that a test makes.

use uuid::Uuid;

use super::entry;
use super::error::Which;
use super::header::Header;
use super::medium::Medium;
use super::table::Table;

/// How many entries there is room for, as on every disk.
const COUNT: u32 = 128;
/// How many sectors a partition has.
const SIZE: u64 = 8;

/// Makes a table with these partitions, from number 1 on: what each is for, its unique id and its label.
///
/// # Panics
/// When the disk fails, or has no room for it.
pub fn make(medium: &mut impl Medium, partitions: &[(Uuid, Uuid, &str)]) {
    let header = Header::empty(medium.sector(), medium.sectors(), COUNT);
    let starts = (header.first_usable()..).step_by(SIZE as usize);
    let entries = starts
        .zip(partitions)
        .map(|(first, (kind, uuid, label))| entry::make(*kind, *uuid, label, (first, first + SIZE - 1)));
    let table = Table::new(header, entries.flatten().collect());
    for which in [Which::Primary, Which::Backup] {
        let copy = table.placed(which, Which::Backup, medium.sectors());
        copy.put(medium, which).expect("the disk takes the table");
    }
}
