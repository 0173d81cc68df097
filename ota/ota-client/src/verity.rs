//! dm-verity: the hash tree over a root, checked and made.
//!
//! The kernel checks a block of a root when it is first used; after an update every block is checked before
//! the slot is started, as it came to the medium ([`verify`]). The tree can also be made from the root
//! ([`make`]), and then need not be fetched; its digest in the manifest tells whether it is the same.
//!
//! # Format
//!
//! Sources: the kernel's `Documentation/admin-guide/device-mapper/verity.rst` and `drivers/md/dm-verity-target.c`;
//! cryptsetup's `lib/verity/verity.c` (the superblock) and `lib/verity/verity_hash.c` (the tree). Supported is
//! what the box's images use: superblock version 1, hash type 1, SHA-256, blocks of 4096 bytes.
//!
//! The first block holds the [`Superblock`]; the levels of the tree follow, the topmost first. A hash block
//! holds the digests of 128 blocks below, one after another, and zeros to its end; the digest of a block is
//! SHA-256 over the salt and the block. The lowest level is over the data blocks; the digest of the one
//! topmost block, or of the data block when there is only one, is the root hash.
//!
//! Nothing authenticates the superblock but the root hash: with another salt no block has its digest. The
//! UUID in it means nothing here.

mod tree;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ota_core::digest::{RootHash, Sha256};
use ota_core::manifest::{Content, Manifest};
use ota_core::superblock::{self, BadSuperblock};
pub use ota_core::superblock::{BLOCK, Superblock};
use thiserror::Error;

use crate::digest::Hasher;
use crate::readback;
use tree::Tree;

/// The length of a digest in bytes.
const DIGEST: usize = 32;
/// How many digests a hash block holds.
const PER_BLOCK: usize = BLOCK / DIGEST;

