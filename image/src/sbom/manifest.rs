//! `manifest.json`: what an image is, in numbers, for people and tools that compare images.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::debian::Installed;
use crate::lock::sha256_of;
use crate::tools::{self, Tools};

/// Programs of the tools tree whose version decides about the bytes of an image: the Debian package of each.
const TOOLS: &[&str] = &[
    "cryptsetup-bin",
    "dosfstools",
    "erofs-utils",
    "mkosi",
    "mtools",
    "sbsigntool",
    "systemd-boot-efi",
    "systemd-repart",
    "systemd-ukify",
];

/// The manifest of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The board's name.
    pub board: String,
    /// The image's version.
    pub version: String,
    /// The root hash of dm-verity, hexadecimal.
    pub root_hash: String,
    /// The commit that was built; nothing outside a git checkout.
    pub commit: Option<String>,
    /// Whether the checkout held changes beyond the commit.
    pub changed: bool,
    /// `SOURCE_DATE_EPOCH`: seconds since 1970.
    pub epoch: u64,
    /// The digest of the lock; nothing when the build was unlocked.
    pub lock: Option<String>,
    /// Versions of the tools, by Debian package.
    pub tools: BTreeMap<String, String>,
    /// The image's files: size in bytes and SHA-256.
    pub files: BTreeMap<String, File>,
    /// Debian packages in the root: name to version.
    pub packages: BTreeMap<String, String>,
    /// Debian packages in the initrd: name to version.
    pub initrd_packages: BTreeMap<String, String>,
}

/// A file of the image's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Size, bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Reads the manifest in an image's folder.
    ///
    /// # Errors
    /// When it is missing or not understood.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("manifest.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no manifest", file.display()))
    }

    /// Writes it into an image's folder, always in the same way.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("cannot write the manifest as JSON")? + "\n";
        fs::write(folder.join("manifest.json"), text).context("cannot write manifest.json")
    }

    /// The files of a folder that people take: names are those of the design, absent ones are left out.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn files(folder: &Path, names: &[&str]) -> Result<BTreeMap<String, File>> {
        let mut files = BTreeMap::new();
        for name in names {
            let path = folder.join(name);
            if let Ok(found) = fs::metadata(&path) {
                files.insert((*name).to_owned(), File { size: found.len(), sha256: sha256_of(&path)? });
            }
        }
        Ok(files)
    }
}

/// Names and versions of installed packages.
#[must_use]
pub fn versions(installed: &[Installed]) -> BTreeMap<String, String> {
    installed.iter().map(|package| (package.name.clone(), package.version.clone())).collect()
}

/// The versions of the tools that made the image.
///
/// # Errors
/// When the tools tree does not answer.
pub fn tool_versions(tools: &Tools) -> Result<BTreeMap<String, String>> {
    let mut command = tools.command("dpkg-query");
    command.args(["--show", "--showformat=${Package} ${Version}\\n"]).args(TOOLS);
    let listed = tools::output(&mut command, "dpkg-query")?;
    Ok(listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect())
}

/// The commit of a checkout, and whether there are changes beyond it; nothing where git knows none.
#[must_use]
pub fn commit(repository: &Path) -> Option<(String, bool)> {
    let git = |arguments: &[&str]| {
        let done = Command::new("git").args(arguments).current_dir(repository).output().ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain"])?;
    Some((commit, !changed.is_empty()))
}
