//! What comes with an image in writing: `manifest.json` and the SBOM.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Order, Work};
use crate::lock::Lock;
use crate::places::Places;
use crate::sbom::{self, Manifest, Subject, debian, manifest};
use crate::tools::Tools;

/// The files that people take; those that are absent are left out.
const FILES: &[&str] = &["disk.raw", "anya.efi", "anya-rescue.efi", "root.raw", "verity.raw"];

pub(super) fn write(
    places: &Places,
    tools: &Tools,
    order: &Order,
    work: &Work,
    epoch: u64,
    out: &Path,
) -> Result<()> {
    let repository = places.repository();
    let root_hash = fs::read_to_string(out.join("roothash"))?.trim().to_owned();
    let lock = match order.unlocked {
        true => None,
        false => Some(Lock::read(&Lock::path(repository, order.board.architecture.debian()))?),
    };
    let read = |name: &str| -> Result<Vec<debian::Installed>> {
        let text = fs::read_to_string(out.join(name)).with_context(|| format!("cannot read {name}"))?;
        debian::installed(&text)
    };
    let (root, initrd) = (read("packages.json")?, read("initrd-packages.json")?);
    let installed = [root.clone(), initrd.clone()].concat();
    let bill = sbom::make(&Subject {
        repository,
        board: &order.board.name,
        version: &order.version,
        root_hash: &root_hash,
        epoch,
        installed: &installed,
        lock: lock.as_ref(),
        stage: &work.stage,
    })
    .context("cannot list what the image holds")?;
    fs::write(out.join("sbom.cdx.json"), bill)?;
    let (commit, changed) =
        manifest::commit(repository).map_or((None, false), |(commit, changed)| (Some(commit), changed));
    Manifest {
        board: order.board.name.clone(),
        version: order.version.clone(),
        root_hash,
        commit,
        changed,
        epoch,
        lock: lock.as_ref().map(Lock::digest),
        tools: manifest::tool_versions(tools)?,
        files: Manifest::files(out, FILES)?,
        packages: manifest::versions(&root),
        initrd_packages: manifest::versions(&initrd),
    }
    .write(out)
}
