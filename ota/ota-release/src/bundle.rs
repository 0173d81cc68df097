//! `bundle`: a published or staged release in one file, for boxes without a network.
//!
//! The form is that of [`ota_core::bundle`]: a ustar archive in a fixed order. What would make two bundles of
//! one release differ is fixed: times are that of signing, owners and modes are always the same.
//!
//! With an older release to begin at, chunks are left out that it has. Its name says so:
//! `…-from-1.2.2.update`. The rules let a box read such a bundle when it runs that release, as it finds the
//! same chunks in its own slot.
//!
//! Limits: [`ota_client::bundle`] expects all chunks, and does not read the latter kind yet.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ota_client::source::Source;
use ota_core::bundle::FileName;
use ota_core::digest::Sha256;
use ota_core::layout;
use ota_core::manifest::PartKind;
use ota_core::trust::Known;
use serde::Serialize;
use tempfile::Builder;

use crate::error::{ReleaseError, Result};
use crate::repository::{Document, PARTIAL, PUBLIC, Release, Repository};
use crate::served::Served;
use crate::verify;

/// A bundle that was written.
#[derive(Clone, Debug, Serialize)]
pub struct Bundled {
    /// Its file.
    pub path: PathBuf,
    /// Its size, bytes.
    pub size: u64,
    /// How many chunks it holds.
    pub chunks: usize,
    /// How many of the release's chunks it leaves out.
    pub left_out: usize,
}

/// Writes the bundle of a release into a folder; `from` is the older release whose chunks are left out.
///
/// # Errors
/// A box would refuse the release, or the file cannot be written.
pub fn bundle(
    repository: &Repository,
    release: &Release,
    from: Option<&Release>,
    folder: &Path,
    now: Timestamp,
) -> Result<Bundled> {
    verify::verify(repository, release, None, &Known::default(), now)?;
    let there: HashSet<Sha256> = match from {
        Some(from) => Served::new(repository, from).chunks()?.iter().map(|chunk| chunk.sha256).collect(),
        None => HashSet::new(),
    };
    let mut served = Served::new(repository, release);
    let all = served.chunks()?;
    let chunks: Vec<_> = all.iter().filter(|chunk| !there.contains(&chunk.sha256)).collect();
    let path = folder.join(file_name(release, from));
    let failed = || ReleaseError::file("write", &path);
    fs::create_dir_all(folder).map_err(failed())?;
    let mode = Permissions::from_mode(PUBLIC);
    let partial = Builder::new().prefix(PARTIAL).permissions(mode).tempfile_in(folder).map_err(failed())?;
    let mut archive = Archive::new(partial.as_file(), release.manifest.signed, &path);
    for listed in repository.signer_lists()? {
        archive.document(&listed.document)?;
    }
    let manifest = layout::manifest(&release.manifest.channel, &release.manifest.board);
    archive.document(&Document { path: manifest, ..release.document.clone() })?;
    for kind in PartKind::ALL {
        let index = served.index(&release.manifest, kind).map_err(ReleaseError::refused(release.name()))?;
        archive.entry(&layout::index(&release.manifest, kind), &index)?;
    }
    for chunk in &chunks {
        let file = served.chunk(chunk).map_err(ReleaseError::refused(release.name()))?;
        archive.entry(&layout::chunk(&chunk.sha256), &file)?;
    }
    archive.end()?;
    let size = partial.as_file().metadata().map_err(failed())?.len();
    partial.persist(&path).map_err(|error| failed()(error.error))?;
    Ok(Bundled { size, chunks: chunks.len(), left_out: all.len() - chunks.len(), path })
}

fn file_name(release: &Release, from: Option<&Release>) -> String {
    FileName::of(&release.manifest, from.map(|from| &from.manifest.version)).to_string()
}

struct Archive<'a> {
    tar: tar::Builder<BufWriter<&'a File>>,
    time: u64,
    path: &'a Path,
}

impl<'a> Archive<'a> {
    fn new(file: &'a File, signed: Timestamp, path: &'a Path) -> Self {
        let time = u64::try_from(signed.as_second()).unwrap_or_default();
        Self { tar: tar::Builder::new(BufWriter::new(file)), time, path }
    }

    fn document(&mut self, document: &Document) -> Result<()> {
        self.entry(&document.path, &document.bytes)?;
        self.entry(&layout::signatures(&document.path), &document.signatures)
    }

    fn entry(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(PUBLIC);
        header.set_mtime(self.time);
        header.set_entry_type(tar::EntryType::Regular);
        let written = header.set_path(name).and_then(|()| {
            header.set_cksum();
            self.tar.append(&header, content)
        });
        written.map_err(ReleaseError::file("write", self.path))
    }

    fn end(self) -> Result<()> {
        let written = || -> io::Result<()> {
            let mut buffer = self.tar.into_inner()?;
            buffer.flush()?;
            buffer.get_ref().sync_all()
        };
        let path = self.path;
        written().map_err(ReleaseError::file("write", path))
    }
}

impl fmt::Display for Bundled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {} bytes, {} chunks", self.path.display(), self.size, self.chunks)?;
        match self.left_out {
            0 => Ok(()),
            left_out => write!(f, "; {left_out} left out, which the older release has"),
        }
    }
}
