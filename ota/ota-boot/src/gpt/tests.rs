mod disk;
mod hostile;
mod power;

use std::fs::File;
use std::os::unix::fs::FileExt;

use uuid::Uuid;

use super::*;

/// A disk in a file with three partitions, and its copy to look at and to spoil.
fn disk(sector: usize) -> (BlockDevice, File) {
    let file = tempfile::tempfile().unwrap();
    file.set_len(256 * sector as u64).unwrap();
    let mut disk = BlockDevice::new(file.try_clone().unwrap(), sector).unwrap();
    fixture::make(&mut disk, &three());
    (disk, file)
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn three() -> [(Uuid, Uuid, &'static str); 3] {
    let esp = uuid(0xc12a_7328_f81f_11d2_ba4b_00a0_c93e_c93b);
    [(esp, uuid(11), "esp"), (uuid(2), uuid(12), "_empty"), (uuid(3), uuid(13), "anya_1.2.3~rc.4")]
}

/// The second partition gets another label and another id, the third another label.
fn changes() -> [Change; 2] {
    let label = "anya_1.3.0".to_owned();
    [
        Change { number: 2, uuid: Some(uuid(22)), label: label.clone() },
        Change { number: 3, uuid: None, label },
    ]
}

/// Ids and labels.
fn names(partitions: &[Partition]) -> Vec<(Uuid, &str)> {
    partitions.iter().map(|partition| (partition.uuid, partition.label.as_str())).collect()
}

fn old_names() -> Vec<(Uuid, &'static str)> {
    three().map(|(_, uuid, label)| (uuid, label)).to_vec()
}

fn new_names() -> Vec<(Uuid, &'static str)> {
    vec![(uuid(11), "esp"), (uuid(22), "anya_1.3.0"), (uuid(13), "anya_1.3.0")]
}

/// Turns a bit of the byte there.
fn spoil(file: &File, at: u64) {
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

#[test]
fn a_table_is_read_as_it_was_made() {
    let (disk, file) = disk(512);
    let found = partitions(&disk).unwrap();
    assert_eq!(names(&found), old_names());
    assert_eq!((found[1].number, found[1].kind), (2, uuid(2)));
    assert_eq!((found[1].start, found[1].size), ((34 + 8) * 512, 8 * 512));
    let mut kind = [0; 4];
    file.read_exact_at(&mut kind, 1024).unwrap();
    assert_eq!(kind, [0x28, 0x73, 0x2a, 0xc1], "a GUID has its first three numbers in little endian");
    assert!(partitions(&BlockDevice::new(file, 4096).unwrap()).is_err(), "other sectors");
}

#[test]
fn labels_and_ids_change_in_both_copies_and_nothing_else_does() {
    for sector in [512, 4096] {
        let (mut disk, file) = disk(sector);
        let before = partitions(&disk).unwrap();
        change(&mut disk, &changes()).unwrap();
        let after = partitions(&disk).unwrap();
        assert_eq!(names(&after), new_names());
        let place =
            |partition: &Partition| (partition.number, partition.kind, partition.start, partition.size);
        assert!(before.iter().map(place).eq(after.iter().map(place)));
        spoil(&file, sector as u64);
        assert_eq!(partitions(&disk).unwrap(), after, "the backup with sectors of {sector} bytes");
    }
}

#[test]
fn a_copy_that_is_damaged_is_made_whole() {
    // Header and entries of the one, entries and header of the other.
    for at in [512, 1024 + 7, 223 * 512 + 7, 255 * 512] {
        let (mut disk, file) = disk(512);
        spoil(&file, at);
        assert_eq!(names(&partitions(&disk).unwrap()), old_names(), "{at}");
        change(&mut disk, &changes()).unwrap();
        for which in [Which::Primary, Which::Backup] {
            let table = table::Table::read(&disk, which).unwrap();
            assert_eq!(names(&table.partitions(512)), new_names(), "{which} after {at}");
        }
    }
}

#[test]
fn the_backup_moves_to_the_end_of_a_disk_that_has_grown() {
    let (_, file) = disk(512);
    file.set_len(300 * 512).unwrap();
    let mut disk = BlockDevice::new(file.try_clone().unwrap(), 512).unwrap();
    change(&mut disk, &changes()).unwrap();
    spoil(&file, 512);
    assert_eq!(names(&partitions(&disk).unwrap()), new_names());
}

#[test]
fn what_cannot_be_changed_leaves_everything_as_it_was() {
    let (mut disk, _) = disk(512);
    let mut refused = |number, label: &str| {
        let wrong = Change { number, uuid: Some(uuid(99)), label: label.to_owned() };
        let [right, _] = changes();
        let error = change(&mut disk, &[right, wrong]).unwrap_err().to_string();
        assert_eq!(names(&partitions(&disk).unwrap()), old_names());
        error
    };
    for number in [0, 4, 129, u32::MAX] {
        assert_eq!(refused(number, "x"), format!("the disk has no partition {number}"));
    }
    let long = "l".repeat(37);
    assert_eq!(refused(3, &long), format!("`{long}` is too long for a partition's label"));
}

#[test]
fn a_label_may_fill_its_entry() {
    let (mut disk, _) = disk(512);
    let label = "ü".repeat(36);
    change(&mut disk, &[Change { number: 1, uuid: None, label: label.clone() }]).unwrap();
    assert_eq!(partitions(&disk).unwrap()[0].label, label);
}
