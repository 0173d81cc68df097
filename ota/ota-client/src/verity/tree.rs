//! Where the blocks of a tree are.

use super::{BLOCK, PER_BLOCK};

/// The shape of a tree: the number of blocks of each level, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    /// Level 0 is the data; each next one is over the one before, up to one of a single block.
    levels: Vec<Level>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    blocks: u64,
    /// Its first block, in its file.
    first: u64,
}

impl Tree {
    /// The tree over so many data blocks, behind a superblock.
    pub(super) fn over(data_blocks: u64) -> Self {
        let mut levels = vec![Level { blocks: data_blocks, first: 0 }];
        let mut blocks = data_blocks;
        while blocks > 1 {
            blocks = blocks.div_ceil(PER_BLOCK as u64);
            levels.push(Level { blocks, first: 0 });
        }
        let mut next = 1;
        for level in levels.iter_mut().skip(1).rev() {
            level.first = next;
            next += level.blocks;
        }
        Self { levels }
    }

    /// The topmost level.
    pub(super) fn height(&self) -> usize {
        self.levels.len() - 1
    }

    /// How many blocks a level has.
    pub(super) fn blocks(&self, level: usize) -> u64 {
        self.levels[level].blocks
    }

    /// Where a block of a level is in its file, in bytes.
    pub(super) fn place(&self, level: usize, index: u64) -> u64 {
        (self.levels[level].first + index).saturating_mul(BLOCK as u64)
    }

    /// Where the tree ends, in bytes.
    pub(super) fn end(&self) -> u64 {
        let blocks: u64 = 1 + self.levels.iter().skip(1).map(|level| level.blocks).sum::<u64>();
        blocks.saturating_mul(BLOCK as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_lie_from_the_top_to_the_data() {
        for (data, height, blocks) in
            [(1, 0, 1), (2, 1, 2), (128, 1, 2), (129, 2, 4), (300, 2, 5), (16_385, 3, 133)]
        {
            let tree = Tree::over(data);
            assert_eq!((tree.height(), tree.end() / BLOCK as u64), (height, blocks), "{data}");
        }
        let tree = Tree::over(16_385);
        assert_eq!((tree.place(3, 0), tree.place(2, 1), tree.place(1, 0)), (4096, 3 * 4096, 4 * 4096));
        assert_eq!(tree.place(0, 5), 5 * 4096);
    }

    #[test]
    fn the_largest_number_of_blocks_does_not_overflow() {
        let tree = Tree::over(u64::MAX / BLOCK as u64);
        assert_eq!(tree.height(), 8);
        assert!(tree.end() > 1 << 50);
    }
}
