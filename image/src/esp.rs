//! The EFI system partition of a disk that is a file: its first partition, and the boot loader's entries on it, with
//! what makes up for one that gets lost.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};
use ota_boot::fat::Fat;
use ota_core::slots::entry::EntryName;

use crate::tools::Tools;

/// The folder of the boot loader's entries.
const ENTRIES: &str = "::/EFI/Linux";

/// The EFI system partition of a raw disk.
#[derive(Clone, Debug)]
pub struct Esp<'a> {
    tools: &'a Tools,
    disk: &'a Path,
    /// Where it begins, bytes.
    start: u64,
    /// File and offset, as mtools want them.
    at: String,
}

impl<'a> Esp<'a> {
    /// That of this disk.
    ///
    /// # Errors
    /// When the disk has no partitions.
    pub fn open(tools: &'a Tools, disk: &'a Path) -> Result<Self> {
        let table = tools.output("sfdisk", [Path::new("--json"), disk])?;
        let table: serde_json::Value = serde_json::from_str(&table)?;
        let start =
            table["partitiontable"]["partitions"][0]["start"].as_u64().context("the disk has no ESP")?;
        let start = start * 512;
        Ok(Self { tools, disk, start, at: format!("{}@@{start}", disk.display()) })
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

    /// Gives the folder of entries room for all that it will ever hold: one that grows is unreadable when the power
    /// goes between two writes to FAT's table. The box keeps it free ([`Fat::free_end`]). `empty` is a file without
    /// content.
    ///
    /// # Errors
    /// When the file system is full, or the folder is not there.
    pub fn give_room(&self, empty: &Path) -> Result<()> {
        // Each takes four places, for the three pieces of its name and itself; removed files leave theirs free.
        let names: Vec<String> =
            (10..40).map(|number| format!("{ENTRIES}/takes-places-in-this-folder-{number}")).collect();
        for name in &names {
            self.tools.output("mcopy", ["-i", &self.at, &empty.to_string_lossy(), name])?;
        }
        let arguments = ["-i", &self.at].into_iter().chain(names.iter().map(String::as_str));
        self.tools.output("mdel", arguments)?;
        let disk = File::options().read(true).write(true).open(self.disk)?;
        Fat::open_at(&disk, self.start)
            .and_then(|fat| fat.free_end(ENTRIES.trim_start_matches("::/")))
            .context("the folder of the boot loader's entries")
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// When there is no such entry.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.tools.output("mdel", ["-i", &self.at, &format!("{ENTRIES}/{name}")]).map(drop)
    }

    /// The one slot's entry.
    fn slot(&self) -> Result<EntryName> {
        let names = self.entries()?;
        let slots: Vec<EntryName> = names.iter().filter_map(|name| EntryName::parse(name)).collect();
        match <[EntryName; 1]>::try_from(slots) {
            Ok([slot]) => Ok(slot),
            Err(_) => bail!("the ESP should hold one slot's kernel image: {names:?}"),
        }
    }

    /// Makes the spare of a slot's kernel image, in the place of one that there is.
    fn put_spare(&self, slot: &EntryName) -> Result<()> {
        let (from, to) = (slot.to_string(), EntryName::spare(&slot.version));
        let [from, to] = [from, to].map(|name| format!("{ENTRIES}/{name}"));
        self.tools.output("mcopy", ["-o", "-i", &self.at, &from, &to]).map(drop)
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

/// Puts a kernel image in the place of the one slot's on the disk (raw), under its name, and makes its spare.
///
/// # Errors
/// When the disk has no ESP, or that does not hold just one slot's entry, or is full.
pub fn replace_uki(tools: &Tools, disk: &Path, uki: &Path) -> Result<()> {
    let esp = Esp::open(tools, disk)?;
    let slot = esp.slot()?;
    esp.put(&slot.to_string(), uki)?;
    esp.put_spare(&slot)
}

/// Makes the spare of the one slot's kernel image on the disk (raw): what makes up for its entry, should that get
/// lost (`ota_core::slots`).
///
/// # Errors
/// As [`replace_uki`].
pub fn add_spare(tools: &Tools, disk: &Path) -> Result<()> {
    let esp = Esp::open(tools, disk)?;
    esp.put_spare(&esp.slot()?)
}
