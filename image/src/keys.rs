//! The keys of an image: the certificate that Secure Boot trusts, and the key that signs PCR policies.
//!
//! `image keygen` makes keys for tests. They lie in the cache and are never committed; a file beside them
//! says that they are for tests, and images for developers are signed with no others.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::places::Places;
use crate::tools::Tools;

/// RSA with 2048 bits: what UEFI firmware verifies everywhere (UEFI specification 2.10, section 32.2.4).
const BITS: &str = "rsa:2048";
/// What the note beside test keys says.
const FOR_TESTS: &str =
    "These keys are for tests. A box that trusts them trusts everybody who has this folder.\n";

/// A folder of keys.
#[derive(Clone, Debug)]
pub struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// The keys for tests; made where there are none yet.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn for_tests(places: &Places, tools: &Tools) -> Result<Self> {
        let folder = places.images().join("test-keys");
        if !folder.join("FOR-TESTS").exists() {
            generate(&folder, tools)?;
        }
        Self::open(&folder)
    }

    /// Opens a folder with `secureboot.{key,crt}` and `pcr.{key,crt,pub}` (PEM).
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn open(folder: &Path) -> Result<Self> {
        let keys = Self { folder: folder.to_owned() };
        for file in [
            keys.secure_boot_key(),
            keys.secure_boot_certificate(),
            keys.pcr_key(),
            keys.pcr_certificate(),
            keys.pcr_public_key(),
        ] {
            ensure!(file.is_file(), "{} is missing: `image keygen --out FOLDER` makes keys", file.display());
        }
        Ok(keys)
    }

    /// Where they lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key that signs boot loader and kernel images.
    #[must_use]
    pub fn secure_boot_key(&self) -> PathBuf {
        self.folder.join("secureboot.key")
    }

    /// Its certificate, which the firmware is told to trust.
    #[must_use]
    pub fn secure_boot_certificate(&self) -> PathBuf {
        self.folder.join("secureboot.crt")
    }

    /// The key that signs the values of PCR 11 under which the data partition may be opened.
    #[must_use]
    pub fn pcr_key(&self) -> PathBuf {
        self.folder.join("pcr.key")
    }

    /// Its certificate.
    #[must_use]
    pub fn pcr_certificate(&self) -> PathBuf {
        self.folder.join("pcr.crt")
    }

    /// Its public half, which travels in every kernel image.
    #[must_use]
    pub fn pcr_public_key(&self) -> PathBuf {
        self.folder.join("pcr.pub")
    }

    /// Whether they were made for tests.
    #[must_use]
    pub fn are_for_tests(&self) -> bool {
        self.folder.join("FOR-TESTS").exists()
    }
}

/// Makes keys for tests in a folder that has none.
///
/// # Errors
/// When the folder has keys already, or cannot be written.
pub fn generate(folder: &Path, tools: &Tools) -> Result<Keys> {
    if folder.join("secureboot.key").exists() {
        bail!("{} has keys already: give another folder, or remove it yourself", folder.display());
    }
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial)?;
    restrict(&partial)?;
    let inside = tools.clone().with_folder(&partial, Path::new("/keys"));
    for (name, subject) in [("secureboot", "/CN=Anya Box test key"), ("pcr", "/CN=Anya Box test PCR key")] {
        let (key, certificate) = (format!("/keys/{name}.key"), format!("/keys/{name}.crt"));
        inside
            .output(
                "openssl",
                ["req", "-x509", "-newkey", BITS, "-nodes", "-sha256", "-days", "3650", "-subj", subject]
                    .into_iter()
                    .chain(["-keyout", &key, "-out", &certificate]),
            )
            .context("cannot make a key")?;
    }
    inside.output("openssl", ["pkey", "-in", "/keys/pcr.key", "-pubout", "-out", "/keys/pcr.pub"])?;
    fs::write(partial.join("FOR-TESTS"), FOR_TESTS)?;
    fs::create_dir_all(folder.parent().context("a folder for keys cannot be /")?)?;
    if folder.exists() {
        fs::remove_dir(folder).with_context(|| format!("{} is not empty", folder.display()))?;
    }
    fs::rename(&partial, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Keys::open(folder)
}

fn restrict(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).context("cannot restrict the folder")
}
