//! Every state in which a power cut can leave the disk while an update is installed and started.
//!
//! A disk keeps what was flushed, and of what was written since then any part, in any order. From the log of a
//! real update the disk is made as of every flush that changed partition table, boot partition or slots, and
//! looked at as firmware and loader would: which entry is started, is its kernel image whole, and does the slot
//! that it names hold the whole root and verity tree. Of what is written to the partition table or to the boot
//! partition between two flushes, content, folders and FAT's tables alike, random parts are left out, too. The data
//! partition is looked at by booting a sample.
//!
//! A rename whose two sectors are torn apart loses the entry. Then the loader starts the rescue system, which puts the
//! entry back from its spare: so what is started then is the spare's version, which has to be as whole.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ota_boot::digest::Hasher;
use ota_core::digest::Sha256;
use ota_core::slots::entry::{EntryName, RESCUE};
use ota_core::slots::order;
use ota_core::version::Version;

use crate::chance::Chance;
use crate::fat::{self, Fat};
use crate::gpt::{self, TableSectors};
use crate::lab::Lab;
use crate::tamper::{Partition, partitions};
use crate::write_log::{Entry, SECTOR, WriteLog};

/// A version that the box may start.
#[derive(Clone, Debug)]
pub struct Known {
    /// As the loader has it.
    pub version: String,
    /// Digest of the kernel image.
    kernel: Sha256,
    /// The halves of the root hash are the ids of the slot's partitions.
    root_hash: String,
    /// Size and digest of root and verity tree.
    parts: [(u64, Sha256); 2],
}

impl Known {
    /// What is in a kernel image, and in the folder of its image.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(version: &str, kernel: &Path, image: &Path) -> Result<Self> {
        let whole = |path: &Path| {
            let file = File::open(path).with_context(|| path.display().to_string())?;
            let size = file.metadata()?.len();
            Ok::<_, anyhow::Error>((size, digest(&file, 0, size)?))
        };
        let parts = ["root.raw", "verity.raw"].map(|name| whole(&image.join(name)));
        let [root, verity] = parts;
        Ok(Self {
            version: version.to_owned(),
            kernel: whole(kernel)?.1,
            root_hash: fs::read_to_string(image.join("roothash"))?.trim().to_owned(),
            parts: [root?, verity?],
        })
    }
}

/// What would be started after a power cut.
#[derive(Clone, Debug)]
pub struct State {
    /// How many flushes were done.
    pub flushes: usize,
    /// The version that would be started.
    pub boots: String,
    /// The loader's entries, the one that is started among them.
    pub entries: Vec<String>,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The states from which on the loader has other entries.
    pub states: Vec<State>,
    /// How many states were looked at.
    pub count: usize,
    /// How many flushes there were.
    pub flushes: usize,
}

impl Looked {
    /// What is started after a power cut that comes after so many flushes.
    ///
    /// # Panics
    /// Never with as many as there were: the first state is that of the first flush.
    #[must_use]
    pub fn after(&self, flushes: usize) -> &State {
        let before = self.states.iter().rfind(|state| state.flushes <= flushes);
        before.or(self.states.first()).expect("nothing was looked at")
    }
}

/// A disk before an update, and the log of what was written to it.
pub struct Replay<'a> {
    lab: &'a Lab,
    known: &'a [Known],
    before: PathBuf,
    log: PathBuf,
}

impl<'a> Replay<'a> {
    /// Of this raw disk and this log. One of the `known` versions has to be started at any time.
    #[must_use]
    pub fn new(lab: &'a Lab, known: &'a [Known], before: PathBuf, log: PathBuf) -> Self {
        Self { lab, known, before, log }
    }

