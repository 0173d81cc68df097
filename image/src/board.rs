//! Boards as data: `board-configs/<name>/board.toml`.
//!
//! A file may inherit from another one: tables are merged key by key, lists are added to the inherited
//! ones, and a single value replaces the inherited one. What is wrong in a file is told with the key that
//! is wrong and the file it stands in.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The folder of the boards in the checkout.
pub const FOLDER: &str = "board-configs";
/// The board that others inherit from; not one that is built.
const COMMON: &str = "common";
/// Room for three kernel images and the rescue system, each as large as it may be
/// ([`crate::inspect::KERNEL_IMAGE_LIMIT`]), for the boot loader, and for what FAT needs itself.
const LEAST_ESP_MIB: u32 = 128;

/// A kind of machine that an image is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name of its folder.
    pub name: String,
    /// What it is, in one line.
    pub description: String,
    /// What it runs on.
    pub architecture: Architecture,
    /// What was seen to work on it, a sentence each.
    #[serde(default)]
    pub verified: Vec<String>,
    /// The kernel.
    pub kernel: Kernel,
    /// Where people see the box's state.
    pub console: Console,
    /// The security chip.
    pub tpm: Tpm,
    /// How the disk is cut.
    pub slots: Slots,
    /// What is installed beyond the base.
    #[serde(default)]
    pub software: Software,
}

/// A processor architecture that images can be made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// 64-bit PCs.
    #[serde(rename = "x86_64")]
    X86_64,
}

impl Architecture {
    /// Debian's name for it.
    #[must_use]
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
        }
    }
}

/// The kernel, its modules and its command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// The Debian package.
    pub package: String,
    /// Modules in the root, as mkosi's patterns (`KernelModulesInclude=`).
    pub modules: Vec<String>,
    /// Modules in the initrd as well, out of those in the root.
    pub initrd_modules: Vec<String>,
    /// Words of the kernel's command line.
    pub command_line: Vec<String>,
}

/// Devices that show the box's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// The serial port, for example `ttyS0`.
    pub serial: String,
    /// The screen, for example `tty0`.
    pub screen: String,
}

/// What the board has for a TPM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tpm {
    /// Whether there is one.
    #[serde(rename = "use")]
    pub wanted: TpmUse,
}

/// Whether the data is sealed to a TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TpmUse {
    /// Sealed where there is one; else the data is not protected, and the web page says so.
    IfPresent,
    /// The board never has one.
    Never,
}

/// Sizes of the partitions, MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slots {
    /// The EFI system partition: room for three kernel images and the rescue system.
    pub esp_mib: u32,
    /// Each of the two root slots.
    pub root_mib: u32,
    /// The hash tree of each.
    pub verity_mib: u32,
}

/// What is installed beyond the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Software {
    /// Parts that not every box has.
    pub features: Vec<Feature>,
    /// Models that come with the image, by their folder's name.
    pub models: Vec<String>,
    /// Further Debian packages.
    pub packages: Vec<String>,
    /// Debian's archive components beside `main`.
    pub components: Vec<String>,
    /// Files of the packages that are left out, as mkosi's patterns (`RemoveFiles=`).
    pub leave_out: Vec<String>,
}

/// A part that not every box has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// Mesa's Vulkan drivers (Intel, AMD, and the software one) and the loader, which NVIDIA's finds too.
    Vulkan,
}

impl Board {
    /// Reads a board and all it inherits.
    ///
    /// # Errors
    /// When there is no such board, a file cannot be read, or a key is unknown, missing or of the wrong
    /// kind: the key is named, with the file.
    pub fn read(repository: &Path, name: &str) -> Result<Self> {
        let boards = names(repository)?;
        ensure!(
            boards.iter().any(|known| known == name),
            "there is no board `{name}`; the boards are: {}",
            boards.join(", ")
        );
        let file = repository.join(FOLDER).join(name).join("board.toml");
        let merged = merged(repository, name, &mut Vec::new())?;
        let board: Self = Value::Table(merged)
            .try_into()
            .map_err(|error: toml::de::Error| anyhow!("{}: {}", shown(&file), one_line(&error)))?;
        board.check().with_context(|| shown(&file))?;
        ensure!(
            board.name == name,
            "{}: `name` is `{}`, and the folder is `{name}`",
            shown(&file),
            board.name
        );
        Ok(board)
    }

    fn check(&self) -> Result<()> {
        let Slots { esp_mib, root_mib, verity_mib } = self.slots;
        ensure!(
            esp_mib >= LEAST_ESP_MIB,
            "`slots.esp_mib` is {esp_mib}: three kernel images and the rescue system need at least {LEAST_ESP_MIB}"
        );
        ensure!(root_mib >= 128, "`slots.root_mib` is {root_mib}: a root needs at least 128");
        // dm-verity with SHA-256 over blocks of 4096 bytes: one part in 127, and a superblock.
        let least = root_mib.div_ceil(127) + 1;
        ensure!(
            verity_mib >= least,
            "`slots.verity_mib` is {verity_mib}: the hash tree of {root_mib} MiB needs {least}"
        );
        for (key, words) in [
            ("kernel.command_line", &self.kernel.command_line),
            ("kernel.modules", &self.kernel.modules),
            ("kernel.initrd_modules", &self.kernel.initrd_modules),
            ("software.packages", &self.software.packages),
            ("software.models", &self.software.models),
            ("software.leave_out", &self.software.leave_out),
        ] {
            if let Some(word) =
                words.iter().find(|word| word.is_empty() || word.contains(char::is_whitespace))
            {
                return Err(anyhow!("`{key}` has {word:?}: one word each, without spaces"));
            }
        }
        Ok(())
    }

    /// Whether the board has a part.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        self.software.features.contains(&feature)
    }
}

/// The boards that can be built, sorted.
///
/// # Errors
/// When the folder of the boards cannot be read.
pub fn names(repository: &Path) -> Result<Vec<String>> {
    let folder = repository.join(FOLDER);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != COMMON && entry.path().join("board.toml").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A file's keys over those that it inherits.
fn merged(repository: &Path, name: &str, seen: &mut Vec<String>) -> Result<Table> {
    ensure!(!seen.iter().any(|one| one == name), "`inherits` goes in a circle: {} {name}", seen.join(" "));
    seen.push(name.to_owned());
    let file = repository.join(FOLDER).join(name).join("board.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", shown(&file)))?;
    let mut own: Table =
        text.parse().map_err(|error: toml::de::Error| anyhow!("{}: {}", shown(&file), one_line(&error)))?;
    let Some(from) = own.remove("inherits") else { return Ok(own) };
    let from =
        from.as_str().with_context(|| format!("{}: `inherits` is not a name", shown(&file)))?.to_owned();
    let mut base =
        merged(repository, &from, seen).with_context(|| format!("{}: `inherits`", shown(&file)))?;
    merge(&mut base, own, "").with_context(|| shown(&file))?;
    Ok(base)
}

fn merge(base: &mut Table, own: Table, path: &str) -> Result<()> {
    for (key, value) in own {
        let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(own)) => merge(base, own, &at)?,
            (Some(Value::Array(base)), Value::Array(own)) => base.extend(own),
            (Some(there), value) => {
                ensure!(
                    there.same_type(&value),
                    "`{at}` is {}, and the inherited one is {}",
                    value.type_str(),
                    there.type_str()
                );
                *there = value;
            }
            (None, value) => {
                base.insert(key, value);
            }
        }
    }
    Ok(())
}

/// A path as people write it: from the folder of the boards on.
fn shown(file: &Path) -> String {
    let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

fn one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
