//! What a kernel image says of itself.
//!
//! A unified kernel image is a PE file (Microsoft, "PE Format") with the sections `.cmdline` and `.osrel`
//! (UAPI.5, "Unified Kernel Image"). Read are the headers and these two; the image's signature covers them, and
//! is the firmware's to check.
//!
//! A section that is there twice is refused: of an image with several profiles, which one would be started is
//! not known here.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ota_core::manifest::{KernelFacts, Manifest};
use ota_core::trust::Refusal;
use thiserror::Error;

/// The most bytes that are read of a section.
const LONGEST: u32 = 64 * 1024;
/// The most sections that an image has (the Windows loader's limit).
const SECTIONS: u16 = 96;

/// Why an image cannot be read.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum KernelImageError {
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    #[error("it is not a PE file")]
    NotPe,
    #[error("it has no section {0}")]
    NoSection(&'static str),
    #[error("it has the section {0} twice")]
    Twice(&'static str),
    #[error("its section {0} is not plain text of at most 64 KiB")]
    NotText(&'static str),
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
        let sections = sections(file)?;
        Ok(Self {
            command_line: text(file, &sections, ".cmdline")?,
            os_release: text(file, &sections, ".osrel")?,
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

struct Section {
    name: [u8; 8],
    offset: u64,
    length: u32,
}

/// The section table: behind the DOS header, the signature, the COFF header and the optional header.
fn sections(file: &File) -> Result<Vec<Section>, KernelImageError> {
    let dos: [u8; 64] = read(file, 0)?;
    if &dos[..2] != b"MZ" {
        return Err(KernelImageError::NotPe);
    }
    let coff = u64::from(u32_at(&dos, 60));
    let head: [u8; 24] = read(file, coff)?;
    let count = u16_at(&head, 6);
    if &head[..4] != b"PE\0\0" || count > SECTIONS {
        return Err(KernelImageError::NotPe);
    }
    let table = coff + 24 + u64::from(u16_at(&head, 20));
    (0..u64::from(count))
        .map(|number| {
            let row: [u8; 40] = read(file, table + 40 * number)?;
            let mut name = [0; 8];
            name.copy_from_slice(&row[..8]);
            // Of the size in memory and that in the file, the smaller one is content.
            let length = u32_at(&row, 8).min(u32_at(&row, 16));
            Ok(Section { name, offset: u32_at(&row, 20).into(), length })
        })
        .collect()
}

fn text(file: &File, sections: &[Section], name: &'static str) -> Result<String, KernelImageError> {
    let mut padded = [0; 8];
    padded[..name.len().min(8)].copy_from_slice(&name.as_bytes()[..name.len().min(8)]);
    let mut found = sections.iter().filter(|section| section.name == padded);
    let section = found.next().ok_or(KernelImageError::NoSection(name))?;
    if found.next().is_some() {
        return Err(KernelImageError::Twice(name));
    }
    if section.length > LONGEST {
        return Err(KernelImageError::NotText(name));
    }
    let mut bytes = vec![0; section.length as usize];
    file.read_exact_at(&mut bytes, section.offset).map_err(KernelImageError::Read)?;
    let text = String::from_utf8(bytes).map_err(|_| KernelImageError::NotText(name))?;
    let text = text.trim_end_matches('\0').trim_end();
    if text.contains('\0') { Err(KernelImageError::NotText(name)) } else { Ok(text.to_owned()) }
}

fn read<const N: usize>(file: &File, offset: u64) -> Result<[u8; N], KernelImageError> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, offset).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => KernelImageError::NotPe,
        _ => KernelImageError::Read(error),
    })?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
