//! The lock: exactly which Debian packages an image is made of.
//!
//! One file an architecture, `image/lock/trixie-<architecture>.toml`, names every package that root and
//! initrd of any board take, with version, place in the archive, size and SHA-256. [`resolve`] writes it,
//! and is the one step that asks Debian what is new; there apt checks Debian's signatures. A build takes
//! what is locked and nothing else ([`pool`]): the hashes carry the trust from the update to the build, and
//! with a filled pool a build needs no network.

pub mod mirror;
pub mod pool;
pub mod repository;
pub mod resolve;
mod wanted;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

pub use mirror::Mirror;
pub use pool::Pool;
pub use resolve::update;
pub use wanted::Wanted;

/// Debian's release that images are made of.
pub const RELEASE: &str = "trixie";

const HEAD: &str =
    "# The Debian packages that images are made of. Written by `image lock --update`; do not edit.\n\n";

/// All locked packages of an architecture, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Debian's release.
    pub release: String,
    /// Debian's name of the architecture.
    pub architecture: String,
    /// The packages.
    #[serde(rename = "package", default)]
    pub packages: Vec<Package>,
}

/// One package file of Debian's archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, with the epoch.
    pub version: String,
    /// Its architecture; `all` where it fits every one.
    pub architecture: String,
    /// Which of Debian's archives has it.
    #[serde(default, skip_serializing_if = "Archive::is_debian")]
    pub archive: Archive,
    /// The path in the archive: `pool/…/x.deb`.
    pub file: String,
    /// Size of the file, bytes.
    pub size: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// Debian's two archives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Archive {
    /// The release and its updates.
    #[default]
    Debian,
    /// Security updates between point releases.
    Security,
}

impl Archive {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_debian(&self) -> bool {
        *self == Self::Debian
    }
}

impl Lock {
    /// Where the lock of an architecture lies in a checkout.
    #[must_use]
    pub fn path(repository: &Path, architecture: &str) -> PathBuf {
        repository.join("image/lock").join(format!("{RELEASE}-{architecture}.toml"))
    }

    /// Reads a lock.
    ///
    /// # Errors
    /// When the file is missing or is no lock: with the command that makes one.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read {shown}; `image lock --update` makes it"))?;
        Self::parse(&text).with_context(|| format!("{shown} is no lock; `image lock --update` makes it anew"))
    }

    /// Reads a lock's text.
    ///
    /// # Errors
    /// When a key is unknown or missing, or a package could lead outside the pool.
    pub fn parse(text: &str) -> Result<Self> {
        let lock: Self = toml::from_str(text)?;
        for package in &lock.packages {
            package.check().with_context(|| format!("package {}", package.name))?;
        }
        Ok(lock)
    }

    /// Writes the lock, sorted, so that an update shows as the packages that changed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        fs::create_dir_all(path.parent().context("a lock lies in a folder")?)?;
        fs::write(path, self.text()?).with_context(|| format!("cannot write {}", path.display()))
    }

    fn text(&self) -> Result<String> {
        let mut sorted = self.clone();
        sorted.packages.sort();
        Ok(format!("{HEAD}{}", toml::to_string(&sorted).context("cannot write the lock as TOML")?))
    }

    /// A name for exactly these packages: 16 hexadecimal digits.
    ///
    /// # Panics
    /// Never: every lock can be written as TOML.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(self.text().expect("a lock is strings and numbers").as_bytes())[..16].to_owned()
    }

    /// The package of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// What another lock has that this one has not, a line each: `libc6 2.41-11 -> 2.41-12`.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for package in &new.packages {
            match self.find(&package.name) {
                None => lines.push(format!("{} {} is new", package.name, package.version)),
                Some(old) if old.version != package.version => {
                    lines.push(format!("{} {} -> {}", package.name, old.version, package.version));
                }
                Some(old) if old != package => {
                    lines.push(format!("{} {} is another file", package.name, package.version))
                }
                Some(_) => {}
            }
        }
        lines.extend(
            self.packages
                .iter()
                .filter(|old| new.find(&old.name).is_none())
                .map(|old| format!("{} {} is gone", old.name, old.version)),
        );
        lines
    }
}

impl Package {
    /// The file's own name: `name_version_architecture.deb`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }

    fn check(&self) -> Result<()> {
        let parts: Vec<&str> = self.file.split('/').collect();
        ensure!(
            parts.len() > 1
                && parts[0] == "pool"
                && parts.iter().all(|part| !matches!(*part, "" | "." | "..")),
            "`file` is {:?}, not a path in Debian's pool",
            self.file
        );
        ensure!(
            self.file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._+-~%:".contains(&byte)),
            "`file` is {:?}: that is no name of Debian's archive",
            self.file
        );
        ensure!(
            self.sha256.len() == 64 && self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "`sha256` is {:?}, not 64 hexadecimal digits",
            self.sha256
        );
        Ok(())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256_of(file: &Path) -> Result<String> {
    use std::io::Read as _;
    let mut opened = fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 17];
    loop {
        match opened.read(&mut buffer).with_context(|| format!("cannot read {}", file.display()))? {
            0 => return Ok(hex::encode(context.finish())),
            read => context.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests;
