//! The partition table, and the kernel images on the EFI system partition.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::uki::{self, KernelImage};
use crate::lock::sha256_of;
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

/// A second copy of a slot's kernel image, which makes up for an entry that gets lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spare {
    /// Its file name on the EFI system partition.
    pub name: String,
    /// The entry of the same content.
    pub of: Option<String>,
}

/// The folder of the boot loader's entries.
pub(super) struct Entries<'a> {
    tools: &'a Tools,
    /// File and offset, as mtools want them.
    at: String,
    /// The paths of its files.
    paths: Vec<String>,
}

/// Where a file of it appears in the tools tree.
const SEEN: &str = "/srv";

impl<'a> Entries<'a> {
    /// That of this disk. A disk that holds no such folder has no entries.
    pub(super) fn open(tools: &'a Tools, disk: &Path, partitions: &[Partition]) -> Self {
        let Some(esp) = partitions.iter().find(|partition| partition.kind == ESP) else {
            return Self { tools, at: String::new(), paths: Vec::new() };
        };
        let at = format!("{}@@{}", disk.display(), esp.start);
        let listed = tools.output("mdir", ["-i", &at, "-b", "::/EFI/Linux"]).unwrap_or_default();
        Self { tools, at, paths: listed.lines().map(str::to_owned).collect() }
    }

    /// Takes every kernel image from it and looks into it.
    pub(super) fn kernel_images(&self) -> Result<Vec<KernelImage>> {
        let mut images = Vec::new();
        for path in self.that_end_in(".efi") {
            let look = |tools: &Tools, seen: &Path, file: &Path| {
                uki::look(tools, seen, name(path), std::fs::metadata(file)?.len())
            };
            images.push(self.taken(path, look)?);
        }
        images.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(images)
    }

    /// The spares, and of which entry each is.
    pub(super) fn spares(&self) -> Result<Vec<Spare>> {
        let digest = |path: &str| self.taken(path, |_, _, file| sha256_of(file));
        let mut spares = Vec::new();
        for path in self.that_end_in(".spare") {
            let (wanted, mut of) = (digest(path)?, None);
            for entry in self.that_end_in(".efi") {
                if digest(entry)? == wanted {
                    of = Some(name(entry).to_owned());
                }
            }
            spares.push(Spare { name: name(path).to_owned(), of });
        }
        Ok(spares)
    }

    fn that_end_in(&self, ending: &str) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str).filter(move |path| path.to_lowercase().ends_with(ending))
    }

    /// What is found in a file, which is copied out of the partition: where the tools see it, and where it is.
    fn taken<T>(&self, path: &str, look: impl FnOnce(&Tools, &Path, &Path) -> Result<T>) -> Result<T> {
        let work = tempfile::tempdir().context("cannot make a temporary folder")?;
        let tools = self.tools.clone().with_folder(work.path(), Path::new(SEEN));
        let seen = Path::new(SEEN).join("image.efi");
        tools
            .output("mcopy", ["-n", "-i", &self.at, path, &seen.display().to_string()])
            .with_context(|| format!("cannot read {} from the EFI system partition", name(path)))?;
        look(&tools, &seen, &work.path().join("image.efi"))
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
