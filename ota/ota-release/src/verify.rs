//! `verify`: everything that a box would check, and every chunk and part besides.
//!
//! What a box does is done by its own code, [`ota_client`]: it follows the signer lists, from the first of the
//! repository or from one that the caller trusts (the one in an image), and judges the release, for a box of
//! the release's own board and channel that runs the oldest version it may be installed over. Then it puts the
//! parts together out of their chunks, and reads them back: digests, verity tree and kernel image have to agree.
//!
//! Limits: how much room a box has is not known here.

use std::fmt;
use std::fs::File;

use jiff::Timestamp;
use ota_client::assemble::{Plan, Target};
use ota_client::check::{self, Facts, SignerLists};
use ota_client::index::Index;
use ota_client::seed::Seeds;
use ota_client::source::Cancel;
use ota_client::{kernel_image, readback, verity};
use ota_core::manifest::{Manifest, PartKind};
use ota_core::trust::{BoardFacts, Known, Refusal, Room};
use serde::Serialize;

use crate::error::{ReleaseError, Result};
use crate::repository::{Release, ReleaseName, Repository};
use crate::served::Served;
use crate::trust;

/// A release that a box would take.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// Its name.
    #[serde(flatten)]
    pub name: ReleaseName,
    /// Who signed it.
    pub signed_by: Vec<String>,
    /// The version of the signer list that says so.
    pub signer_list: u64,
    /// When it expires.
    pub expires: Timestamp,
    /// The size of its parts, bytes.
    pub size: u64,
    /// How many different chunks they consist of.
    pub chunks: usize,
    /// The size of the chunks' files, bytes: what a box without any of them downloads.
    pub download: u64,
}

/// Verifies a release. `trusted` is the document of the signer list to begin at; without one, it is the
/// repository's first. `known` is what the box remembers.
///
/// # Errors
/// The first thing that a box would refuse.
pub fn verify(
    repository: &Repository,
    release: &Release,
    trusted: Option<&[u8]>,
    known: &Known,
    now: Timestamp,
) -> Result<Verified> {
    let name = release.name();
    let lists = repository.signer_lists()?;
    let trusted = trusted.unwrap_or(&lists[0].document.bytes);
    let facts = Facts {
        signers: Some(trusted),
        followed: &SignerLists::new(),
        known,
        system_time: now,
        synchronised: true,
        board: &a_box_for(&release.manifest),
    };
    let mut served = Served::new(repository, release);
    let checked = check::check(&mut served, &facts, &mut |_| Ok(())).map_err(ReleaseError::refused(&name))?;
    let followed = checked.evidence.signer_lists.last_key_value();
    let newest = trust::believed(followed.map_or(trusted, |(_, list)| &list.document))?;
    let tally = trust::tallies(&release.document, &[newest], now).remove(0);
    put_together(&mut served, release)?;
    let chunks = served.chunks()?;
    Ok(Verified {
        name,
        signed_by: tally.signed_by,
        signer_list: tally.signer_list,
        expires: release.manifest.expires,
        size: PartKind::ALL.iter().map(|&kind| release.manifest.part(kind).image.size).sum(),
        chunks: chunks.len(),
        download: chunks.iter().map(|chunk| u64::from(chunk.compressed)).sum(),
    })
}

/// A box that the release is for.
fn a_box_for(manifest: &Manifest) -> BoardFacts {
    BoardFacts {
        board: manifest.board.clone(),
        channel: manifest.channel.clone(),
        installed: manifest.minimum_version.clone(),
        built: manifest.signed,
        room: Room { root: u64::MAX, verity: u64::MAX, uki: u64::MAX },
    }
}

/// Puts the parts together in files without names, and looks at them as a box looks at its slot.
fn put_together(served: &mut Served<'_>, release: &Release) -> Result<()> {
    let name = release.name();
    let temporary = || {
        let folder = std::env::temp_dir();
        tempfile::tempfile_in(&folder).map_err(ReleaseError::file("make a temporary file in", &folder))
    };
    let indexes = served.indexes()?;
    let files = [temporary()?, temporary()?, temporary()?];
    let targets = indexes.iter().zip(&files).map(|(index, file)| Target { index, file }).collect();
    let cancel = Cancel::default();
    Plan::make(targets, &Seeds::default(), &cancel)
        .map_err(ReleaseError::refused(&name))?
        .carry_out(served, &cancel, &mut |_| {})
        .map_err(ReleaseError::refused(&name))?;
    for (index, file) in indexes.iter().zip(&files) {
        holds(index, file, &name)?;
    }
    let [root, tree, kernel] = files;
    kernel_image::check(&kernel, &release.manifest).map_err(ReleaseError::refused(&name))?;
    let Manifest { root_hash, root: part, .. } = &release.manifest;
    verity::verify(&root, &tree, root_hash, part.image.size).map_err(ReleaseError::refused(&name))
}

fn holds(index: &Index, file: &File, name: &ReleaseName) -> Result<()> {
    let folder = std::env::temp_dir();
    if readback::holds(file, &index.image()).map_err(ReleaseError::file("read a file in", &folder))? {
        return Ok(());
    }
    let what = format!("the {}", index.part().name());
    Err(ReleaseError::refused(name)(Refusal::OtherContent { what }))
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is what a box would take.", self.name)?;
        writeln!(f, "  signed by {} (signer list {})", self.signed_by.join(" and "), self.signer_list)?;
        writeln!(f, "  current until {}", self.expires)?;
        write!(f, "  {} bytes, {} different chunks of {} bytes", self.size, self.chunks, self.download)
    }
}
