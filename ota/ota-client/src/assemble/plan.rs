//! Where each chunk will come from.

use std::collections::HashMap;

use ota_core::digest::Sha256;
use ota_core::index::Chunk;
use ota_core::manifest::PartKind;
use ota_core::trust::Refusal;

use super::{AssembleError, Target};
use crate::room;
use crate::seed::{Found, Seeds, Writing, read_chunk};
use crate::source::Cancel;

/// Where a chunk comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was found where it belongs.
    InPlace,
    /// It was written at an earlier place of this release.
    Before(Earlier),
    /// A seed has it, maybe where it belongs.
    Seed,
    /// It is fetched.
    Source,
}

/// A place of this release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Earlier {
    pub(super) target: usize,
    pub(super) offset: u64,
}

/// A chunk of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) part: PartKind,
    pub(super) offset: u64,
    pub(super) chunk: Chunk,
    pub(super) origin: Origin,
}

/// How much there is to do, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The size of the parts.
    pub total: u64,
    /// Of it, so much is at its place.
    pub in_place: u64,
    /// So much comes from seeds, or from other places of the same release.
    pub from_box: u64,
    /// So much is fetched, compressed.
    pub fetch: u64,
}

/// What is to be done to put the parts together.
#[derive(Debug)]
pub struct Plan<'a> {
    targets: Vec<Target<'a>>,
    seeds: &'a Seeds,
    /// For each target, the origins of its chunks.
    origins: Vec<Vec<Origin>>,
    sums: Sums,
}

impl<'a> Plan<'a> {
    /// Looks what is there, and writes nothing. The targets are in the order of the parts.
    ///
    /// # Errors
    /// A part does not fit into its place, or it was stopped.
    pub fn make(targets: Vec<Target<'a>>, seeds: &'a Seeds, cancel: &Cancel) -> Result<Self, AssembleError> {
        fits(&targets)?;
        let mut places: HashMap<Sha256, Earlier> = HashMap::new();
        let mut sums = Sums::default();
        let mut origins = Vec::with_capacity(targets.len());
        for (number, target) in targets.iter().enumerate() {
            let mut of_target = Vec::new();
            for (offset, chunk) in target.index.chunks() {
                cancel.check()?;
                let length = u64::from(chunk.length);
                let writing = Writing { part: target.index.part(), offset };
                let earlier = places.get(&chunk.sha256).copied();
                let seed = seeds.find(&chunk, writing);
                // The file is read last, as that is what takes time.
                let (origin, sum) = if seed == Some(Found::InPlace) {
                    (Origin::Seed, (&mut sums.in_place, length))
                } else if let Some(earlier) = earlier {
                    (Origin::Before(earlier), (&mut sums.from_box, length))
                } else if seed.is_some() {
                    (Origin::Seed, (&mut sums.from_box, length))
                } else if read_chunk(target.file, offset, &chunk).is_some() {
                    (Origin::InPlace, (&mut sums.in_place, length))
                } else {
                    (Origin::Source, (&mut sums.fetch, chunk.compressed.into()))
                };
                *sum.0 += sum.1;
                sums.total += length;
                places.entry(chunk.sha256).or_insert(Earlier { target: number, offset });
                of_target.push(origin);
            }
            origins.push(of_target);
        }
        Ok(Self { targets, seeds, origins, sums })
    }

    /// How much there is to do.
    pub fn sums(&self) -> Sums {
        self.sums
    }

    /// The chunks of a target that are fetched, in their order, each once.
    pub fn fetched(&self, target: usize) -> Vec<Chunk> {
        self.steps(target).filter(|step| step.origin == Origin::Source).map(|step| step.chunk).collect()
    }

    pub(super) fn targets(&self) -> &[Target<'a>] {
        &self.targets
    }

    pub(super) fn seeds(&self) -> &Seeds {
        self.seeds
    }

    /// The chunks of a target, in their order.
    pub(super) fn steps(&self, target: usize) -> impl Iterator<Item = Step> {
        let index = self.targets[target].index;
        index.chunks().zip(&self.origins[target]).map(|((offset, chunk), origin)| Step {
            part: index.part(),
            offset,
            chunk,
            origin: *origin,
        })
    }
}

/// Every part fits into its place, before the first one is written.
fn fits(targets: &[Target<'_>]) -> Result<(), AssembleError> {
    for target in targets {
        let part = target.index.part().name();
        let room = room::of(target.file).map_err(|source| AssembleError::Measure { part, source })?;
        let size = target.index.image().size;
        if size > room {
            return Err(Refusal::PartTooLarge { part, size, room }.into());
        }
    }
    Ok(())
}
