//! Bundles, and archives that are none.

use std::fmt::Write;

use ota_core::layout;

use crate::release::{MANIFEST, Release, chunks};

/// An entry: its name, its type, its content.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: tar::EntryType,
    pub(crate) content: Vec<u8>,
}

impl Entry {
    pub(crate) fn file(name: &str, content: &[u8]) -> Self {
        Self { name: name.to_owned(), kind: tar::EntryType::Regular, content: content.to_vec() }
    }
}

/// The entries of the release's bundle.
pub(crate) fn entries(release: &Release) -> Vec<Entry> {
    let mut names = vec![MANIFEST.to_owned(), layout::signatures(MANIFEST)];
    names.extend(["root", "verity", "uki"].map(|part| format!("stable/qemu-x86_64/1.1.0/{part}.index")));
    for (chunk, _) in release.parts.images.iter().flat_map(|image| chunks(image)) {
        let name = layout::chunk(&chunk.sha256);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.iter().map(|name| Entry::file(name, &release.files[name])).collect()
}

/// An archive of these entries, however wrong they are.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut file = Vec::new();
    for entry in entries {
        file.extend_from_slice(&header(&entry.name, entry.kind, entry.content.len() as u64));
        file.extend_from_slice(&entry.content);
        file.resize(file.len().next_multiple_of(512), 0);
    }
    file.resize(file.len() + 1024, 0);
    file
}

/// A header, past the crate's own checks of names.
pub(crate) fn header(name: &str, kind: tar::EntryType, size: u64) -> [u8; 512] {
    let mut header = tar::Header::new_ustar();
    let (prefix, name) = name.split_at(name.len().saturating_sub(100));
    let ustar = header.as_ustar_mut().unwrap();
    ustar.name[..name.len()].copy_from_slice(name.as_bytes());
    ustar.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

/// What `tar -t` would print of a bundle: the names.
pub(crate) fn listing(entries: &[Entry]) -> String {
    entries.iter().fold(String::new(), |mut lines, entry| {
        writeln!(lines, "{}", entry.name).unwrap();
        lines
    })
}
