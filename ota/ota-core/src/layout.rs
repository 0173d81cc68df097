//! Where things are: the same relative paths in a repository on a server and inside a bundle.

use crate::digest::Sha256;
use crate::identifier::Identifier;
use crate::manifest::{Manifest, PartKind};

/// The signer list of this version.
pub fn signer_list(version: u64) -> String {
    format!("signers/{version}.json")
}

/// The manifest of what is current.
pub fn manifest(channel: &Identifier, board: &Identifier) -> String {
    format!("{channel}/{board}/manifest.json")
}

/// The detached signatures of a document.
pub fn signatures(document: &str) -> String {
    format!("{document}.sig")
}

/// The chunk index of a part of a release.
pub fn index(manifest: &Manifest, part: PartKind) -> String {
    let Manifest { channel, board, version, .. } = manifest;
    format!("{channel}/{board}/{version}/{}.index", part.name())
}

/// The file of a chunk.
pub fn chunk(sha256: &Sha256) -> String {
    let name = sha256.to_string();
    format!("chunks/{}/{name}.zst", &name[..2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::manifest as a_manifest;

    #[test]
    fn paths_are_those_of_the_format() {
        let release = a_manifest();
        let path = manifest(&release.channel, &release.board);
        assert_eq!(path, "stable/qemu-x86_64/manifest.json");
        assert_eq!(signatures(&path), "stable/qemu-x86_64/manifest.json.sig");
        assert_eq!(index(&release, PartKind::Uki), "stable/qemu-x86_64/1.2.3/uki.index");
        assert_eq!(signer_list(2), "signers/2.json");
        assert_eq!(chunk(&Sha256([0xab; 32])), format!("chunks/ab/{}.zst", "ab".repeat(32)));
    }
}
