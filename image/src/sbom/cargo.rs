//! The Rust crates that are linked into the image's programs.
//!
//! They are the ones that normal dependencies lead to on the image's platform. What only takes part in
//! compiling (build dependencies, procedural macros and what those need) is not in the image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use serde::Deserialize;

use super::{Component, HashEntry, Kind, quoted};

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

#[derive(Deserialize)]
struct LockFile {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The crates of some programs of the checkout, sorted. Asks cargo, which needs no network where the
/// programs were compiled.
///
/// # Errors
/// When cargo fails, or a program is not in the workspace.
pub fn components(repository: &Path, programs: &[&str]) -> Result<Vec<Component>> {
    let metadata = MetadataCommand::new()
        .manifest_path(repository.join("Cargo.toml"))
        .other_options(["--locked", "--offline", "--filter-platform", PLATFORM].map(str::to_owned))
        .exec()
        .context("cargo metadata failed")?;
    let text = fs::read_to_string(repository.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let locked: LockFile = toml::from_str(&text).context("cannot read Cargo.lock")?;
    let checksums: BTreeMap<(String, String), String> = locked
        .package
        .into_iter()
        .filter_map(|package| Some(((package.name, package.version), package.checksum?)))
        .collect();
    let linked = linked(&metadata, programs)?;
    let mut components: Vec<Component> = metadata
        .packages
        .iter()
        .filter(|package| linked.contains(&package.id))
        .map(|package| component(package, &checksums))
        .collect();
    components.sort();
    Ok(components)
}

fn component(package: &Package, checksums: &BTreeMap<(String, String), String>) -> Component {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let purl = format!("pkg:cargo/{}@{}", quoted(&name), quoted(&version));
    let program = package.targets.iter().any(|target| target.is_kind(TargetKind::Bin));
    let kind = if program && package.source.is_none() { Kind::Application } else { Kind::Library };
    let mut component = match package.source {
        Some(_) => Component::package(kind, &name, &version, purl),
        // Not published: a package URL would lead to somebody else's crate of that name.
        None => Component::plain(kind, &name, Some(&version), format!("anya:{name}")),
    };
    component.license = package.license.as_deref().map(spdx);
    let checksum = checksums.get(&(name, version));
    component.hashes.extend(checksum.cloned().map(HashEntry::sha256));
    component
}

/// Old crates write `MIT/Apache-2.0` for a choice.
fn spdx(license: &str) -> String {
    license.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

fn linked(metadata: &Metadata, programs: &[&str]) -> Result<BTreeSet<PackageId>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata gave no dependencies")?;
    let packages: BTreeMap<_, _> = metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut waiting = Vec::new();
    for program in programs {
        let found = metadata
            .packages
            .iter()
            .find(|package| package.source.is_none() && package.name.as_str() == *program)
            .with_context(|| format!("the workspace has no crate {program}"))?;
        waiting.push(&found.id);
    }
    let mut linked = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let macros = packages.get(id).is_some_and(|package| {
            package.targets.iter().any(|target| target.is_kind(TargetKind::ProcMacro))
        });
        if macros || !linked.insert(id.clone()) {
            continue;
        }
        for dependency in nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default() {
            if dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal) {
                waiting.push(&dependency.pkg);
            }
        }
    }
    Ok(linked)
}
