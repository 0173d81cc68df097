//! Names for partitions, as udev gives them in a running system: `/dev/disk/by-partuuid` and `/dev/disk/by-partlabel`,
//! by each disk's partition table. The root's udev goes on with them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ota_boot::gpt::{self, BlockDevice, Partition};
use ota_core::digest::RootHash;
use root_side::block;

const BY_ID: &str = "dev/disk/by-partuuid";
const BY_LABEL: &str = "dev/disk/by-partlabel";

/// The slot that holds a root: two partitions, whose ids are the halves of the root hash (UAPI.2, Discoverable
/// Partitions Specification).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) root: PathBuf,
    pub(crate) verity: PathBuf,
}

/// The slot with this root, on whichever disk has it; none as long as there is none.
pub(crate) fn slot_of(root: &Path, root_hash: &RootHash) -> Option<Slot> {
    name_all(root);
    let device = |id: uuid::Uuid| fs::canonicalize(root.join(BY_ID).join(id.to_string())).ok();
    Some(Slot { root: device(root_hash.root_uuid())?, verity: device(root_hash.verity_uuid())? })
}

/// Names every partition that has no name yet. What cannot be read now may be there the next time.
pub(crate) fn name_all(root: &Path) {
    for disk in block::disks(root) {
        let partitions: Vec<_> = block::partitions(&disk)
            .filter_map(|at| Some((block::number(&at)?, block::device(root, &at)?)))
            .collect();
        if partitions.is_empty() {
            continue;
        }
        for entry in table(root, &disk).unwrap_or_default() {
            let Some((_, device)) = partitions.iter().find(|(number, _)| *number == entry.number) else {
                continue;
            };
            name(&root.join(BY_ID), &entry.uuid.to_string(), device);
            // Labels are anybody's words.
            if !entry.label.is_empty() && entry.label.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                name(&root.join(BY_LABEL), &entry.label, device);
            }
        }
    }
}

fn table(root: &Path, disk: &Path) -> Option<Vec<Partition>> {
    let sector = fs::read_to_string(disk.join("queue/logical_block_size")).ok()?.trim().parse().ok()?;
    let disk = File::open(block::device(root, disk)?).ok()?;
    gpt::partitions(&BlockDevice::new(disk, sector).ok()?).ok()
}

/// The first partition of a name keeps it.
fn name(folder: &Path, name: &str, device: &Path) {
    let link = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        symlink(device, folder.join(name))
    };
    // It is there already, or `/dev` takes no links: who looks for it finds that out.
    let _ = link();
}
