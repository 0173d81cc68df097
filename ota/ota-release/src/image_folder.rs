//! An image as the `image` tool leaves it: a folder with root, verity tree, kernel image (`anya.efi`, or `boot.img` of a
//! board that starts by `tryboot`) and root hash.
//!
//! Root and tree have the length of their partitions there. Released is what the tree covers, and the tree
//! itself; behind both there must be nothing but zeros.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ota_client::verity::{self, Superblock};
use ota_core::digest::RootHash;
use ota_core::manifest::PartKind;
use serde::Deserialize;

use crate::error::{ReleaseError, Result};
use crate::repository::ReleaseName;

/// The length of a block of root and tree, in bytes.
const BLOCK: u64 = verity::BLOCK as u64;
/// The kernel image of a board that starts by `tryboot`.
const BOOT_IMG: &str = "boot.img";
/// How many digests of blocks a block of the tree holds.
const DIGESTS: u64 = BLOCK / 32;

/// The folder of an image.
#[derive(Clone, Debug)]
pub struct ImageFolder {
    folder: PathBuf,
    root_hash: RootHash,
}

/// What this crate reads of the image's `manifest.json`.
#[derive(Deserialize)]
struct ImageManifest {
    board: String,
    version: String,
}

impl ImageFolder {
    /// Opens the image of a release.
    ///
    /// # Errors
    /// A file is missing, or the image is of another board or version.
    pub fn open(folder: &Path, name: &ReleaseName) -> Result<Self> {
        let bad = |why: String| ReleaseError::Image { folder: folder.to_owned(), why };
        let cure = "`image build` makes one; give the folder that it prints";
        let read = |file: &str| {
            fs::read_to_string(folder.join(file)).map_err(|error| bad(format!("{file}: {error} ({cure})")))
        };
        let root_hash = read("roothash")?;
        let root_hash = root_hash.trim().parse().map_err(|error| bad(format!("roothash: {error}")))?;
        let manifest: ImageManifest = serde_json::from_str(&read("manifest.json")?)
            .map_err(|error| bad(format!("manifest.json: {error}")))?;
        if manifest.board != name.place.board.as_str() {
            return Err(bad(format!(
                "it is of the board {}, and --board says {}",
                manifest.board, name.place.board
            )));
        }
        let version = name.version.loader_form();
        if manifest.version != version {
            return Err(bad(format!(
                "it is of version {}, and --version says {}: build it with `image build --version {version}`",
                manifest.version, name.version
            )));
        }
        Ok(Self { folder: folder.to_owned(), root_hash })
    }

    /// The root hash that it says it has.
    pub fn root_hash(&self) -> RootHash {
        self.root_hash
    }

    /// The file of a part.
    pub fn part(&self, kind: PartKind) -> PathBuf {
        self.folder.join(match kind {
            PartKind::Root => "root.raw",
            PartKind::Verity => "verity.raw",
            PartKind::Uki if self.folder.join(BOOT_IMG).exists() => BOOT_IMG,
            PartKind::Uki => "anya.efi",
        })
    }

    /// The lengths in bytes of what is released of root and tree, by the tree's superblock.
    fn verity_lengths(&self) -> Result<(u64, u64)> {
        let path = self.part(PartKind::Verity);
        let mut head = [0; 512];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut head));
        read.map_err(ReleaseError::file("read", &path))?;
        let data_blocks = Superblock::parse(&head).map_err(|error| self.bad(error))?.data_blocks;
        let lengths = (data_blocks.checked_mul(BLOCK), tree_length(data_blocks));
        match lengths {
            (Some(root), Some(tree)) => Ok((root, tree)),
            _ => Err(self.bad("its verity tree is over more than there can be")),
        }
    }

    /// A part, as far as it is released.
    ///
    /// # Errors
    /// It cannot be read, or there is something behind it.
    pub fn released(&self, kind: PartKind) -> Result<(File, u64)> {
        let path = self.part(kind);
        let file = File::open(&path).map_err(ReleaseError::file("open", &path))?;
        let whole = file.metadata().map_err(ReleaseError::file("measure", &path))?.len();
        let length = match kind {
            PartKind::Root => self.verity_lengths()?.0,
            PartKind::Verity => self.verity_lengths()?.1,
            PartKind::Uki => whole,
        };
        if only_zeros_behind(&file, length).map_err(ReleaseError::file("read", &path))? {
            return Ok((file, length));
        }
        Err(self.bad(format!("its {} goes on behind what its verity tree covers", kind.name())))
    }

    /// Something is wrong with the image.
    pub(crate) fn bad(&self, why: impl ToString) -> ReleaseError {
        ReleaseError::Image { folder: self.folder.clone(), why: why.to_string() }
    }
}

/// The length in bytes of the tree over so many blocks, its superblock included (the format is told in
/// [`ota_client::verity`]).
fn tree_length(data_blocks: u64) -> Option<u64> {
    let mut blocks = 1;
    let mut level = data_blocks;
    while level > 1 {
        level = level.div_ceil(DIGESTS);
        blocks += level;
    }
    BLOCK.checked_mul(blocks)
}

fn only_zeros_behind(file: &File, mut at: u64) -> io::Result<bool> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read_at(&mut buffer, at)? {
            0 => return Ok(true),
            length if buffer[..length].iter().any(|&byte| byte != 0) => return Ok(false),
            length => at += length as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_as_long_as_veritysetup_makes_it() {
        // Superblock and levels; `veritysetup format` of so many blocks made hash files of these lengths.
        for (data_blocks, blocks) in [(1, 1), (2, 2), (128, 2), (129, 4), (16_384, 130), (16_385, 133)] {
            assert_eq!(tree_length(data_blocks), Some(blocks * BLOCK), "{data_blocks}");
        }
    }
}
