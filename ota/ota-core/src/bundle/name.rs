//! Which names a bundle's entries can have at all.

use super::{BundleError, EntryKind};
use crate::digest::Sha256;
use crate::identifier::Identifier;
use crate::version::Version;

/// What a name is the name of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A signer list of this version.
    SignerList(u64),
    /// A manifest.
    Manifest,
    /// Signatures, an index or a chunk: which one is known before it comes.
    Further,
}

/// Whether an entry may be in a bundle at all; what is told about it is short, as it may be meant to be
/// long.
pub(super) fn check(name: &str, kind: EntryKind) -> Result<Name, BundleError> {
    let shown: String = name.chars().take(120).collect();
    if name.starts_with(['/', '\\']) || name.as_bytes().get(1) == Some(&b':') {
        return Err(BundleError::AbsolutePath(shown));
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err(BundleError::PathTraversal(shown));
    }
    match kind {
        EntryKind::File => form(name).ok_or(BundleError::UnknownName(shown)),
        EntryKind::Link => Err(BundleError::Link(shown)),
        EntryKind::Device => Err(BundleError::Device(shown)),
        EntryKind::Other => Err(BundleError::NotAFile(shown)),
    }
}

fn form(name: &str) -> Option<Name> {
    let (document, signed) = name.strip_suffix(".sig").map_or((name, false), |document| (document, true));
    let parts: Vec<&str> = document.split('/').collect();
    let form = match parts[..] {
        ["signers", file] => Name::SignerList(list_version(file)?),
        ["chunks", two, file] if !signed => {
            let digest = file.strip_suffix(".zst")?;
            digest.parse::<Sha256>().ok().filter(|_| digest.starts_with(two) && two.len() == 2)?;
            Name::Further
        }
        [channel, board, "manifest.json"] => {
            channel.parse::<Identifier>().ok()?;
            board.parse::<Identifier>().ok()?;
            Name::Manifest
        }
        [channel, board, version, "root.index" | "verity.index" | "uki.index"] if !signed => {
            channel.parse::<Identifier>().ok()?;
            board.parse::<Identifier>().ok()?;
            version.parse::<Version>().ok()?;
            Name::Further
        }
        _ => return None,
    };
    Some(if signed { Name::Further } else { form })
}

/// The version of the list in this file, in its one spelling.
fn list_version(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".json")?;
    let version = digits.parse::<u64>().ok()?;
    (version > 0 && version.to_string() == digits).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_a_repository_are_names() {
        let digest = "ab".repeat(32);
        for (name, form) in [
            ("signers/1.json".to_owned(), Name::SignerList(1)),
            ("signers/1.json.sig".to_owned(), Name::Further),
            ("stable/qemu-x86_64/manifest.json".to_owned(), Name::Manifest),
            ("stable/qemu-x86_64/manifest.json.sig".to_owned(), Name::Further),
            ("stable/qemu-x86_64/1.2.3/root.index".to_owned(), Name::Further),
            (format!("chunks/ab/{digest}.zst"), Name::Further),
        ] {
            assert_eq!(check(&name, EntryKind::File), Ok(form), "{name}");
        }
        for (name, code) in [
            ("signers/01.json".to_owned(), "bundle_unknown_name"),
            ("signers/0.json".to_owned(), "bundle_unknown_name"),
            ("signers/+1.json".to_owned(), "bundle_unknown_name"),
            ("./signers/1.json".to_owned(), "bundle_unknown_name"),
            ("signers//1.json".to_owned(), "bundle_unknown_name"),
            ("README".to_owned(), "bundle_unknown_name"),
            (String::new(), "bundle_unknown_name"),
            (format!("chunks/cd/{digest}.zst"), "bundle_unknown_name"),
            (format!("chunks/ab/{digest}.zst.sig"), "bundle_unknown_name"),
            ("stable/qemu-x86_64/1.2.3/root.index.sig".to_owned(), "bundle_unknown_name"),
            ("/etc/passwd".to_owned(), "bundle_absolute_path"),
            ("\\etc\\passwd".to_owned(), "bundle_absolute_path"),
            ("C:\\x".to_owned(), "bundle_absolute_path"),
            ("signers/../../etc/passwd".to_owned(), "bundle_path_traversal"),
            ("signers\\..\\x".to_owned(), "bundle_path_traversal"),
            ("..".to_owned(), "bundle_path_traversal"),
        ] {
            assert_eq!(check(&name, EntryKind::File).unwrap_err().code(), code, "{name:?}");
        }
        for (kind, code) in [
            (EntryKind::Link, "bundle_link"),
            (EntryKind::Device, "bundle_device"),
            (EntryKind::Other, "bundle_not_a_file"),
        ] {
            assert_eq!(check("signers/1.json", kind).unwrap_err().code(), code);
        }
    }
}
