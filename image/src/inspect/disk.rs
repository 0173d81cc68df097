//! The partition table, and the kernel images on the EFI system partition.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::uki::{self, KernelImage};
use crate::tools::Tools;

/// Types of partitions (UAPI.2 Discoverable Partitions Specification).
const TYPES: &[(&str, &str)] = &[
    ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", ESP),
    ("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", ROOT),
    ("2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5", VERITY),
    ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", "data"),
];
pub(super) const ESP: &str = "esp";
pub(super) const ROOT: &str = "root";
pub(super) const VERITY: &str = "root-verity";

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its label.
    pub label: String,
    /// `esp`, `root`, `root-verity`, `data`, or the type's own id.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Where it begins, bytes.
    pub start: u64,
    /// Its size, bytes.
    pub size: u64,
}

#[derive(Deserialize)]
struct Printed {
    partitiontable: PrintedTable,
}

#[derive(Deserialize)]
struct PrintedTable {
    label: String,
    sectorsize: u64,
    #[serde(default)]
    partitions: Vec<PrintedPartition>,
}

#[derive(Deserialize)]
struct PrintedPartition {
    start: u64,
    size: u64,
    #[serde(rename = "type")]
    kind: String,
    uuid: String,
    #[serde(default)]
    name: String,
}

pub(super) fn partitions(tools: &Tools, disk: &Path) -> Result<Vec<Partition>> {
    let printed = tools
        .output("sfdisk", [Path::new("--json"), disk])
        .context("the file has no partition table: is it the disk of an image?")?;
    from_sfdisk(&printed)
}

pub(super) fn from_sfdisk(printed: &str) -> Result<Vec<Partition>> {
    let printed: Printed = serde_json::from_str(printed).context("cannot read what sfdisk printed")?;
    let table = printed.partitiontable;
    ensure!(table.label == "gpt", "the disk's partition table is {}, not GPT", table.label);
    let known = |id: &str| TYPES.iter().find(|(known, _)| *known == id).map(|(_, name)| (*name).to_owned());
    Ok(table
        .partitions
        .into_iter()
        .map(|partition| Partition {
            label: partition.name,
            kind: known(&partition.kind).unwrap_or(partition.kind),
            id: partition.uuid.to_lowercase(),
            start: partition.start * table.sectorsize,
            size: partition.size * table.sectorsize,
        })
        .collect())
}

/// Takes every kernel image from the EFI system partition and looks into it.
pub(super) fn kernel_images(
    tools: &Tools,
    disk: &Path,
    partitions: &[Partition],
) -> Result<Vec<KernelImage>> {
    let Some(esp) = partitions.iter().find(|partition| partition.kind == ESP) else { return Ok(Vec::new()) };
    let at = format!("{}@@{}", disk.display(), esp.start);
    // A disk that holds no folder of kernel images has none.
    let listed = tools.output("mdir", ["-i", &at, "-b", "::/EFI/Linux"]).unwrap_or_default();
    let work = tempfile::tempdir().context("cannot make a temporary folder")?;
    let seen = Path::new("/srv");
    let tools = tools.clone().with_folder(work.path(), seen);
    let mut images = Vec::new();
    for path in listed.lines().filter(|line| line.to_lowercase().ends_with(".efi")) {
        let name = path.rsplit('/').next().unwrap_or(path);
        tools
            .output("mcopy", ["-n", "-i", &at, path, &seen.join("image.efi").display().to_string()])
            .with_context(|| format!("cannot read {name} from the EFI system partition"))?;
        let file = work.path().join("image.efi");
        let size = std::fs::metadata(&file)?.len();
        images.push(uki::look(&tools, &seen.join("image.efi"), name, size)?);
        std::fs::remove_file(&file)?;
    }
    images.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(images)
}
