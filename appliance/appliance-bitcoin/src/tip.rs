//! Which blocks are new: each one is announced once, in the order of the chain.

use std::collections::VecDeque;

use crate::error::RpcError;
use crate::rpc::{Header, Rpc, Tip};

/// Announced blocks that are remembered, and so the longest gap that is filled.
const REMEMBERED: usize = 144;

/// The blocks at the end of the chain that were announced already.
#[derive(Default)]
pub(crate) struct Announced {
    /// Oldest first.
    blocks: VecDeque<Tip>,
}

impl Announced {
    /// Takes a tip as known, without announcing it: the first one, or one of the first download.
    pub(crate) fn skip_to(&mut self, tip: Tip) {
        self.blocks.clear();
        self.blocks.push_back(tip);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The blocks that lead to this tip and were not announced yet, lowest first.
    pub(crate) async fn advance(&mut self, rpc: &Rpc, tip: String) -> Result<Vec<Tip>, RpcError> {
        let mut walk = Walk { next: Some(tip), fresh: VecDeque::new() };
        while let Some(hash) = self.unknown(&mut walk) {
            let header = rpc.header(&hash).await?;
            walk.found(hash, header);
        }
        Ok(self.take(walk))
    }

    /// The block that the walk stands on, unless it was announced already.
    fn unknown(&mut self, walk: &mut Walk) -> Option<String> {
        let hash = walk.next.take()?;
        let Some(known) = self.blocks.iter().position(|block| block.hash == hash) else {
            return Some(hash);
        };
        // What lies above was taken out of the chain.
        self.blocks.truncate(known + 1);
        None
    }

    fn take(&mut self, walk: Walk) -> Vec<Tip> {
        self.blocks.extend(walk.fresh.iter().cloned());
        let surplus = self.blocks.len().saturating_sub(REMEMBERED);
        self.blocks.drain(..surplus);
        walk.fresh.into()
    }
}

/// From a tip down to a block that is known.
struct Walk {
    next: Option<String>,
    /// Lowest first.
    fresh: VecDeque<Tip>,
}

impl Walk {
    fn found(&mut self, hash: String, Header { height, previous }: Header) {
        self.fresh.push_front(Tip { hash, height });
        self.next = if self.fresh.len() < REMEMBERED { previous } else { None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Block `a7` lies on `a6`, and so on; `b7` lies on `a6`, too.
    fn made_up(hash: &str) -> Header {
        let (branch, height) = hash.split_at(1);
        let height: u64 = height.parse().unwrap();
        let below = height.checked_sub(1);
        let branch = if height <= 7 { "a" } else { branch };
        Header { height, previous: below.map(|below| format!("{branch}{below}")) }
    }

    fn fresh(announced: &mut Announced, tip: &str) -> Vec<String> {
        let mut walk = Walk { next: Some(tip.to_owned()), fresh: VecDeque::new() };
        while let Some(hash) = announced.unknown(&mut walk) {
            let header = made_up(&hash);
            walk.found(hash, header);
        }
        announced.take(walk).into_iter().map(|block| block.hash).collect()
    }

    #[test]
    fn each_block_once_and_gaps_are_filled() {
        let mut announced = Announced::default();
        announced.skip_to(Tip { hash: "a4".to_owned(), height: 4 });
        assert!(fresh(&mut announced, "a4").is_empty());
        assert_eq!(fresh(&mut announced, "a7"), ["a5", "a6", "a7"]);
        assert!(fresh(&mut announced, "a7").is_empty());
        // A reorganisation from a6 on, and a longer gap than is filled.
        assert_eq!(fresh(&mut announced, "b8"), ["b7", "b8"]);
        assert_eq!(fresh(&mut announced, "b1000").len(), REMEMBERED);
        assert_eq!(announced.blocks.len(), REMEMBERED);
    }

    #[test]
    fn a_tip_that_went_back_is_not_new() {
        let mut announced = Announced::default();
        announced.skip_to(Tip { hash: "a4".to_owned(), height: 4 });
        fresh(&mut announced, "a7");
        assert!(fresh(&mut announced, "a5").is_empty());
        assert_eq!(fresh(&mut announced, "a6"), ["a6"]);
    }
}
