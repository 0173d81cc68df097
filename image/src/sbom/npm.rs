//! The npm packages that ship in the web page's bundle: those that are not for development alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Component, HashEntry, Kind, quoted};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile {
    lockfile_version: u32,
    packages: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    version: Option<String>,
    license: Option<String>,
    integrity: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    dev_optional: bool,
    #[serde(default)]
    link: bool,
}

/// The bundle's packages, from `web-ui/package-lock.json`.
///
/// # Errors
/// When the file is missing or of another version.
pub fn components(repository: &Path) -> Result<Vec<Component>> {
    let file = repository.join("web-ui/package-lock.json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    from_lock(&text)
}

pub(super) fn from_lock(text: &str) -> Result<Vec<Component>> {
    let lock: LockFile = serde_json::from_str(text).context("package-lock.json is not understood")?;
    ensure!(lock.lockfile_version == 3, "package-lock.json has version {}, not 3", lock.lockfile_version);
    let mut components = Vec::new();
    for (path, entry) in &lock.packages {
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        if entry.dev || entry.dev_optional || entry.link {
            continue;
        }
        let version = entry.version.as_deref().with_context(|| format!("{name} has no version"))?;
        let purl = format!(
            "pkg:npm/{}@{}",
            name.split('/').map(quoted).collect::<Vec<_>>().join("/"),
            quoted(version)
        );
        let mut component = Component::package(Kind::Library, name, version, purl);
        component.license.clone_from(&entry.license);
        if let Some(hash) = entry.integrity.as_deref().and_then(|text| text.strip_prefix("sha512-")) {
            let bytes = STANDARD.decode(hash).with_context(|| format!("{name} has a broken integrity"))?;
            component.hashes.push(HashEntry { alg: "SHA-512", content: hex::encode(bytes) });
        }
        components.push(component);
    }
    components.sort();
    components.dedup();
    Ok(components)
}