    /// Looks at every state, and at `torn` random ones in each of the times between two flushes in which the boot
    /// partition was written.
    ///
    /// # Errors
    /// When after a power cut something else would be started than one of the known versions, whole.
    pub fn look(&self, torn: usize, chance: &mut Chance) -> Result<Looked> {
        let mut disk = Disk::begin(self.lab, &self.before)?;
        let mut table = TableSectors::of(&disk.file)?;
        let mut log = WriteLog::open(&self.log)?;
        let (mut states, mut count, mut flushes) = (Vec::<State>::new(), 0, 0);
        let mut unflushed = Vec::new();
        while let Some(entry) = log.next_entry()? {
            disk.apply(&entry)?;
            let flushed = entry.flushed;
            if disk.is_looked_at(&entry) {
                unflushed.push(entry);
            }
            if !flushed {
                continue;
            }
            flushes += 1;
            if unflushed.is_empty() {
                continue;
            }
            let context = |what: &str| format!("{what} flush {flushes} of {}", self.log.display());
            let state = disk.state(self.known, flushes).with_context(|| context("at"))?;
            count += 1;
            for _ in 0..torn {
                if table.tear(&unflushed, chance)? {
                    let torn = disk.state(self.known, flushes);
                    torn.with_context(|| context("with a torn partition table before"))?;
                    count += 1;
                }
            }
            table.mend(&unflushed)?;
            let boot = (disk.esp.start, disk.esp.size);
            let written: Vec<_> = unflushed.drain(..).filter(|e| e.touches(boot.0, boot.1)).collect();
            if !written.is_empty() {
                for _ in 0..torn {
                    disk.tear(&written, chance)?;
                    let torn = disk.state(self.known, flushes);
                    torn.with_context(|| context("in the middle of what came before"))?;
                    count += 1;
                }
                disk.mend(&written)?;
            }
            if states.last().is_none_or(|last| last.entries != state.entries) {
                states.push(state);
            }
        }
        ensure!(!states.is_empty(), "nothing was flushed");
        Ok(Looked { states, count, flushes })
    }

    /// Makes the disk as it was after so many flushes, in the format of a machine's.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn disk_after(&self, flushes: usize, machine: &crate::disk::Disk) -> Result<()> {
        let mut disk = Disk::begin(self.lab, &self.before)?;
        let mut log = WriteLog::open(&self.log)?;
        let mut done = 0;
        while done < flushes {
            let entry = log.next_entry()?.context("the log ends before that")?;
            disk.apply(&entry)?;
            done += usize::from(entry.flushed);
        }
        machine.replace(self.lab, &disk.path)
    }
}

/// The disk at one moment.
struct Disk {
    path: PathBuf,
    file: File,
    esp: Partition,
    /// Where partition table, boot partition and slots are: everything but the data.
    looked_at: Vec<(u64, u64)>,
    /// The boot partition as of the last flush that was looked at.
    flushed: File,
    /// How long the folder of the loader's entries is, once it was looked at, bytes.
    folder: Option<usize>,
    /// Digests of parts of slots that were not written since.
    digests: Vec<((u64, u64), Sha256)>,
}

impl Disk {
    fn begin(lab: &Lab, before: &Path) -> Result<Self> {
        let path = before.with_extension("state");
        let mut copy = lab.command("cp");
        crate::lab::run(copy.args(["--sparse=always", "--reflink=auto"]).args([before, &path]), "cp")?;
        let file = File::options().read(true).write(true).open(&path)?;
        let parts = partitions(lab, &path)?;
        let [esp, slots @ ..] = parts.get(..5).context("a box has an ESP and two slots")? else {
            bail!("no partitions");
        };
        let mut looked_at = Vec::from(gpt::places(&file)?);
        looked_at.push((esp.start, esp.size));
        looked_at.extend(slots.iter().map(|part| (part.start, part.size)));
        let flushed = before.with_extension("esp");
        let flushed = File::options().read(true).write(true).create(true).truncate(true).open(flushed)?;
        let esp = Partition { id: String::new(), ..*esp };
        let mut disk = Self { path, file, esp, looked_at, flushed, folder: None, digests: Vec::new() };
        disk.keep(disk.esp.start, disk.esp.size)?;
        Ok(disk)
    }

    fn is_looked_at(&self, entry: &Entry) -> bool {
        self.looked_at.iter().any(|(start, size)| entry.touches(*start, *size))
    }

