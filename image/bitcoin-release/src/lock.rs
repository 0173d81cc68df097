//! The lock file `image/bitcoin.toml`: the one place that says where the box's Bitcoin Core comes from.
//!
//! Unknown fields are refused, so that a misspelt pin is no missing pin. Whatever a release would be
//! accepted too easily with (no builders, a demand for fewer than two) is refused when the file is read
//! for a release, with [`Lock::release`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

use crate::signers::{Signers, SignersError};

/// Fewer builders than this are not enough, whatever the lock file says.
pub const FEWEST_BUILDERS: usize = 2;

/// Why the lock file gives no release to fetch.
#[derive(Debug, Error)]
pub enum LockError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The lock file, or a builder's certificate.
        path: PathBuf,
        /// From the system.
        #[source]
        source: io::Error,
    },
    /// The file is no lock file.
    #[error("{} is not a lock file for Bitcoin Core", path.display())]
    Parse {
        /// The lock file.
        path: PathBuf,
        /// From the parser, with the line.
        #[source]
        source: toml::de::Error,
    },
    /// The lock file names the crate's source.
    #[error(
        "the lock file says source = \"crate\": dev-tools/fetch/bitcoind builds that, there is no release to fetch"
    )]
    NotARelease,
    /// A value that would go into an address or a path.
    #[error("the lock file has an unusable {field}: {given:?}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What stands there.
        given: String,
    },
    /// No archive for this architecture.
    #[error("the lock file has no [release.archives.{arch}]; it has {known}")]
    NoArchive {
        /// The one asked for.
        arch: String,
        /// Those that are there.
        known: String,
    },
    /// Too few demanded.
    #[error("the lock file has builders_required = {0}: fewer than {FEWEST_BUILDERS} are never enough")]
    TooFewRequired(usize),
    /// Too few builders pinned.
    #[error(
        "the lock file pins {known} builders of the {required} that have to have signed: no release can be \
         accepted. {} tells how to add them", readme.display()
    )]
    NoBuilders {
        /// How many have to have signed.
        required: usize,
        /// How many are pinned.
        known: usize,
        /// How to add builders.
        readme: PathBuf,
    },
    /// The certificate of a pinned builder is not there.
    #[error("the certificate of {name} is missing: {} ({} tells how to add it)", path.display(), readme.display())]
    NoCertificate {
        /// The builder.
        name: String,
        /// Where it is looked for.
        path: PathBuf,
        /// How to add it.
        readme: PathBuf,
    },
    /// A builder that cannot be counted.
    #[error("a pinned builder cannot be used")]
    Builder(#[from] SignersError),
}

/// Where Bitcoin Core comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Built from the source inside a crate.
    Crate,
    /// The official release archive.
    Release,
}

/// The lock file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Which of the two is used.
    pub source: Source,
    /// The crate with the source.
    #[serde(rename = "crate")]
    pub of_crate: CrateSource,
    release: Release,
}

/// A crate that holds the source of Bitcoin Core.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrateSource {
    /// Its name.
    pub name: String,
    /// Its version, exactly.
    pub version: String,
    /// SHA-256 of the crate file, as in a Cargo.lock.
    pub checksum: String,
}

/// An official release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Such as `32.1`.
    pub version: String,
    /// The folder with `SHA256SUMS`, `SHA256SUMS.asc` and the archives; `{version}` stands for the version.
    pub base_url: String,
    /// How many builders have to have signed; at least [`FEWEST_BUILDERS`].
    pub builders_required: usize,
    /// Whose signatures count.
    #[serde(default)]
    pub builders: Vec<Builder>,
    /// By architecture, as `uname -m` tells it.
    pub archives: BTreeMap<String, Archive>,
}

/// One of those who build the releases and sign what they got.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// The name, and the name of the certificate's file (`NAME.asc`).
    pub name: String,
    /// Of the primary key, 40 hexadecimal digits.
    pub fingerprint: String,
}

/// An archive of a release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The platform in the archive's name, such as `x86_64-linux-gnu`.
    pub target: String,
    /// SHA-256 of the archive, in hexadecimal; without it nothing is unpacked.
    pub sha256: Option<String>,
}

impl Lock {
    /// Reads the lock file.
    ///
    /// # Errors
    /// A file that cannot be read, or is no such file.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let text =
            fs::read_to_string(path).map_err(|source| LockError::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| LockError::Parse { path: path.to_owned(), source })
    }

    /// The release, when the lock file names it as the source and it can be checked.
    ///
    /// # Errors
    /// The crate as the source, values that fit in no address, and a demand for too few builders.
    pub fn release(&self) -> Result<&Release, LockError> {
        if self.source != Source::Release {
            return Err(LockError::NotARelease);
        }
        let release = &self.release;
        plain("version", &release.version)?;
        for archive in release.archives.values() {
            plain("target", &archive.target)?;
            if let Some(hash) = &archive.sha256
                && !(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()))
            {
                return Err(LockError::BadValue { field: "sha256", given: hash.clone() });
            }
        }
        if release.builders_required < FEWEST_BUILDERS {
            return Err(LockError::TooFewRequired(release.builders_required));
        }
        Ok(release)
    }
}

impl Release {
    /// The archive for an architecture.
    ///
    /// # Errors
    /// An architecture that the lock file does not have.
    pub fn archive(&self, arch: &str) -> Result<&Archive, LockError> {
        self.archives.get(arch).ok_or_else(|| LockError::NoArchive {
            arch: arch.to_owned(),
            known: self.archives.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// The name of an archive's file.
    pub fn file_name(&self, archive: &Archive) -> String {
        format!("bitcoin-{}-{}.tar.gz", self.version, archive.target)
    }

    /// The pinned builders with their certificates from the folder `keys`.
    ///
    /// # Errors
    /// Fewer builders than have to have signed, and certificates that are missing or not the pinned ones.
    pub fn signers(&self, keys: &Path) -> Result<Signers, LockError> {
        let readme = keys.join("README.md");
        if self.builders.len() < self.builders_required {
            let (required, known) = (self.builders_required, self.builders.len());
            return Err(LockError::NoBuilders { required, known, readme });
        }
        let mut signers = Signers::new();
        for builder in &self.builders {
            plain("builder's name", &builder.name)?;
            let path = keys.join(format!("{}.asc", builder.name));
            let certificate = match fs::read(&path) {
                Ok(certificate) => certificate,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(LockError::NoCertificate { name: builder.name.clone(), path, readme });
                }
                Err(source) => return Err(LockError::Read { path, source }),
            };
            signers.add(&builder.name, &builder.fingerprint, &certificate)?;
        }
        Ok(signers)
    }
}

/// Refuses what could lead elsewhere in an address or a path.
fn plain(field: &'static str, value: &str) -> Result<(), LockError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if value.starts_with(|first: char| first.is_ascii_alphanumeric()) && value.chars().all(allowed) {
        return Ok(());
    }
    Err(LockError::BadValue { field, given: value.to_owned() })
}
