//! `image inspect`: what an image holds, read from the disk itself.
//!
//! The partition table is read with `sfdisk`, kernel images are taken from the EFI system partition with
//! `mtools` and looked into with `ukify` and `sbverify`, all in the tools tree. What only the build knows
//! (the packages) comes from `manifest.json` beside the disk, where there is one.

mod disk;
mod entries;
mod root;
mod show;
pub mod uki;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

pub use disk::{Partition, Spare};
pub use root::Root;
pub use uki::KernelImage;

use crate::sbom::Manifest;
use crate::tools::Tools;

/// What the root may take without GPU stack and models, bytes.
pub const ROOT_LIMIT: u64 = 120 << 20;
/// What a kernel image may take, bytes.
pub const KERNEL_IMAGE_LIMIT: u64 = 30 << 20;

/// Where the disk's folder appears in the tools tree.
const SEEN_AS: &str = "/mnt";

/// What was found in an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The disk's file.
    pub disk: PathBuf,
    /// Its size, bytes.
    pub size: u64,
    /// Bytes of it that hold something: the file is sparse.
    pub size_on_disk: u64,
    /// The partitions, in their order.
    pub partitions: Vec<Partition>,
    /// The root of slot A.
    pub root: Root,
    /// The kernel images on the EFI system partition, the rescue system among them.
    pub kernel_images: Vec<KernelImage>,
    /// What makes up for an entry that gets lost.
    pub spares: Vec<Spare>,
    /// What the build tells of itself; nothing for a disk alone.
    pub manifest: Option<Manifest>,
    /// What is not as it should be, a sentence each.
    pub faults: Vec<String>,
}

/// Looks into an image: a folder that `image build` made, or a disk.
///
/// # Errors
/// When it is no image, or a tool fails.
pub fn inspect(tools: &Tools, image: &Path) -> Result<Report> {
    let disk = if image.is_dir() { image.join("disk.raw") } else { image.to_owned() };
    let found = fs::metadata(&disk)
        .with_context(|| format!("there is no image at {}: `image build` makes one", image.display()))?;
    ensure!(found.is_file(), "{} is no file", disk.display());
    let disk = fs::canonicalize(&disk)?;
    let folder = disk.parent().context("a disk lies in a folder")?;
    let tools = tools.clone().with_folder(folder, Path::new(SEEN_AS));
    let seen = Path::new(SEEN_AS).join(disk.file_name().context("a disk has a name")?);
    let partitions = disk::partitions(&tools, &seen)?;
    let manifest = folder.join("manifest.json").exists().then(|| Manifest::read(folder)).transpose()?;
    let root = root::look(&tools, &disk, &seen, &partitions)?;
    let entries = disk::Entries::open(&tools, &seen, &partitions);
    let mut report = Report {
        size: found.len(),
        size_on_disk: std::os::unix::fs::MetadataExt::blocks(&found) * 512,
        disk,
        partitions,
        root,
        kernel_images: entries.kernel_images()?,
        spares: entries.spares()?,
        manifest,
        faults: Vec::new(),
    };
    report.faults = report.find_faults();
    Ok(report)
}

impl Report {
    /// The report for people.
    #[must_use]
    pub fn table(&self) -> String {
        show::table(self)
    }

    /// Whether the root's limit holds for it: boards with a GPU stack have none.
    #[must_use]
    pub fn root_is_limited(&self) -> bool {
        self.manifest.as_ref().is_none_or(|manifest| !manifest.packages.contains_key("mesa-vulkan-drivers"))
    }

    fn find_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let root = &self.root;
        if self.root_is_limited() && root.used - root.models > ROOT_LIMIT {
            faults.push(format!(
                "the root takes {} without the models, more than {}",
                show::mib(root.used - root.models),
                show::mib(ROOT_LIMIT)
            ));
        }
        faults.extend(entries::find_faults(self));
        if let Some(manifest) = self.manifest.as_ref().filter(|manifest| manifest.root_hash != root.hash) {
            faults.push(format!("manifest.json tells of another root: {}", manifest.root_hash));
        }
        faults
    }
}

#[cfg(test)]
mod tests;
