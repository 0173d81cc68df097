//! Where the bytes lie whose change a machine has to notice.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::lab::{Lab, run};

/// A partition of the image's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its unique id: 32 small hexadecimal digits.
    pub id: String,
    /// Where it starts, bytes.
    pub start: u64,
    /// How large it is, bytes.
    pub size: u64,
}

/// The image's partitions, in the order of the table.
///
/// # Errors
/// When the disk has no table that sfdisk can read.
pub fn partitions(lab: &Lab, disk: &Path) -> Result<Vec<Partition>> {
    let mut command = lab.command("sfdisk");
    let table: Value = serde_json::from_str(&run(command.arg("--json").arg(disk), "sfdisk")?)?;
    let table = &table["partitiontable"];
    let sector = table["sectorsize"].as_u64().context("no sector size")?;
    let bytes = |entry: &Value, key: &str| entry[key].as_u64().map(|count| count * sector);
    let parts = table["partitions"].as_array().context("no partitions")?;
    parts
        .iter()
        .map(|part| {
            let id = part["uuid"].as_str()?.replace('-', "").to_lowercase();
            Some(Partition { id, start: bytes(part, "start")?, size: bytes(part, "size")? })
        })
        .collect::<Option<_>>()
        .context("a partition without its place")
}

/// Where on the disk a byte of a program lies that every boot runs: the first of the root's systemd.
///
/// # Errors
/// When the root (the second partition) is no erofs with that program.
pub fn byte_of_root(lab: &Lab, disk: &Path) -> Result<u64> {
    let parts = partitions(lab, disk)?;
    let root = parts.get(1).context("no second partition")?;
    let mut command = lab.command("dump.erofs");
    command.arg(format!("--offset={}", root.start)).args(["-e", "--path=/usr/lib/systemd/systemd"]);
    let told = run(command.arg(disk), "dump.erofs")?;
    let within = first_extent(&told).with_context(|| format!("no extents in:\n{told}"))?;
    Ok(root.start + within)
}

/// A place in the middle of the first extent that dump.erofs lists.
fn first_extent(told: &str) -> Option<u64> {
    let line = told.lines().find(|line| line.trim_start().starts_with("0:"))?;
    // "0:        0..   12576 |   12576 :   28659712..  28663808 |    4096"
    let physical = line.rsplit(':').next()?.split('|').next()?;
    let (start, end) = physical.split_once("..")?;
    let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    (end > start).then_some(start.midpoint(end))
}

/// Where on the disk a byte from the middle of the signed kernel image lies.
///
/// # Errors
/// When the image's first partition does not hold the file.
pub fn byte_of_kernel_image(lab: &Lab, disk: &Path, kernel_image: &Path) -> Result<u64> {
    const BLOCK: usize = 512;
    let parts = partitions(lab, disk)?;
    let esp = parts.first().context("no first partition")?;
    let file = File::open(kernel_image).with_context(|| kernel_image.display().to_string())?;
    let middle = file.metadata()?.len() / 2 / BLOCK as u64 * BLOCK as u64;
    let mut wanted = [0; BLOCK];
    file.read_exact_at(&mut wanted, middle)?;
    ensure!(wanted.iter().any(|byte| *byte != wanted[0]), "the middle of the kernel image is empty");
    let disk = File::open(disk)?;
    let mut chunk = vec![0; 1 << 20];
    for at in (esp.start..esp.start + esp.size).step_by(chunk.len()) {
        let count = usize::try_from((esp.start + esp.size - at).min(chunk.len() as u64))?;
        disk.read_exact_at(&mut chunk[..count], at)?;
        if let Some(block) = chunk[..count].chunks(BLOCK).position(|block| block == wanted) {
            return Ok(at + (block * BLOCK + BLOCK / 2) as u64);
        }
    }
    anyhow::bail!("the ESP does not hold {}", kernel_image.display())
}

#[cfg(test)]
mod tests {
    use super::first_extent;

    #[test]
    fn the_first_extent_is_read_from_what_dump_erofs_prints() {
        let told = "Path : /usr/lib/systemd/systemd\n\n Ext:   logical offset   |  length :     physical offset    |  length\n   0:        0..   12576 |   12576 :   28659712..  28663808 |    4096\n   1:    12576..   21038 |    8462 :   28663808..  28667904 |    4096\n";
        assert_eq!(first_extent(told), Some(28_661_760));
        assert_eq!(first_extent("Path : /x\n"), None);
    }
}
