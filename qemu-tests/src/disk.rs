//! A machine's folder: its disk, a qcow2 overlay over a built image, with the variable store of its
//! firmware and the state of its TPM. What a real box keeps over a power cut is in here and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use image::esp::Esp;
use ota_core::slots::entry::EntryName;

use crate::arguments::WRITE_LOG;
use crate::lab::{Lab, run};

/// The size to which the image's disk is grown: room for slot B and for data.
pub(crate) const SIZE: &str = "6G";

/// What a copy of a machine takes along.
const FILES: [&str; 2] = ["disk.qcow2", "vars.qcow2"];

/// What the disk lies over.
const BASE: &str = "base.raw";

/// The folder of one machine.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// A new machine named `name` whose disk holds `base`, with empty firmware variables and no TPM yet.
    ///
    /// # Errors
    /// When the folder or the files cannot be made.
    pub fn new(lab: &Lab, name: &str, base: &Path) -> Result<Self> {
        let disk = Self::empty(lab, name)?;
        // A link of its own: an image that is built anew must not change under a disk that lies over it.
        link_or_copy(lab, base, &disk.folder.join(BASE))?;
        let mut create = lab.command("qemu-img");
        create.current_dir(&disk.folder).args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b", BASE]);
        run(create.args(["disk.qcow2", SIZE]), "qemu-img create")?;
        // qcow2, so that a snapshot can hold the variables too.
        let mut variables = lab.command("qemu-img");
        variables.args(["convert", "-f", "raw", "-O", "qcow2", "/usr/share/OVMF/OVMF_VARS_4M.fd"]);
        run(variables.arg(disk.folder.join("vars.qcow2")), "qemu-img convert")?;
        Ok(disk)
    }

    /// A copy of this machine, which must be switched off: disk, variables and the TPM `tpm`.
    ///
    /// # Errors
    /// When something cannot be copied.
    pub fn copy(&self, lab: &Lab, name: &str) -> Result<Self> {
        let copy = Self::empty(lab, name)?;
        for file in FILES {
            fs::copy(self.folder.join(file), copy.folder.join(file)).with_context(|| file.to_owned())?;
        }
        link_or_copy(lab, &self.folder.join(BASE), &copy.folder.join(BASE))?;
        let tpm = self.folder.join("tpm");
        if tpm.exists() {
            fs::create_dir(copy.folder.join("tpm"))?;
            for entry in fs::read_dir(tpm)? {
                let entry = entry?;
                fs::copy(entry.path(), copy.folder.join("tpm").join(entry.file_name()))?;
            }
        }
        Ok(copy)
    }

    fn empty(lab: &Lab, name: &str) -> Result<Self> {
        let folder = lab.runs().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The machine's name.
    ///
    /// # Panics
    /// Never: the folder was made from a name.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.file_name().expect("made from a name").to_string_lossy().into_owned()
    }

    /// Removes what is large and leaves the logs.
    pub fn discard(&self) {
        for file in FILES.into_iter().chain([BASE, WRITE_LOG]) {
            // Missing is what is wanted.
            let _ = fs::remove_file(self.folder.join(file));
        }
    }

    /// The disk of a machine that is switched off as a raw file beside it, which is the caller's to remove.
    ///
    /// # Errors
    /// When the disk cannot be converted.
    pub fn raw_copy(&self, lab: &Lab, name: &str) -> Result<PathBuf> {
        let raw = self.folder.join(name);
        let mut command = lab.command("qemu-img");
        command
            .args(["convert", "-q", "-f", "qcow2", "-O", "raw"])
            .arg(self.folder.join("disk.qcow2"))
            .arg(&raw);
        run(&mut command, "qemu-img convert")?;
        Ok(raw)
    }

    /// Puts a raw disk in the place of that of a machine that is switched off.
    ///
    /// # Errors
    /// When the disk cannot be converted.
    pub fn replace(&self, lab: &Lab, raw: &Path) -> Result<()> {
        let mut command = lab.command("qemu-img");
        command
            .args(["convert", "-q", "-f", "raw", "-O", "qcow2"])
            .arg(raw)
            .arg(self.folder.join("disk.qcow2"));
        run(&mut command, "qemu-img convert").map(drop)
    }

    /// The log of what was written to the disk of a machine that kept one.
    #[must_use]
    pub fn write_log(&self) -> PathBuf {
        self.folder.join(WRITE_LOG)
    }

    /// Turns every bit of one byte of the disk of a machine that is switched off.
    ///
    /// # Errors
    /// When `qemu-io` cannot read or write there, or the byte did not change.
    pub fn flip(&self, lab: &Lab, offset: u64) -> Result<()> {
        let before = self.byte(lab, offset)?;
        self.io(lab, &format!("write -q -P {:#x} {offset} 1", !before))?;
        let after = self.byte(lab, offset)?;
        ensure!(after == !before, "the byte at {offset} is {after:#x}, and was {before:#x}");
        Ok(())
    }

    /// Puts another kernel image on the disk of a machine that is switched off.
    ///
    /// # Errors
    /// When the disk cannot be converted, or its ESP does not hold just one slot's kernel image.
    pub fn put_kernel_image(&self, lab: &Lab, uki: &Path) -> Result<()> {
        self.as_raw(lab, |raw| image::esp::replace_uki(lab.tools(), raw, uki))
    }

    /// The boot loader's entries on the disk of a machine that is switched off.
    ///
    /// # Errors
    /// When the disk cannot be converted, or has no boot partition.
    pub fn entries(&self, lab: &Lab) -> Result<Vec<String>> {
        let raw = self.raw_copy(lab, "disk.raw")?;
        let entries = Esp::open(lab.tools(), &raw)?.entries();
        fs::remove_file(&raw).context("cannot remove the raw copy of the disk")?;
        entries
    }

    /// Gives entries of the boot loader other names, on the disk of a machine that is switched off. `new` makes
    /// them of the old ones.
    ///
    /// # Errors
    /// When the disk cannot be converted, or an entry cannot be renamed.
    pub fn rename_entries(&self, lab: &Lab, new: impl Fn(&EntryName) -> EntryName) -> Result<()> {
        self.as_raw(lab, |raw| {
            let esp = Esp::open(lab.tools(), raw)?;
            for entry in esp.entries()?.iter().filter_map(|name| EntryName::parse(name)) {
                esp.rename(&entry.to_string(), &new(&entry).to_string())?;
            }
            Ok(())
        })
    }

    /// Removes the slots' entries, as power cuts can, from the disk of a machine that is switched off.
    ///
    /// # Errors
    /// When the disk cannot be converted, or an entry cannot be removed.
    pub fn lose_entries(&self, lab: &Lab) -> Result<()> {
        self.as_raw(lab, |raw| {
            let esp = Esp::open(lab.tools(), raw)?;
            let entries = esp.entries()?;
            entries
                .iter()
                .filter(|name| EntryName::parse(name).is_some())
                .try_for_each(|name| esp.remove(name))
        })
    }

    /// Changes the disk in the format that other tools read.
    fn as_raw(&self, lab: &Lab, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let raw = self.raw_copy(lab, "disk.raw")?;
        change(&raw)?;
        self.replace(lab, &raw)?;
        fs::remove_file(&raw).context("cannot remove the raw copy of the disk")
    }

    fn byte(&self, lab: &Lab, offset: u64) -> Result<u8> {
        // "00000000:  5a  Z", then how long it took.
        let told = self.io(lab, &format!("read -v {offset} 1"))?;
        let digits =
            told.split_once(':').map(|(_, rest)| rest.trim_start().chars().take(2).collect::<String>());
        u8::from_str_radix(&digits.unwrap_or_default(), 16).with_context(|| format!("qemu-io said {told:?}"))
    }

    fn io(&self, lab: &Lab, request: &str) -> Result<String> {
        let mut command = lab.command("qemu-io");
        command.args(["-f", "qcow2", "-c", request]).arg(self.folder.join("disk.qcow2"));
        run(&mut command, "qemu-io")
    }
}

/// Gives a file a second name, or makes a sparse copy where the two are on different file systems.
fn link_or_copy(lab: &Lab, from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let mut copy = lab.command("cp");
    run(copy.arg("--sparse=always").args([from, to]), "cp").map(drop)
}