/// Why a root and its tree are not what they should be.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is, and the fields are named in it")]
pub enum VerityError {
    #[error("The {what} cannot be read.")]
    Read { what: &'static str, source: io::Error },
    #[error("The verity tree cannot be written.")]
    Write(#[source] io::Error),
    #[error("The verity tree cannot be used: {0}.")]
    Superblock(BadSuperblock),
    #[error("The root has {found} bytes by its verity tree, and {expected} by the manifest.")]
    OtherSize { found: u64, expected: u64 },
    #[error("Block {block} of the {what} is not what the root hash says.")]
    OtherBlock { what: &'static str, block: u64 },
    #[error("The verity tree is not the one that was signed.")]
    OtherTree,
}

impl VerityError {
    /// The reason in one word, which stays the same; for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "verity_unreadable",
            Self::Write(_) => "verity_not_written",
            Self::Superblock(_) => "verity_superblock",
            Self::OtherSize { .. } => "verity_other_size",
            Self::OtherBlock { .. } => "verity_other_block",
            Self::OtherTree => "verity_other_tree",
        }
    }
}

/// Whether a slot holds a release: [`verify`], and the whole verity part by its digest, as the root hash does
/// not cover all of its superblock. The last check before a slot gets its identity.
///
/// # Errors
/// See [`VerityError`].
pub fn verify_slot(manifest: &Manifest, data: &File, hashes: &File) -> Result<(), VerityError> {
    verify(data, hashes, &manifest.root_hash, manifest.root.image.size)?;
    match readback::holds(hashes, &manifest.verity.image) {
        Ok(true) => Ok(()),
        Ok(false) => Err(VerityError::OtherTree),
        Err(source) => Err(VerityError::Read { what: "verity tree", source }),
    }
}

/// Reads a root of `size` bytes and its tree back from the medium, and checks every block against the root
/// hash. Both are read through these descriptors, which should be those that wrote them; each block of the
/// tree is read once, so that what is used is what was checked.
///
/// # Errors
/// See [`VerityError`].
pub fn verify(data: &File, hashes: &File, root_hash: &RootHash, size: u64) -> Result<(), VerityError> {
    for (what, file) in [("root", data), ("verity tree", hashes)] {
        readback::forget(file).map_err(|source| VerityError::Read { what, source })?;
    }
    let superblock = superblock_for(hashes, size)?;
    let tree = Tree::over(superblock.data_blocks);
    let walk = Walk { data, hashes, salt: &superblock.salt, tree: &tree };
    walk.block(tree.height(), 0, &root_hash.0)
}

/// Makes the tree of a root of `size` bytes behind a superblock that is there, and says what the root hash is.
/// What a verity partition holds behind the tree is left as it is.
///
/// # Errors
/// See [`VerityError`].
pub fn make(data: &File, hashes: &File, size: u64) -> Result<RootHash, VerityError> {
    let superblock = superblock_for(hashes, size)?;
    let tree = Tree::over(superblock.data_blocks);
    for level in 1..=tree.height() {
        for index in 0..tree.blocks(level) {
            let mut block = vec![0; BLOCK];
            let below = read_below(data, hashes, &tree, level, index)?;
            for (digest, child) in block.chunks_exact_mut(DIGEST).zip(below.chunks_exact(BLOCK)) {
                digest.copy_from_slice(&digest_of(&superblock.salt, child).0);
            }
            hashes.write_all_at(&block, tree.place(level, index)).map_err(VerityError::Write)?;
        }
    }
    let top = read_blocks(data, hashes, &tree, tree.height(), 0, 1)?;
    Ok(RootHash(digest_of(&superblock.salt, &top)))
}

/// Makes the verity part of a release from its root, when the first block of the part is at its place, and says
/// whether it is the one that the manifest promises. If not, it has to be fetched.
///
/// # Errors
/// See [`VerityError`].
pub fn make_part(data: &File, hashes: &File, size: u64, promised: &Content) -> Result<bool, VerityError> {
    let superblock = superblock_for(hashes, size)?;
    let tree = Tree::over(superblock.data_blocks);
    if tree.end() != promised.size {
        return Ok(false);
    }
    // What is left of another superblock behind this one's fields would be in the digest.
    hashes.write_all_at(&superblock.to_block(), 0).map_err(VerityError::Write)?;
    make(data, hashes, size)?;
    readback::holds(hashes, promised).map_err(|source| VerityError::Read { what: "verity tree", source })
}

fn superblock_for(hashes: &File, size: u64) -> Result<Superblock, VerityError> {
    let mut block = [0; superblock::LENGTH];
    let read = hashes.read_exact_at(&mut block, 0);
    read.map_err(|source| VerityError::Read { what: "verity tree", source })?;
    let superblock = Superblock::parse(&block).map_err(VerityError::Superblock)?;
    match superblock.data_blocks.checked_mul(BLOCK as u64) {
        Some(found) if found == size => Ok(superblock),
        found => Err(VerityError::OtherSize { found: found.unwrap_or(u64::MAX), expected: size }),
    }
}

fn digest_of(salt: &[u8], block: &[u8]) -> Sha256 {
    let mut hasher = Hasher::default();
    hasher.update(salt);
    hasher.update(block);
    hasher.finish()
}

/// The blocks of the level below that a block of `level` is over.
fn read_below(
    data: &File,
    hashes: &File,
    tree: &Tree,
    level: usize,
    index: u64,
) -> Result<Vec<u8>, VerityError> {
    let first = index * PER_BLOCK as u64;
    let count = (tree.blocks(level - 1) - first).min(PER_BLOCK as u64);
    read_blocks(data, hashes, tree, level - 1, first, count)
}

/// Blocks of a level, of which level 0 is the data.
fn read_blocks(
    data: &File,
    hashes: &File,
    tree: &Tree,
    level: usize,
    first: u64,
    count: u64,
) -> Result<Vec<u8>, VerityError> {
    let (what, file) = if level == 0 { ("root", data) } else { ("verity tree", hashes) };
    let mut blocks = vec![0; usize::try_from(count).unwrap_or(PER_BLOCK) * BLOCK];
    let read = file.read_exact_at(&mut blocks, tree.place(level, first));
    read.map_err(|source| VerityError::Read { what, source })?;
    Ok(blocks)
}

/// Down the tree, in the order of the data.
struct Walk<'a> {
    data: &'a File,
    hashes: &'a File,
    salt: &'a [u8],
    tree: &'a Tree,
}

impl Walk<'_> {
    /// Checks a block against its digest, and all that is below it.
    fn block(&self, level: usize, index: u64, expected: &Sha256) -> Result<(), VerityError> {
        let block = read_blocks(self.data, self.hashes, self.tree, level, index, 1)?;
        self.check(level, index, &block, expected)?;
        if level == 0 {
            return Ok(());
        }
        let digests = block.chunks_exact(DIGEST).map(|digest| {
            let mut bytes = [0; DIGEST];
            bytes.copy_from_slice(digest);
            Sha256(bytes)
        });
        let children = (index * PER_BLOCK as u64..self.tree.blocks(level - 1)).zip(digests);
        if level > 1 {
            return children
                .into_iter()
                .try_for_each(|(child, digest)| self.block(level - 1, child, &digest));
        }
        // The data is read 128 blocks at a time.
        let below = read_below(self.data, self.hashes, self.tree, level, index)?;
        for ((child, digest), bytes) in children.zip(below.chunks_exact(BLOCK)) {
            self.check(0, child, bytes, &digest)?;
        }
        Ok(())
    }

    fn check(&self, level: usize, index: u64, block: &[u8], expected: &Sha256) -> Result<(), VerityError> {
        if digest_of(self.salt, block) == *expected {
            return Ok(());
        }
        let what = if level == 0 { "root" } else { "verity tree" };
        Err(VerityError::OtherBlock { what, block: self.tree.place(level, index) / BLOCK as u64 })
    }
}
