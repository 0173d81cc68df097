//! Debian's packages in root and initrd.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Component, HashEntry, Kind, Property, quoted};
use crate::lock::Lock;

/// A package that was installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
}

/// Reads what mkosi writes with `ManifestFormat=json`.
///
/// # Errors
/// When it is no such file.
pub fn installed(manifest: &str) -> Result<Vec<Installed>> {
    #[derive(Deserialize)]
    struct File {
        packages: Vec<Installed>,
    }
    let mut file: File = serde_json::from_str(manifest).context("this is no manifest of mkosi")?;
    file.packages.sort();
    Ok(file.packages)
}

/// The packages, each once, with the hashes that the lock has.
#[must_use]
pub fn components(installed: &[Installed], lock: Option<&Lock>) -> Vec<Component> {
    let locked: BTreeMap<(&str, &str), &str> = lock
        .iter()
        .flat_map(|lock| &lock.packages)
        .map(|package| ((package.name.as_str(), package.version.as_str()), package.sha256.as_str()))
        .collect();
    let mut components: Vec<Component> = installed
        .iter()
        .map(|package| {
            let purl = format!(
                "pkg:deb/debian/{}@{}?arch={}&distro={}",
                quoted(&package.name),
                quoted(&package.version),
                quoted(&package.architecture),
                crate::lock::RELEASE
            );
            let kernel = package.name.starts_with("linux-image-");
            let kind = if kernel { Kind::OperatingSystem } else { Kind::Library };
            let mut component = Component::package(kind, &package.name, &package.version, purl);
            match locked.get(&(package.name.as_str(), package.version.as_str())) {
                Some(sha256) => component.hashes.push(HashEntry::sha256((*sha256).to_owned())),
                None => component.properties.push(Property::new("locked", "no")),
            }
            component
        })
        .collect();
    components.sort();
    components.dedup();
    components
}