    fn apply(&mut self, entry: &Entry) -> Result<()> {
        self.digests.retain(|((start, size), _)| !entry.touches(*start, *size));
        entry.apply(&self.file)
    }

    /// Remembers a part of the boot partition as it is now.
    fn keep(&mut self, start: u64, size: u64) -> Result<()> {
        copy(&self.file, start, &self.flushed, start - self.esp.start, size)
    }

    /// Does all that was `written` to the boot partition since the last flush, and undoes a random part of it.
    fn tear(&mut self, written: &[Entry], chance: &mut Chance) -> Result<()> {
        for entry in written {
            entry.apply(&self.file)?;
        }
        for entry in written {
            let (start, end) = self.within(entry);
            // Of some a part, as disks write sector by sector; most are there or not.
            let kept = chance.number() % 3;
            for at in (start..end).step_by(SECTOR as usize) {
                let there = match kept {
                    0 => false,
                    1 => true,
                    _ => chance.number().is_multiple_of(2),
                };
                if !there {
                    copy(&self.flushed, at - self.esp.start, &self.file, at, SECTOR)?;
                }
            }
        }
        Ok(())
    }

    /// Does all that was written again, and takes it for flushed.
    fn mend(&mut self, written: &[Entry]) -> Result<()> {
        for entry in written {
            entry.apply(&self.file)?;
        }
        for entry in written {
            let (start, end) = self.within(entry);
            self.keep(start, end - start)?;
        }
        Ok(())
    }

    fn within(&self, entry: &Entry) -> (u64, u64) {
        let end = self.esp.start + self.esp.size;
        (entry.at.max(self.esp.start), (entry.at + entry.length).min(end))
    }

    /// What firmware and loader would do with it, and the rescue system after them.
    fn state(&mut self, known: &[Known], flushes: usize) -> Result<State> {
        let parts = gpt::partitions(&self.file).context("the partition table")?;
        let disk = self.file.try_clone()?;
        let boot = Fat::open(&disk, self.esp.start).context("the boot partition")?;
        let (files, length) = boot.folder(&["EFI", "Linux"]).context("the boot partition")?;
        // A power cut while it grows would make it unreadable for the firmware.
        ensure!(*self.folder.get_or_insert(length) == length, "the folder of the loader's entries has grown");
        let entries: Vec<_> = files.iter().map(|file| file.name.clone()).collect();
        let told = |file: &fat::Entry| format!("{} of {entries:?}", file.name);
        let mut boots = None;
        for file in started(&files)? {
            let found = ota_boot::digest::sha256(&boot.read(file).with_context(|| told(file))?);
            let version = known.iter().find(|known| known.kernel == found);
            let version = version.with_context(|| format!("no whole kernel image: {}", told(file)))?;
            let named = named(file).is_none_or(|named| named.loader_form() == version.version);
            ensure!(named, "it is of {}: {}", version.version, told(file));
            self.has_slot(version, &parts).with_context(|| told(file))?;
            boots = Some(version.version.clone());
        }
        let boots = boots.with_context(|| format!("there is nothing to start: {entries:?}"))?;
        Ok(State { flushes, boots, entries })
    }

    /// Looks whether the slot of a version is whole.
    fn has_slot(&mut self, version: &Known, parts: &[Partition]) -> Result<()> {
        let halves = version.root_hash.split_at(version.root_hash.len() / 2);
        for (id, (size, wanted)) in [halves.0, halves.1].into_iter().zip(version.parts) {
            let part = parts.iter().find(|part| part.id == id).context("no slot with its root hash")?;
            ensure!(self.digest(part.start, size)? == wanted, "its slot is not whole");
        }
        Ok(())
    }

    fn digest(&mut self, start: u64, size: u64) -> Result<Sha256> {
        if let Some((_, known)) = self.digests.iter().find(|(part, _)| *part == (start, size)) {
            return Ok(*known);
        }
        let found = digest(&self.file, start, size)?;
        self.digests.push(((start, size), found));
        Ok(found)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for extension in ["state", "esp"] {
            // Missing is what is wanted.
            let _ = fs::remove_file(self.path.with_extension(extension));
        }
    }
}

