//! The EFI system partition of a disk that is a file: its first partition, and the boot loader's entries on it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use ota_core::slots::entry::EntryName;

use crate::tools::Tools;

/// The folder of the boot loader's entries.
const ENTRIES: &str = "::/EFI/Linux";

/// The EFI system partition of a raw disk.
#[derive(Clone, Debug)]
pub struct Esp<'a> {
    tools: &'a Tools,
    /// File and offset, as mtools want them.
    at: String,
}

impl<'a> Esp<'a> {
    /// That of this disk.
    ///
    /// # Errors
    /// When the disk has no partitions.
    pub fn open(tools: &'a Tools, disk: &Path) -> Result<Self> {
        let table = tools.output("sfdisk", [Path::new("--json"), disk])?;
        let table: serde_json::Value = serde_json::from_str(&table)?;
        let start =
            table["partitiontable"]["partitions"][0]["start"].as_u64().context("the disk has no ESP")?;
        Ok(Self { tools, at: format!("{}@@{}", disk.display(), start * 512) })
    }

    /// The names of the boot loader's entries, sorted.
    ///
    /// # Errors
    /// When the folder is missing.
    pub fn entries(&self) -> Result<Vec<String>> {
        let listed = self.tools.output("mdir", ["-i", &self.at, "-b", ENTRIES])?;
        let names = listed.lines().filter_map(|line| line.rsplit('/').next());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".efi")).map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// Puts a file there as an entry, in the place of one of that name.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn put(&self, name: &str, file: &Path) -> Result<()> {
        let to = format!("{ENTRIES}/{name}");
        self.tools.output("mcopy", ["-o", "-i", &self.at, &file.to_string_lossy(), &to]).map(drop)
    }

    /// Gives an entry another name.
    ///
    /// # Errors
    /// When there is no such entry, or one of the new name.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (format!("{ENTRIES}/{from}"), format!("{ENTRIES}/{to}"));
        self.tools.output("mren", ["-i", &self.at, &from, &to]).map(drop)
    }
}

/// Puts a kernel image in the place of the one slot's on the disk (raw), under its name.
///
/// # Errors
/// When the disk has no ESP, or that does not hold just one slot's entry.
pub fn replace_uki(tools: &Tools, disk: &Path, uki: &Path) -> Result<()> {
    let esp = Esp::open(tools, disk)?;
    let mut slots = esp.entries()?;
    slots.retain(|name| EntryName::parse(name).is_some());
    ensure!(slots.len() == 1, "the ESP should hold one slot's kernel image: {slots:?}");
    esp.put(&slots[0], uki)
}
