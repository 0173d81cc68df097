//! Puts the parts of a release together.
//!
//! Each chunk comes from the first of these that has it: its own place, as a [seed](crate::seed) knows; an earlier
//! place of this release; a seed; its own place, where an interrupted attempt left it; the source. Whichever it is,
//! it is checked against its digest before it is written. So an attempt can be interrupted at any moment and begun
//! anew, and fetches what is still missing.
//!
//! A [`Plan`] is made first: it reads, writes nothing, and tells how much will be fetched. The parts are then
//! written in their order, each from its beginning to its end, and brought to the medium.
//!
//! The verity tree need not be fetched: [`make_verity`] makes it from a root that is complete.
//!
//! The slot must have no entry in the boot loader before it is written, and is to be read back before it gets
//! one ([`ota_core::slots::Installation`]); neither is done here.
//!
//! ```no_run
//! # use ota_client::{assemble::{Plan, Target}, index::Index, seed::Seeds, source::{Cancel, Source}};
//! # fn example(source: &mut dyn Source, manifest: &ota_core::manifest::Manifest, running: std::fs::File,
//! #     root: std::fs::File) -> Result<(), Box<dyn std::error::Error>> {
//! let cancel = Cancel::default();
//! let [index, ..] = Index::fetch_all(source, manifest)?;
//! let mut seeds = Seeds::default();
//! seeds.add(running, 64 << 20, &cancel)?;
//! let plan = Plan::make(vec![Target { index: &index, file: &root }], &seeds, &cancel)?;
//! let to_fetch = plan.sums().fetch;
//! plan.carry_out(source, &cancel, &mut |progress| drop(progress))?;
//! # Ok(()) }
//! ```

mod from_root;
mod plan;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ota_core::index::Chunk;
use ota_core::trust::Refusal;
use thiserror::Error;

use crate::index::Index;
use crate::seed::{Found, Writing, read_chunk};
use crate::source::{Cancel, Source, SourceError};
use crate::unpack::unpack;
use crate::verity::VerityError;
pub use from_root::{FromRoot, make_verity};
use plan::{Origin, Step};
pub use plan::{Plan, Sums};

/// A part, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The part's chunks.
    pub index: &'a Index,
    /// A partition, or a file; open for reading and writing.
    pub file: &'a File,
}

/// How far it is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Of the parts, so much is at its place.
    pub done: u64,
    /// The size of the parts.
    pub total: u64,
    /// So much was fetched, compressed.
    pub fetched: u64,
    /// The chunks that a seed had when the plan was made, and not any more. They were fetched instead.
    pub lost_seeds: u64,
}

/// Why the parts could not be put together.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is, and the fields are named in it")]
pub enum AssembleError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Verity(#[from] VerityError),
    #[error("The size of the place for the {part} cannot be told.")]
    Measure { part: &'static str, source: io::Error },
    #[error("The {part} cannot be written.")]
    Write { part: &'static str, source: io::Error },
    #[error("The {part} cannot be brought to the medium.")]
    Sync { part: &'static str, source: io::Error },
}

impl AssembleError {
    /// The reason in one word, which stays the same; for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(error) => error.code(),
            Self::Verity(error) => error.code(),
            Self::Measure { .. } | Self::Write { .. } | Self::Sync { .. } => "not_written",
        }
    }
}

impl From<Refusal> for AssembleError {
    fn from(refusal: Refusal) -> Self {
        Self::Source(refusal.into())
    }
}

impl Plan<'_> {
    /// Does it. `progress` is told after each chunk.
    ///
    /// # Errors
    /// See [`AssembleError`]. What is at its place by then stays, and is found by the next plan.
    pub fn carry_out(
        &self,
        source: &mut dyn Source,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Progress, AssembleError> {
        let mut now = Progress { total: self.sums().total, ..Progress::default() };
        for (number, target) in self.targets().iter().enumerate() {
            let part = target.index.part().name();
            for step in self.steps(number) {
                cancel.check()?;
                if let Some(bytes) = self.get(&step, source, &mut now)? {
                    let written = target.file.write_all_at(&bytes, step.offset);
                    written.map_err(|source| AssembleError::Write { part, source })?;
                }
                now.done += u64::from(step.chunk.length);
                progress(now);
            }
            finish(target).map_err(|source| AssembleError::Sync { part, source })?;
        }
        Ok(now)
    }

    /// The bytes of a chunk that is to be written, checked; `None` when it is at its place.
    fn get(
        &self,
        step: &Step,
        source: &mut dyn Source,
        now: &mut Progress,
    ) -> Result<Option<Vec<u8>>, AssembleError> {
        let Step { chunk, part, offset, .. } = *step;
        let here = match step.origin {
            Origin::InPlace => return Ok(None),
            Origin::Source => None,
            Origin::Before(place) => read_chunk(self.targets()[place.target].file, place.offset, &chunk),
            Origin::Seed => match self.seeds().read(&chunk, Writing { part, offset }) {
                Some((Found::InPlace, _)) => return Ok(None),
                Some((Found::Elsewhere, bytes)) => Some(bytes),
                None => None,
            },
        };
        if here.is_some() {
            return Ok(here);
        }
        now.lost_seeds += u64::from(step.origin != Origin::Source);
        fetch(&chunk, source, now).map(Some)
    }
}

fn fetch(chunk: &Chunk, source: &mut dyn Source, now: &mut Progress) -> Result<Vec<u8>, AssembleError> {
    let file = source.chunk(chunk)?;
    now.fetched += file.len() as u64;
    Ok(unpack(&file, chunk)?)
}

/// A file ends where the part does; a partition is as long as it is.
fn finish(target: &Target<'_>) -> io::Result<()> {
    if target.file.metadata()?.is_file() {
        target.file.set_len(target.index.image().size)?;
    }
    target.file.sync_all()
}