/// The kernel images of which one is started: the loader's choice; an entry whose long name was torn off, which the
/// loader does not count and whose place in its order only its content tells; and where the loader would start the
/// rescue system, the spares that this puts back.
fn started(files: &[fat::Entry]) -> Result<Vec<&fat::Entry>> {
    let files: Vec<_> = files.iter().filter(|file| !file.is_empty()).collect();
    let mut started: Vec<_> = files.iter().copied().filter(|file| EntryName::is_stray(&file.name)).collect();
    let chosen = order::choose(files.iter().map(|file| file.name.as_str()));
    let chosen = chosen.context("there is not even the rescue system to start")?;
    ensure!(chosen.tries.is_none_or(|tries| tries.left > 0), "without a try left: {}", chosen.file);
    let is_entry = |file: &fat::Entry| EntryName::parse(&file.name).is_some();
    let has_entry =
        |spare: &fat::Entry| files.iter().any(|file| is_entry(file) && named(file) == named(spare));
    let is_started = |file: &&fat::Entry| match chosen.file == RESCUE {
        true => EntryName::spare_of(&file.name).is_some() && !has_entry(file),
        false => file.name == chosen.file,
    };
    started.extend(files.iter().copied().filter(is_started));
    Ok(started)
}

/// The version that an entry or a spare has in its name.
fn named(file: &fat::Entry) -> Option<Version> {
    let entry = EntryName::parse(&file.name).map(|entry| entry.version);
    entry.or_else(|| EntryName::spare_of(&file.name))
}

/// Copies a part of a file into another one.
fn copy(from: &File, at: u64, to: &File, to_at: u64, size: u64) -> Result<()> {
    let mut bytes = vec![0; usize::try_from(size.min(1 << 20))?];
    let mut done = 0;
    while done < size {
        let length = usize::try_from((size - done).min(bytes.len() as u64))?;
        from.read_exact_at(&mut bytes[..length], at + done)?;
        to.write_all_at(&bytes[..length], to_at + done)?;
        done += length as u64;
    }
    Ok(())
}

/// The digest of a part of a file.
fn digest(file: &File, start: u64, size: u64) -> Result<Sha256> {
    let mut hasher = Hasher::default();
    let mut bytes = vec![0; 1 << 20];
    let mut done = 0;
    while done < size {
        let length = usize::try_from((size - done).min(bytes.len() as u64))?;
        file.read_exact_at(&mut bytes[..length], start + done)?;
        hasher.update(&bytes[..length]);
        done += length as u64;
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what is started of these files, or why nothing is.
    fn names(files: &[(&str, usize)]) -> String {
        let files: Vec<_> = files.iter().map(|(name, size)| fat::Entry::with_name(name, *size)).collect();
        match started(&files) {
            Ok(started) => started.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_the_rescue_system_puts_back_is_started_and_nothing_without_a_try() {
        let (spare, rescue) = (("anya_0.1.0.spare", 9), (RESCUE, 9));
        assert_eq!(names(&[("anya_0.1.0+3.efi", 9), spare, rescue]), "anya_0.1.0+3.efi");
        assert_eq!(names(&[spare, rescue]), "anya_0.1.0.spare");
        assert_eq!(names(&[("anya_0.1.0+3.efi", 0), spare, rescue]), "anya_0.1.0.spare");
        assert_eq!(names(&[("anya_0.1.0+0-4.efi", 9), spare, rescue]), "", "it is not lost");
        assert_eq!(names(&[("ANYA_0~1.EFI", 9), rescue]), "ANYA_0~1.EFI");
        assert_eq!(names(&[("anya_0.1.0+0-4.efi", 9)]), "without a try left: anya_0.1.0+0-4.efi");
        assert_eq!(names(&[spare]), "there is not even the rescue system to start");
    }
}
