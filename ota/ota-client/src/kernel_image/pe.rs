//! The sections of a PE file (Microsoft, "PE Format"): its headers, and those that are asked for.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{KernelImageError, LONGEST, plain};

/// The most sections that an image has (the Windows loader's limit).
const SECTIONS: u16 = 96;

/// A row of the section table.
pub(super) struct Section {
    name: [u8; 8],
    offset: u64,
    length: u32,
}

/// The section table: behind the DOS header, the signature, the COFF header and the optional header.
pub(super) fn sections(file: &File) -> Result<Vec<Section>, KernelImageError> {
    let dos: [u8; 64] = read(file, 0)?;
    if &dos[..2] != b"MZ" {
        return Err(KernelImageError::OtherKind);
    }
    let coff = u64::from(u32_at(&dos, 60));
    let head: [u8; 24] = read(file, coff)?;
    let count = u16_at(&head, 6);
    if &head[..4] != b"PE\0\0" || count > SECTIONS {
        return Err(KernelImageError::OtherKind);
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

pub(super) fn text(
    file: &File,
    sections: &[Section],
    name: &'static str,
) -> Result<String, KernelImageError> {
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
    plain(bytes).ok_or(KernelImageError::NotText(name))
}

fn read<const N: usize>(file: &File, offset: u64) -> Result<[u8; N], KernelImageError> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, offset).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => KernelImageError::OtherKind,
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
