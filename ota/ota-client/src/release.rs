//! One release from its index to a slot: what is missing, fetching it, putting it together.
//!
//! ```no_run
//! # use ota_client::{kept::Keeping, slot_keeper::ReadableSlots, source::{Cancel, Source}};
//! use ota_client::release::{Places, Stock, missing, put_together};
//! # fn example(server: &mut dyn Source, manifest: &ota_core::manifest::Manifest, slots: &ReadableSlots,
//! #     into: Places<'_>) -> Result<(), Box<dyn std::error::Error>> {
//! let cancel = Cancel::default();
//! let mut source = Keeping::new("/data/anya/updates/kept", server);
//! let stock = Stock::take(slots, &cancel)?;
//! let missing = missing(&mut source, manifest, &stock, into.root, into.uki, &cancel)?;
//! missing.fetch(&mut source, &cancel, &mut |progress| drop(progress))?;
//! // Once the other slot has no entry any more:
//! put_together(&mut source, manifest, &stock, into, &cancel, &mut |part, now| drop((part, now)))?;
//! # Ok(()) }
//! ```

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ota_core::index::Chunk;
use ota_core::manifest::{Manifest, PartKind};

use crate::assemble::{AssembleError, FromRoot, Plan, Progress, Target, make_verity};
use crate::index::Index;
use crate::kept;
use crate::seed::Seeds;
use crate::slot_keeper::ReadableSlots;
use crate::source::{Cancel, Source, SourceError};
use crate::verity::{BLOCK, Superblock};

/// What the slots hold, to take chunks from: cut and hashed once, which takes seconds. It may be older than what
/// the slots hold by now: what it takes from them is checked.
#[derive(Debug)]
pub struct Stock(Seeds);

impl Stock {
    /// Takes stock.
    ///
    /// # Errors
    /// It was stopped, or a file cannot be used at all. What cannot be read is not in stock.
    pub fn take(slots: &ReadableSlots, cancel: &Cancel) -> Result<Self, AssembleError> {
        seeds(slots, cancel).map(Self)
    }
}

fn seeds(slots: &ReadableSlots, cancel: &Cancel) -> Result<Seeds, AssembleError> {
    let mut seeds = Seeds::default();
    let copy = |part, file: &File| file.try_clone().map_err(|source| AssembleError::Measure { part, source });
    // A seed that cannot be read to its end is one up to there.
    let running = copy("root", &slots.running.root)?;
    let _ = seeds.add(running, root_length(&slots.running.verity), cancel);
    cancel.check()?;
    let length = slots.kernel_image.metadata().map_or(0, |image| image.len());
    let _ = seeds.add(copy("uki", &slots.kernel_image)?, length, cancel);
    let other = copy("root", &slots.other.root)?;
    let _ = seeds.add_target(PartKind::Root, other, root_length(&slots.other.verity), cancel);
    cancel.check()?;
    Ok(seeds)
}

/// How long the root is that a verity tree is over; 0 when there is no tree.
fn root_length(verity: &File) -> u64 {
    let mut block = [0; 512];
    let read = verity.read_exact_at(&mut block, 0).ok();
    read.and_then(|()| Superblock::parse(&block).ok())
        .map_or(0, |superblock| superblock.data_blocks.saturating_mul(BLOCK as u64))
}

/// The chunks of a release that the box does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    chunks: Vec<Chunk>,
    /// The size of the parts that are put together, bytes.
    pub total: u64,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// So much is here, compressed, bytes.
    pub done: u64,
    /// So much is to be here.
    pub total: u64,
}

impl Missing {
    /// How much is to be fetched, compressed, bytes.
    pub fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.compressed)).sum()
    }

    /// How much of it a folder does not have yet, bytes.
    pub fn bytes_not_in(&self, folder: &Path) -> u64 {
        let missing = self.chunks.iter().filter(|chunk| !kept::has(folder, chunk));
        missing.map(|chunk| u64::from(chunk.compressed)).sum()
    }

    /// Fetches it, from a source that [keeps](kept::Keeping) it.
    ///
    /// # Errors
    /// The source's. What came by then is kept.
    pub fn fetch(
        &self,
        source: &mut dyn Source,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Fetched),
    ) -> Result<(), SourceError> {
        let mut now = Fetched { done: 0, total: self.bytes() };
        for chunk in &self.chunks {
            cancel.check()?;
            source.chunk(chunk)?;
            now.done += u64::from(chunk.compressed);
            progress(now);
        }
        Ok(())
    }
}

/// Works out what is missing, and writes nothing. `other` is the root of the slot that is going to be written;
/// `uki` the file that the kernel image is going to be put together in.
///
/// # Errors
/// The indexes cannot be had, or a part does not fit.
pub fn missing(
    source: &mut dyn Source,
    manifest: &Manifest,
    stock: &Stock,
    other: &File,
    uki: &File,
    cancel: &Cancel,
) -> Result<Missing, AssembleError> {
    let [root, verity, kernel] = Index::fetch_all(source, manifest)?;
    let targets = vec![Target { index: &root, file: other }, Target { index: &kernel, file: uki }];
    let plan = Plan::make(targets, &stock.0, cancel)?;
    let mut seen = BTreeSet::new();
    let first_of_tree = verity.chunks().next().map(|(_, chunk)| chunk);
    // In the order in which a bundle has them: root, tree, kernel image.
    let [of_root, of_kernel] = [0, 1].map(|target| plan.fetched(target));
    let chunks = of_root.into_iter().chain(first_of_tree).chain(of_kernel);
    let chunks = chunks.filter(|chunk| seen.insert(chunk.sha256)).collect();
    Ok(Missing { chunks, total: plan.sums().total + verity.image().size })
}

/// Where a release is put together; open for reading and writing.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The other slot's root.
    pub root: &'a File,
    /// Its verity tree.
    pub verity: &'a File,
    /// A file for the kernel image.
    pub uki: &'a File,
}

/// Puts the release together in the other slot, and its kernel image in a file. The tree is made from the root;
/// should that not give the one that the release has, it is fetched.
///
/// # Errors
/// See [`AssembleError`]. What is at its place by then is not fetched again.
pub fn put_together(
    source: &mut dyn Source,
    manifest: &Manifest,
    stock: &Stock,
    into: Places<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(PartKind, Progress),
) -> Result<(), AssembleError> {
    let [root, verity, kernel] = Index::fetch_all(source, manifest)?;
    let mut put = |target: Target<'_>, source: &mut dyn Source| {
        let part = target.index.part();
        let plan = Plan::make(vec![target], &stock.0, cancel)?;
        plan.carry_out(source, cancel, &mut |now| progress(part, now)).map(drop)
    };
    let root = Target { index: &root, file: into.root };
    put(root, source)?;
    let verity = Target { index: &verity, file: into.verity };
    let FromRoot { complete, .. } = make_verity(root, verity, source)?;
    if !complete {
        put(verity, source)?;
    }
    put(Target { index: &kernel, file: into.uki }, source)
}

/// A file for a kernel image that is put together, in place of what an earlier attempt left.
///
/// # Errors
/// The system's.
pub fn uki_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(true).open(path)
}
