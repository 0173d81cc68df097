//! The verity tree, made instead of fetched.

use std::os::unix::fs::FileExt;

use super::{AssembleError, Target, finish};
use crate::seed::read_chunk;
use crate::source::Source;
use crate::unpack::unpack;
use crate::verity;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FromRoot {
    /// The tree is the one that the manifest promises. If not, it has to be fetched: a [`Plan`](super::Plan)
    /// does, from a source that is read anew if it is a bundle.
    pub complete: bool,
    /// So much was fetched, compressed, in bytes.
    pub fetched: u64,
}

/// Makes the verity tree of a root that is complete. Fetched is the first chunk, for the superblock with the
/// salt. The hashes in a tree do not compress, and a chunk of them changes when any of 8 MiB of the root does;
/// so for a small change the tree would be a good part of what is fetched.
///
/// # Errors
/// See [`AssembleError`].
pub fn make_verity(
    root: Target<'_>,
    tree: Target<'_>,
    source: &mut dyn Source,
) -> Result<FromRoot, AssembleError> {
    let part = tree.index.part().name();
    let mut fetched = 0;
    if let Some((offset, first)) = tree.index.chunks().next()
        && read_chunk(tree.file, offset, &first).is_none()
    {
        let file = source.chunk(&first)?;
        fetched = file.len() as u64;
        let written = tree.file.write_all_at(&unpack(&file, &first)?, offset);
        written.map_err(|source| AssembleError::Write { part, source })?;
    }
    let complete = verity::make_part(root.file, tree.file, root.index.image().size, &tree.index.image())?;
    finish(&tree).map_err(|source| AssembleError::Sync { part, source })?;
    Ok(FromRoot { complete, fetched })
}
