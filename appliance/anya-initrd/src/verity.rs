//! Has the kernel check every block of the root when it is read (dm-verity).
//!
//! Source: the kernel's `Documentation/admin-guide/device-mapper/verity.rst`.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::path::PathBuf;

use anyhow::{Context, Result};
use ota_core::digest::RootHash;
use ota_core::superblock::{BLOCK, LENGTH, Superblock};

use crate::device_mapper::{self, Target};
use crate::partitions::Slot;

/// The device's name, as systemd's initrd calls it.
const NAME: &str = "root";

/// Makes the root's device of a slot. A block that does not match is a panic of the kernel, and so a restart.
///
/// # Errors
/// The slot has no verity tree, or the kernel does not take it.
pub(crate) fn open(slot: &Slot, root_hash: &RootHash) -> Result<PathBuf> {
    let mut block = [0; LENGTH];
    let tree = File::open(&slot.verity).and_then(|file| file.read_exact_at(&mut block, 0));
    tree.with_context(|| format!("cannot read {}", slot.verity.display()))?;
    let superblock = Superblock::parse(&block).context("the verity tree cannot be used")?;
    let parameters = parameters(slot, &superblock, root_hash);
    let sectors = superblock.data_blocks * (BLOCK as u64 / 512);
    let target = Target { kind: "verity", sectors, parameters: &parameters };
    let uuid = format!("CRYPT-VERITY-{}-{NAME}", hex::encode(superblock.uuid));
    let device =
        device_mapper::create(NAME, &uuid, &target).context("the kernel does not take its verity tree")?;
    let known_as = PathBuf::from("/dev/mapper").join(NAME);
    symlink(&device, &known_as).with_context(|| format!("cannot make {}", known_as.display()))?;
    // The device is there as soon as its name is.
    fs::metadata(&known_as).with_context(|| format!("{} does not appear", device.display()))?;
    Ok(known_as)
}

/// Version 1, data, hashes, lengths of their blocks, number of data blocks, first hash block (behind the
/// superblock's), algorithm, root hash, salt, one option.
fn parameters(slot: &Slot, superblock: &Superblock, root_hash: &RootHash) -> String {
    let salt = if superblock.salt.is_empty() { "-".to_owned() } else { hex::encode(&superblock.salt) };
    format!(
        "1 {} {} {BLOCK} {BLOCK} {} 1 sha256 {root_hash} {salt} 1 panic_on_corruption",
        slot.root.display(),
        slot.verity.display(),
        superblock.data_blocks,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_told_all_of_it() {
        let slot = Slot { root: "/dev/vda2".into(), verity: "/dev/vda3".into() };
        let hash = "5a".repeat(32);
        let mut superblock = Superblock { uuid: [7; 16], data_blocks: 300, salt: vec![0xab, 1] };
        let told = |superblock: &Superblock| parameters(&slot, superblock, &hash.parse().unwrap());
        assert_eq!(
            told(&superblock),
            format!("1 /dev/vda2 /dev/vda3 4096 4096 300 1 sha256 {hash} ab01 1 panic_on_corruption")
        );
        superblock.salt.clear();
        assert!(told(&superblock).contains(" - 1 panic"));
    }
}
