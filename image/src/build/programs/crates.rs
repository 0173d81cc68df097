//! The workspace's crates, and what the image's programs are made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::build::inputs;
use crate::places::Places;
use crate::tools::{self, Tools};

/// A crate of the workspace.
#[derive(Deserialize)]
pub(super) struct Crate {
    pub(super) name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `build` or `dev`, if it is not a usual one.
    kind: Option<String>,
    /// The folder of a crate of the workspace.
    path: Option<PathBuf>,
}

impl Crate {
    fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }
}

/// All of them, from the answer of `cargo metadata`.
pub(super) fn read(metadata: &str) -> Result<Vec<Crate>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Crate>,
    }
    let read: Metadata = serde_json::from_str(metadata).context("cannot read cargo's metadata")?;
    Ok(read.packages)
}

/// Those that the programs are compiled from, by name.
fn compiled<'a>(crates: &'a [Crate], programs: &[&'a str]) -> Vec<&'a Crate> {
    let (mut found, mut wanted) = (BTreeMap::new(), programs.to_vec());
    while let Some(name) = wanted.pop() {
        if let Some(named) = crates.iter().find(|named| named.name == name)
            && found.insert(name, named).is_none()
        {
            let own = named.dependencies.iter().filter(|of| of.path.is_some());
            wanted.extend(own.filter(|of| of.kind.as_deref() != Some("dev")).map(|of| of.name.as_str()));
        }
    }
    found.into_values().collect()
}

/// A digest over all that the programs are made of: this workspace's crates and the web page by their content, other
/// crates by the lock file, compiler and tools tree by what they are called.
pub(super) fn content(places: &Places, tools: &Tools, crates: &[Crate], programs: &[&str]) -> Result<String> {
    let repository = places.repository();
    let mut words = tools::output(Command::new("rustc").arg("-vV").current_dir(repository), "rustc")?;
    words += &tools.tree().display().to_string();
    for file in ["Cargo.toml", "Cargo.lock"] {
        words += &fs::read_to_string(repository.join(file)).with_context(|| file.to_owned())?;
    }
    let page = repository.join("web-ui/dist");
    let crates = compiled(crates, programs);
    let folders: Vec<_> = crates.iter().map(|of| of.folder()).chain([page.as_path()]).collect();
    inputs::digest(&folders, &words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_program_is_made_of_what_it_depends_on_and_not_of_what_only_its_tests_need() {
        let depends = |name: &str, kind: Option<&str>, path: Option<&str>| json!({"name": name, "kind": kind, "path": path});
        let package = |name: &str, on: Vec<serde_json::Value>| json!({"name": name, "manifest_path": format!("/{name}/Cargo.toml"), "dependencies": on});
        let metadata = json!({"packages": [
            package("core", vec![depends("serde", None, None)]),
            package("made-before", vec![]),
            package("program", vec![
                depends("http", None, Some("/http")),
                depends("made-before", Some("build"), Some("/made-before")),
                depends("simulator", Some("dev"), Some("/simulator")),
            ]),
            package("http", vec![depends("core", None, Some("/core"))]),
            package("simulator", vec![]),
        ]});
        let crates = read(&metadata.to_string()).unwrap();
        let folders: Vec<_> =
            compiled(&crates, &["program"]).iter().map(|of| of.folder().display().to_string()).collect();
        assert_eq!(folders, ["/core", "/http", "/made-before", "/program"]);
    }
}
