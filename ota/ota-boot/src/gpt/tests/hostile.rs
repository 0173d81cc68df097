//! Tables that are damaged, or made to do harm.

use proptest::prelude::*;

use super::*;

/// Where the header's fields stand, how long they are, and what they are set to with right checksums.
const LIES: &[(usize, u64, &str)] = &[
    (8, 0x0002_0000, "is of an unknown kind"),
    (12, 91, "is of an unknown kind"),
    (12, 513, "is of an unknown kind"),
    (12, u32::MAX as u64, "is of an unknown kind"),
    (24, 2, "contradicts itself about places on the disk"),
    (32, 1, "contradicts itself about places on the disk"),
    (32, 256, "contradicts itself about places on the disk"),
    (40, 33, "contradicts itself about places on the disk"),
    (40, u64::MAX, "contradicts itself about places on the disk"),
    (48, 33, "contradicts itself about places on the disk"),
    (48, 223, "contradicts itself about places on the disk"),
    (48, u64::MAX, "contradicts itself about places on the disk"),
    (72, 1, "contradicts itself about places on the disk"),
    (72, 3, "contradicts itself about places on the disk"),
    (72, u64::MAX, "contradicts itself about places on the disk"),
    (80, 0, "is of an unknown kind"),
    (80, u32::MAX as u64, "is of an unknown kind"),
    (84, 0, "is of an unknown kind"),
    (84, 256, "is of an unknown kind"),
];

/// A disk whose primary table says something else of itself, with a right checksum, and has no backup.
fn that_says(at: usize, number: u64) -> (BlockDevice, File) {
    let (disk, file) = disk(512);
    let mut header = [0; 512];
    file.read_exact_at(&mut header, 512).unwrap();
    let length = if (24..80).contains(&at) { 8 } else { 4 };
    header[at..at + length].copy_from_slice(&number.to_le_bytes()[..length]);
    seal(&file, &mut header);
    file.write_all_at(&[0; 512], 255 * 512).unwrap();
    (disk, file)
}

/// Writes the primary header with a right checksum.
fn seal(file: &File, header: &mut [u8; 512]) {
    header[16..20].fill(0);
    let checksum = crc32fast::hash(&header[..92]);
    header[16..20].copy_from_slice(&checksum.to_le_bytes());
    file.write_all_at(header, 512).unwrap();
}

#[test]
fn a_header_that_lies_is_not_believed() {
    for &(at, number, told) in LIES {
        let (disk, _) = that_says(at, number);
        let told = format!(
            "the disk has no partition table that is whole: the primary one {told}, the backup is not there"
        );
        assert_eq!(partitions(&disk).unwrap_err().to_string(), told, "{number} at {at}");
    }
    let (disk, _) = that_says(56, 7);
    assert_eq!(names(&partitions(&disk).unwrap()), old_names(), "the disk's own id may be any");
}

#[test]
fn a_partition_that_lies_over_the_table_is_not_believed() {
    for (first, last) in [(2_u64, 60_u64), (50, 49), (50, 250), (50, u64::MAX), (u64::MAX, u64::MAX)] {
        let (disk, file) = disk(512);
        file.write_all_at(&[first.to_le_bytes(), last.to_le_bytes()].concat(), 1024 + 32).unwrap();
        let (mut header, mut entries) = ([0; 512], vec![0; 128 * 128]);
        file.read_exact_at(&mut header, 512).unwrap();
        file.read_exact_at(&mut entries, 1024).unwrap();
        header[88..92].copy_from_slice(&crc32fast::hash(&entries).to_le_bytes());
        seal(&file, &mut header);
        spoil(&file, 255 * 512 + 100);
        assert_eq!(names(&partitions(&disk).unwrap()), old_names(), "the backup has it right");
        spoil(&file, 255 * 512 + 20);
        assert!(
            partitions(&disk).unwrap_err().to_string().contains("contradicts itself"),
            "{first}..={last}"
        );
    }
}

#[test]
fn a_disk_without_a_table_is_told_as_such() {
    let file = tempfile::tempfile().unwrap();
    for (length, told) in [(0, "cannot be read"), (512, "cannot be read"), (1 << 20, "is not there")] {
        file.set_len(length).unwrap();
        let mut disk = BlockDevice::new(file.try_clone().unwrap(), 512).unwrap();
        for error in [partitions(&disk).unwrap_err(), change(&mut disk, &changes()).unwrap_err()] {
            assert!(error.to_string().contains(told), "{error}");
        }
        assert_eq!(file.metadata().unwrap().len(), length);
    }
    let error = BlockDevice::new(file, 520).unwrap_err();
    assert_eq!(error.to_string(), "sectors of 520 bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_in_the_header_the_answer_is_an_error_or_a_table_that_can_be_changed(
        fields in prop::collection::vec((8_usize..92, any::<u8>()), 1..6),
        backup in any::<bool>(),
    ) {
        let (mut disk, file) = disk(512);
        let mut header = [0; 512];
        file.read_exact_at(&mut header, 512).unwrap();
        for (at, byte) in fields {
            header[at] = byte;
        }
        seal(&file, &mut header);
        if !backup {
            file.write_all_at(&[0; 512], 255 * 512).unwrap();
        }
        if partitions(&disk).is_ok() {
            change(&mut disk, &changes()).unwrap();
            let found = partitions(&disk).unwrap();
            prop_assert_eq!(names(&found), new_names());
        } else {
            prop_assert!(change(&mut disk, &changes()).is_err());
        }
    }
}
