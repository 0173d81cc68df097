//! What the signature of an EFI program is over (Windows Authenticode Portable Executable Signature Format,
//! "Calculating the PE Image Hash"): all of the file but its checksum, the entry that tells where the
//! signatures lie, and these. The padding that signing adds before them is taken for what it is, zeros.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use aws_lc_rs::digest::{self, SHA256};

/// SHA-256 of what is signed in a program, hexadecimal.
///
/// # Errors
/// When the file cannot be read or is no EFI program.
pub(super) fn digest(file: &Path) -> Result<String> {
    let program = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    of(&program).with_context(|| format!("{} is no EFI program", file.display()))
}

fn of(program: &[u8]) -> Option<String> {
    let number = |at: usize| -> Option<usize> {
        let bytes = program.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let header = number(0x3c)?;
    if program.get(header..header.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let optional = header + 24;
    // PE32+ has longer numbers before its table of directories than PE32; the fifth entry is wanted.
    let directories = match program.get(optional..optional + 2)? {
        [0x0b, 0x02] => optional + 112,
        [0x0b, 0x01] => optional + 96,
        _ => return None,
    };
    let (checksum, entry) = (optional + 64, directories + 4 * 8);
    let end = match number(entry)? {
        0 => program.len(),
        signatures => signatures,
    };
    let mut hash = digest::Context::new(&SHA256);
    hash.update(program.get(..checksum)?);
    hash.update(program.get(checksum + 4..entry)?);
    let rest = program.get(entry + 8..end)?;
    let content = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    hash.update(&rest[..content]);
    Some(hex::encode(hash.finish()))
}

#[cfg(test)]
mod tests {
    use super::of;

    /// A program of headers and this content; `signature` is put behind it as signing does.
    fn program(content: u8, checksum: u8, signature: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 1024];
        file[0x3c] = 0x80;
        file[0x80..0x84].copy_from_slice(b"PE\0\0");
        file[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
        file[0x98 + 64] = checksum;
        file[800] = content;
        if !signature.is_empty() {
            let entry = 0x98 + 112 + 32;
            file.resize(1032, 0);
            file[entry..entry + 4].copy_from_slice(&1032_u32.to_le_bytes());
            file[entry + 4] = 16;
            file.extend(signature);
        }
        file
    }

    #[test]
    fn checksum_and_signatures_do_not_count_and_the_content_does() {
        let digest = |file: &[u8]| of(file).unwrap();
        let plain = digest(&program(1, 0, b""));
        assert_eq!(plain, digest(&program(1, 9, b"at noon")));
        assert_eq!(plain, digest(&program(1, 8, b"at midnight")));
        assert_ne!(plain, digest(&program(2, 0, b"")));
        assert!(of(b"MZ").is_none());
        assert!(of(&[0; 4096]).is_none());
    }
}
