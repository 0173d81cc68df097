//! What a kernel image says of itself.
//!
//! | kind | read are |
//! |---|---|
//! | unified kernel image: a PE file (UAPI.5) | its sections `.cmdline` and `.osrel` |
//! | Raspberry Pi's `boot.img`: a FAT32 file system | its files `cmdline.txt` and `osrel.txt` |
//!
//! The second one is nobody's standard: `osrel.txt` is the box's own, and the firmware does not read it. A unified
//! kernel image has a signature over both, which is the firmware's to check; of a `boot.img` the manifest's digest is
//! all there is.
//!
//! What is there twice is refused: of an image with several profiles, which one would be started is not known here.

mod pe;

use std::fs::File;
use std::io;

use ota_boot::fat::{Fat, FatError};
use ota_core::manifest::{KernelFacts, Manifest};
use ota_core::trust::Refusal;
use thiserror::Error;

/// The most bytes that are read of a text.
const LONGEST: u32 = 64 * 1024;

/// Why an image cannot be read.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum KernelImageError {
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    #[error("it is not a PE file, and no FAT32 file system")]
    OtherKind,
    #[error("it has no section {0}")]
    NoSection(&'static str),
    #[error("it has the section {0} twice")]
    Twice(&'static str),
    #[error("its section {0} is not plain text of at most 64 KiB")]
    NotText(&'static str),
    #[error("its file {name}: {why}")]
    File { name: &'static str, why: FatError },
    #[error("its file {0} is not plain text")]
    FileNotText(&'static str),
    #[error("its config.txt names another command line")]
    OtherCommandLine,
}

/// What a kernel image says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelImage {
    /// The kernel's command line.
    pub command_line: String,
    /// The lines of os-release(5).
    pub os_release: String,
}

impl KernelImage {
    /// Reads it from a file.
    ///
    /// # Errors
    /// It cannot be read, or is no kernel image.
    pub fn read(file: &File) -> Result<Self, KernelImageError> {
        match Fat::open(file) {
            Ok(fat) => Self::of_boot_img(&fat),
            Err(FatError::Read(error)) => Err(KernelImageError::Read(error)),
            Err(_) => {
                let sections = pe::sections(file)?;
                Ok(Self {
                    command_line: pe::text(file, &sections, ".cmdline")?,
                    os_release: pe::text(file, &sections, ".osrel")?,
                })
            }
        }
    }

    fn of_boot_img(fat: &Fat<'_>) -> Result<Self, KernelImageError> {
        let config = file_text(fat, "config.txt", "CONFIG.TXT")?;
        // The firmware's words that would have it read another file (Raspberry Pi documentation, "config.txt").
        let names_other =
            |line: &str| ["cmdline", "os_prefix"].iter().any(|word| line.trim().starts_with(word));
        if config.lines().any(names_other) {
            return Err(KernelImageError::OtherCommandLine);
        }
        Ok(Self {
            command_line: file_text(fat, "cmdline.txt", "CMDLINE.TXT")?,
            os_release: file_text(fat, "osrel.txt", "OSREL.TXT")?,
        })
    }

    /// Whether it belongs to a release.
    ///
    /// # Errors
    /// [`Refusal::MixedParts`].
    pub fn check(&self, manifest: &Manifest) -> Result<(), Refusal> {
        let value = |key| self.os_release_value(key).unwrap_or_default();
        manifest.check_kernel(&KernelFacts {
            command_line: &self.command_line,
            image_id: value("IMAGE_ID"),
            image_version: value("IMAGE_VERSION"),
        })
    }

    /// The value of a line of os-release(5), without its quotes. Values with escapes are none that a release
    /// has. As in a shell, the last line wins.
    pub fn os_release_value<'a>(&'a self, key: &str) -> Option<&'a str> {
        let value = |line: &'a str| line.trim().strip_prefix(key)?.strip_prefix('=');
        self.os_release.lines().filter_map(value).next_back().map(|value| value.trim_matches(['"', '\'']))
    }
}

/// Whether the kernel image in a file belongs to a release that is believed.
///
/// # Errors
/// [`Refusal::MixedParts`], also for a file that is no kernel image.
pub fn check(file: &File, manifest: &Manifest) -> Result<(), Refusal> {
    let mixed = |error: KernelImageError| Refusal::MixedParts { why: format!("its kernel image: {error}") };
    KernelImage::read(file).map_err(mixed)?.check(manifest)
}

/// A text, by the name that is told and the one that the folder has.
fn file_text(fat: &Fat<'_>, name: &'static str, short: &str) -> Result<String, KernelImageError> {
    let bytes = fat.read(short, LONGEST as usize).map_err(|why| KernelImageError::File { name, why })?;
    plain(bytes).ok_or(KernelImageError::FileNotText(name))
}

/// Plain text without the zeros that may fill it up.
fn plain(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim_end_matches('\0').trim_end();
    (!text.contains('\0')).then(|| text.to_owned())
}
