//! `make`: an image becomes a release that waits for its signatures.
//!
//! Whatever a box would refuse is refused here, before anything is written: an image whose kernel starts
//! another root, a version or epoch that leads back, a version that is published with other content. Chunks
//! come first, then the indexes, the manifest last; a run that is interrupted leaves chunks that the next run
//! finds, or `prune` removes.
//!
//! The same image may be made again after it was published: with a later expiry, to be signed and published
//! anew.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use jiff::Timestamp;
use ota_client::{kernel_image, verity};
use ota_core::digest::{RootHash, Sha256};
use ota_core::layout;
use ota_core::manifest::{Content, Manifest, Part, PartKind};
use ota_core::version::Version;
use serde::Serialize;

use crate::chunks::{self, Effort};
use crate::error::{ReleaseError, Result};
use crate::image_folder::ImageFolder;
use crate::repository::{ReleaseName, Repository};

/// What a draft has in the place of a part that is not cut yet.
const NOT_CUT: Part = {
    let nothing = Content { size: 0, sha256: Sha256([0; 32]) };
    Part { image: nothing, index: nothing }
};

/// What is to be released.
#[derive(Clone, Debug)]
pub struct Order {
    /// The image's folder.
    pub image: PathBuf,
    /// The release's name.
    pub name: ReleaseName,
    /// Its security epoch.
    pub epoch: u64,
    /// The oldest version that it may be installed over.
    pub minimum_version: Version,
    /// From when on it is not believed any more.
    pub expires: Timestamp,
    /// What is new, in plain text.
    pub notes: String,
}

/// A release that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// Its name.
    #[serde(flatten)]
    pub name: ReleaseName,
    /// The path of its manifest in the repository.
    pub manifest: String,
    /// Its root hash.
    pub root_hash: String,
    /// When it expires.
    pub expires: Timestamp,
    /// What its parts added to the repository: root, verity, kernel image.
    pub parts: Vec<MadePart>,
}

/// A part that was made.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MadePart {
    /// Which.
    pub part: PartKind,
    /// What it added.
    #[serde(flatten)]
    pub effort: Effort,
}

/// Makes a release, signed by nobody yet.
///
/// # Errors
/// The image or the order cannot be released, or the repository cannot be written.
pub fn make(repository: &Repository, order: &Order, now: Timestamp) -> Result<Made> {
    let _lock = repository.lock()?;
    let signers = repository.signer_lists()?.len() as u64;
    let image = ImageFolder::open(&order.image, &order.name)?;
    let mut manifest = order.draft(image.root_hash(), signers, now)?;
    let current = repository.current(&order.name.place)?.map(|current| current.manifest);
    if let Some(current) = &current {
        leads_on(&manifest, current)?;
    }
    check_image(&image, &manifest)?;
    let mut parts = Vec::new();
    let mut indexes = Vec::new();
    for kind in PartKind::ALL {
        let (file, length) = image.released(kind)?;
        let stored = chunks::store(repository, file.take(length), &image.part(kind))?;
        *part_of(&mut manifest, kind) = stored.part;
        indexes.push((layout::index(&manifest, kind), stored.index));
        parts.push(MadePart { part: kind, effort: stored.effort });
    }
    if let Some(current) = current {
        same_content(&manifest, &current)?;
    }
    let path = order.name.manifest();
    let document = manifest.to_bytes().map_err(ReleaseError::document(&path))?;
    // Signatures of a former try are over other bytes.
    repository.remove(&layout::signatures(&path))?;
    for (path, index) in indexes {
        repository.put(&path, &index)?;
    }
    repository.put(&path, &document)?;
    let Manifest { root_hash, expires, .. } = manifest;
    Ok(Made { name: order.name.clone(), manifest: path, root_hash: root_hash.to_string(), expires, parts })
}

impl Order {
    /// The manifest, but for its parts.
    fn draft(&self, root_hash: RootHash, signers: u64, now: Timestamp) -> Result<Manifest> {
        let field = |field, why: String| Err(ReleaseError::Field { field, why });
        if self.expires <= now {
            return field("--expires", format!("{} is past", self.expires));
        }
        if self.minimum_version > self.name.version {
            return field(
                "--minimum-version",
                format!("{} is newer than {} itself", self.minimum_version, self.name.version),
            );
        }
        let ReleaseName { place, version } = self.name.clone();
        Ok(Manifest {
            version,
            board: place.board,
            channel: place.channel,
            epoch: self.epoch,
            minimum_version: self.minimum_version.clone(),
            signed: now,
            expires: self.expires,
            signers,
            notes: self.notes.clone(),
            root_hash,
            root: NOT_CUT,
            verity: NOT_CUT,
            uki: NOT_CUT,
        })
    }
}

/// A box that has seen what is current would refuse what leads back.
fn leads_on(manifest: &Manifest, current: &Manifest) -> Result<()> {
    let field = |field, why: String| Err(ReleaseError::Field { field, why });
    if manifest.version < current.version {
        return field(
            "--version",
            format!("{} is older than {}, which is current", manifest.version, current.version),
        );
    }
    if manifest.epoch < current.epoch {
        return field(
            "--epoch",
            format!(
                "{} is below the {} of {}, which is current",
                manifest.epoch, current.epoch, current.version
            ),
        );
    }
    if manifest.version == current.version && manifest.root_hash != current.root_hash {
        return other_content(&manifest.version);
    }
    Ok(())
}

/// A version means one content, for ever.
fn same_content(manifest: &Manifest, current: &Manifest) -> Result<()> {
    let differs = |kind: &PartKind| manifest.part(*kind).image != current.part(*kind).image;
    if manifest.version == current.version && PartKind::ALL.iter().any(differs) {
        return other_content(&manifest.version);
    }
    Ok(())
}

fn other_content(version: &Version) -> Result<()> {
    let why = format!("{version} is published with other content: take the next version");
    Err(ReleaseError::Field { field: "--version", why })
}

/// The kernel image starts this root, and the verity tree is that of this root.
fn check_image(image: &ImageFolder, manifest: &Manifest) -> Result<()> {
    let (kernel, _) = image.released(PartKind::Uki)?;
    kernel_image::check(&kernel, manifest).map_err(|refusal| image.bad(refusal))?;
    let (root, size) = image.released(PartKind::Root)?;
    let (tree, _) = image.released(PartKind::Verity)?;
    verity::verify(&root, &tree, &manifest.root_hash, size).map_err(|error| image.bad(error))
}

fn part_of(manifest: &mut Manifest, kind: PartKind) -> &mut Part {
    match kind {
        PartKind::Root => &mut manifest.root,
        PartKind::Verity => &mut manifest.verity,
        PartKind::Uki => &mut manifest.uki,
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Made {}, root hash {}, expires {}.", self.name, self.root_hash, self.expires)?;
        for MadePart { part, effort } in &self.parts {
            writeln!(
                f,
                "  {:<6} {:>11} bytes, {:>5} chunks, {:>5} of them new ({} bytes)",
                part.name(),
                effort.size,
                effort.chunks,
                effort.new_chunks,
                effort.new_bytes
            )?;
        }
        write!(f, "It waits for signatures: {}", self.manifest)
    }
}
