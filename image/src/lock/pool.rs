//! The locked package files, downloaded once and kept in the cache.
//!
//! Files lie in `<cache>/image/pool` under their own names. Several builds may fill it at once: each
//! downloads into a folder of its own and puts finished, checked files in their place by renaming. Every
//! file is checked (size, SHA-256) each time that a build takes it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Lock, Mirror, Package, repository, sha256_of};
use crate::places::Places;
use crate::tools::{self, Tools, eprintln_progress};

/// Package files in the cache.
#[derive(Clone, Debug)]
pub struct Pool {
    folder: PathBuf,
}

impl Pool {
    /// The pool of the tool's cache.
    #[must_use]
    pub fn in_cache(places: &Places) -> Self {
        Self::at(places.images().join("pool"))
    }

    /// A pool in some folder, which programs of the tools tree must see.
    #[must_use]
    pub const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Downloads what is missing, checks all, and gives a repository of exactly the locked packages: the
    /// only source of a build, without a network. mkosi takes it as `LocalMirror=file://<folder>`; its
    /// name is the lock's digest, and mkosi's own caches have to be kept apart by that name too, since
    /// mkosi does not look at what a mirror holds.
    ///
    /// The mirror is asked for only when something is missing.
    ///
    /// # Errors
    /// When the mirror has a package no more (all such are named, with the cure), or a file is not what
    /// the lock says.
    pub fn fill(&self, lock: &Lock, tools: &Tools) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let missing = self.missing(lock)?;
        if !missing.is_empty() {
            self.download(&missing, &Mirror::of_this_machine()?, tools)?;
        }
        repository::ready(&self.folder, lock, tools)
    }

    /// Which packages are not there. A file that is not what the lock says is removed.
    fn missing<'a>(&self, lock: &'a Lock) -> Result<Vec<&'a Package>> {
        let mut missing = Vec::new();
        for package in &lock.packages {
            let file = self.folder.join(package.file_name());
            match fault(&file, package)? {
                None => {}
                Some(Fault::Absent) => missing.push(package),
                Some(Fault::Other(_)) => {
                    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
                    missing.push(package);
                }
            }
        }
        Ok(missing)
    }

    fn download(&self, missing: &[&Package], mirror: &Mirror, tools: &Tools) -> Result<()> {
        let bytes: u64 = missing.iter().map(|package| package.size).sum();
        eprintln_progress(&format!(
            "Fetching {} Debian packages ({} MB)",
            missing.len(),
            bytes.div_ceil(1_000_000)
        ));
        let partial = tempfile::Builder::new()
            .prefix("partial-")
            .tempdir_in(&self.folder)
            .context("cannot make a folder in the pool")?;
        let mut helper = tools.command("/usr/lib/apt/apt-helper");
        helper.args(["-oAPT::Sandbox::User=root", "-oAcquire::Retries=3", "download-file"]);
        for package in missing {
            helper.arg(mirror.address(package)?);
            helper.arg(partial.path().join(package.file_name()));
            helper.arg(format!("SHA256:{}", package.sha256));
        }
        // One file that cannot be had does not keep the others back, so what came counts, not the exit.
        let said = tools::output(&mut helper, "the download");
        self.take(missing, partial.path(), said.err())
    }

    /// Puts in their place the files that are what the lock says, and tells of those that are not.
    fn take(&self, wanted: &[&Package], from: &Path, said: Option<anyhow::Error>) -> Result<()> {
        let mut faults = Vec::new();
        for package in wanted {
            let file = from.join(package.file_name());
            match fault(&file, package)? {
                None => fs::rename(&file, self.folder.join(package.file_name()))
                    .with_context(|| format!("cannot put {} into the pool", package.file_name()))?,
                Some(fault) => faults.push(format!("{} {} ({fault})", package.name, package.version)),
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        let said = said.map(|error| format!("\n{error:#}")).unwrap_or_default();
        bail!(
            "the mirror does not have {} of the locked packages: {}.\nDebian removes old versions: take the \
             new ones with `image lock --update`, or try again if the network was down.{said}",
            faults.len(),
            faults.join(", ")
        )
    }
}

/// Why a file is not the package.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Absent,
    Other(&'static str),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Absent => "not there",
            Self::Other(what) => what,
        })
    }
}

fn fault(file: &Path, package: &Package) -> Result<Option<Fault>> {
    let Ok(found) = fs::metadata(file) else { return Ok(Some(Fault::Absent)) };
    if found.len() != package.size {
        return Ok(Some(Fault::Other("another size than the lock says")));
    }
    if !sha256_of(file)?.eq_ignore_ascii_case(&package.sha256) {
        return Ok(Some(Fault::Other("another SHA-256 than the lock says")));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::{Archive, sha256};
    use super::*;

    fn package(name: &str, content: &[u8]) -> Package {
        Package {
            name: name.into(),
            version: "1.0".into(),
            architecture: "all".into(),
            archive: Archive::Debian,
            file: format!("pool/main/x/{name}_1.0_all.deb"),
            size: content.len() as u64,
            sha256: sha256(content),
        }
    }

    fn lock(packages: Vec<Package>) -> Lock {
        Lock { release: "trixie".into(), architecture: "amd64".into(), packages }
    }

    #[test]
    fn what_is_there_is_used_and_what_is_damaged_is_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::at(folder.path().to_owned());
        let lock = lock(vec![package("good", b"good"), package("bad", b"bad!"), package("away", b"")]);
        fs::write(folder.path().join("good_1.0_all.deb"), b"good").unwrap();
        fs::write(folder.path().join("bad_1.0_all.deb"), b"evil").unwrap();
        let missing: Vec<_> = pool.missing(&lock).unwrap().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(missing, ["bad", "away"]);
        assert!(!folder.path().join("bad_1.0_all.deb").exists(), "a file that is not the package stays");
    }

    #[test]
    fn what_the_mirror_lacks_is_named_with_the_cure() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::at(folder.path().to_owned());
        let (good, old, evil) = (package("good", b"good"), package("old", b"old"), package("evil", b"good"));
        let from = folder.path().join("partial");
        fs::create_dir(&from).unwrap();
        fs::write(from.join(good.file_name()), b"good").unwrap();
        fs::write(from.join(evil.file_name()), b"evil").unwrap();
        let error = pool.take(&[&good, &old, &evil], &from, None).unwrap_err().to_string();
        assert!(error.contains("old 1.0 (not there)"), "{error}");
        assert!(error.contains("evil 1.0 (another SHA-256 than the lock says)"), "{error}");
        assert!(error.contains("image lock --update"), "{error}");
        assert!(pool.folder.join(good.file_name()).exists(), "what came was not kept");
        assert!(!pool.folder.join(evil.file_name()).exists(), "a wrong file got into the pool");
    }
}
