//! The models of an image, file by file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Component, HashEntry, Kind, Property};
use crate::lock::sha256_of;

/// Where the models lie in the root.
const FOLDER: &str = "usr/share/anya/models";
/// The licence of each model that dev-tools/fetch/models fetches.
const LICENSES: &[(&str, &str)] =
    &[("all-minilm-l6-v2", "Apache-2.0"), ("smollm2-135m-instruct", "Apache-2.0")];

/// One component a model; its hashes are those of its files, as properties, and the largest file's (the
/// weights) is the component's own.
///
/// # Errors
/// When a file cannot be read.
pub fn components(stage: &Path) -> Result<Vec<Component>> {
    let folder = stage.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut components = Vec::new();
    for entry in fs::read_dir(&folder).context("cannot list the models")? {
        let entry = entry?;
        if entry.path().is_dir() {
            components.push(component(&entry.path(), &entry.file_name().to_string_lossy())?);
        }
    }
    components.sort();
    Ok(components)
}

fn component(folder: &Path, name: &str) -> Result<Component> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let sha256 = sha256_of(&entry.path())?;
            files.push((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len(), sha256));
        }
    }
    files.sort();
    let mut component =
        Component::plain(Kind::MachineLearningModel, name, None, format!("anya:model:{name}"));
    if let Some((_, _, weights)) = files.iter().max_by_key(|(_, size, _)| *size) {
        component.hashes.push(HashEntry::sha256(weights.clone()));
    }
    component.license =
        LICENSES.iter().find(|(known, _)| *known == name).map(|(_, license)| (*license).to_owned());
    component.properties = files
        .iter()
        .map(|(file, _, sha256)| Property::new(&format!("sha256:{file}"), sha256.as_str()))
        .collect();
    Ok(component)
}
