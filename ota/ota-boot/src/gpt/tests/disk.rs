//! A disk with a cache of its own, which writes what it was given in any order and loses it with the power.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;

use crate::gpt::Medium;

/// What a disk writes at once, bytes.
const PIECE: usize = 512;

/// The disk.
#[derive(Clone)]
pub(super) struct CachedDisk {
    sector: usize,
    medium: Vec<u8>,
    /// What pieces were given since the cache was emptied, in their order.
    cache: BTreeMap<usize, Vec<[u8; PIECE]>>,
    /// After how many more requests the power goes.
    fuse: Cell<Option<usize>>,
    /// Whether it empties its cache when it is told to.
    flushes: bool,
}

impl CachedDisk {
    pub(super) fn new(sector: usize, sectors: usize) -> Self {
        let medium = vec![0; sector * sectors];
        Self { sector, medium, cache: BTreeMap::new(), fuse: Cell::new(None), flushes: true }
    }

    /// One that says that it has emptied its cache and has not: as if nobody had told it to.
    pub(super) fn that_never_flushes(self) -> Self {
        Self { flushes: false, ..self }
    }

    /// The power goes after so many pieces and flushes.
    pub(super) fn cut_after(&self, requests: Option<usize>) {
        self.fuse.set(requests);
    }

    /// The power is there again. Of each piece the medium has what it had, or anything that it was given since
    /// then: `chosen` says which, of so many.
    pub(super) fn restart(&mut self, mut chosen: impl FnMut(usize) -> usize) {
        self.fuse.set(None);
        for (at, given) in std::mem::take(&mut self.cache) {
            if let Some(piece) = chosen(given.len() + 1).checked_sub(1) {
                self.medium[at..at + PIECE].copy_from_slice(&given[piece]);
            }
        }
    }

    /// How many requests were left when it was done.
    pub(super) fn left(&self) -> Option<usize> {
        self.fuse.get()
    }

    fn burn(&self) -> io::Result<()> {
        match self.fuse.get() {
            Some(0) => Err(io::ErrorKind::NotConnected.into()),
            left => {
                self.fuse.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }

    fn start(&self, lba: u64) -> usize {
        usize::try_from(lba).unwrap() * self.sector
    }
}

impl Medium for CachedDisk {
    fn sector(&self) -> usize {
        self.sector
    }

    fn sectors(&self) -> u64 {
        (self.medium.len() / self.sector) as u64
    }

    fn read(&self, lba: u64, sectors: &mut [u8]) -> io::Result<()> {
        for (at, piece) in (self.start(lba)..).step_by(PIECE).zip(sectors.chunks_exact_mut(PIECE)) {
            let medium = self.medium.get(at..at + PIECE).ok_or(io::ErrorKind::UnexpectedEof)?;
            let given = self.cache.get(&at).and_then(|given| given.last());
            piece.copy_from_slice(given.map_or(medium, |given| given));
        }
        Ok(())
    }

    fn write(&mut self, lba: u64, sectors: &[u8]) -> io::Result<()> {
        for (at, piece) in (self.start(lba)..).step_by(PIECE).zip(sectors.chunks_exact(PIECE)) {
            self.burn()?;
            self.cache.entry(at).or_default().push(piece.try_into().unwrap());
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.burn()?;
        if self.flushes {
            for (at, given) in std::mem::take(&mut self.cache) {
                self.medium[at..at + PIECE].copy_from_slice(given.last().unwrap());
            }
        }
        Ok(())
    }
}
