//! Manifests: lints and versions come from the workspace, and a crate has one integration binary.
//!
//! A version that stands in two manifests differs one day, and a crate without the workspace's lints is
//! the one where the `unwrap` slips in.

use std::fs;

use anyhow::Context;
use cargo_metadata::{Metadata, TargetKind};
use toml::{Table, Value};

/// The tables of a manifest that name dependencies; each may stand below `[target.…]` too.
const DEPENDENCY_TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// One line for each breach in a member's manifest or in the workspace's dependency table.
pub(crate) fn findings(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let root = read(metadata.workspace_root.join("Cargo.toml").as_str())?;
    let mut findings = root_findings(&root);
    for package in metadata.workspace_packages() {
        let manifest = read(package.manifest_path.as_str())?;
        findings.extend(member_findings(&package.name, &manifest));
        let tests = package.targets.iter().filter(|target| target.is_kind(TargetKind::Test));
        findings.extend(tests.filter(|target| !target.src_path.ends_with("tests/it/main.rs")).map(
            |target| {
                format!("{}: the test binary `{}` belongs into tests/it/main.rs", package.name, target.name)
            },
        ));
    }
    Ok(findings)
}

fn read(path: &str) -> anyhow::Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    text.parse().with_context(|| format!("{path} is not TOML"))
}

/// The workspace's own dependency table: every crate from outside has a version that means something.
fn root_findings(root: &Table) -> Vec<String> {
    let dependencies = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let Some(dependencies) = dependencies.and_then(Value::as_table) else {
        return vec!["the root Cargo.toml has no [workspace.dependencies]".to_owned()];
    };
    dependencies
        .iter()
        .filter(|(_, value)| value.get("path").is_none())
        .filter_map(|(name, value)| {
            let version = value.as_str().or_else(|| value.get("version")?.as_str());
            match version {
                Some(version) if !version.contains('*') && value.get("git").is_none() => None,
                Some(version) => Some(format!("Cargo.toml: {name} = \"{version}\" pins nothing")),
                None => Some(format!("Cargo.toml: {name} has no version")),
            }
        })
        .collect()
}

fn member_findings(name: &str, manifest: &Table) -> Vec<String> {
    let mut findings = Vec::new();
    if !from_workspace(manifest.get("lints")) {
        findings.push(format!("{name}: [lints] workspace = true is missing"));
    }
    let package = manifest.get("package");
    for field in ["version", "edition", "rust-version", "license"] {
        if !from_workspace(package.and_then(|package| package.get(field))) {
            findings.push(format!("{name}: {field}.workspace = true is missing"));
        }
    }
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(Value::as_table) {
        tables.extend(targets.values().filter_map(Value::as_table));
    }
    for dependencies in tables.iter().flat_map(|table| DEPENDENCY_TABLES.iter().map(|kind| table.get(*kind)))
    {
        for (dependency, value) in dependencies.and_then(Value::as_table).into_iter().flatten() {
            if !from_workspace(Some(value)) {
                findings.push(format!("{name}: {dependency} is to be pinned in the root Cargo.toml"));
            }
        }
    }
    findings
}

fn from_workspace(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use cargo_metadata::MetadataCommand;

    use super::*;

    const GOOD: &str = "
        package = { name = 'a', version.workspace = true, edition.workspace = true, \
                    rust-version.workspace = true, license.workspace = true }
        lints.workspace = true
        dependencies.serde = { workspace = true, features = ['rc'] }
    ";

    fn told(manifest: &str) -> Vec<String> {
        member_findings("a", &manifest.parse().unwrap())
    }

    #[test]
    fn a_manifest_that_follows_the_workspace_passes() {
        assert_eq!(told(GOOD), Vec::<String>::new());
    }

    #[test]
    fn missing_lints_and_own_package_fields_fail() {
        assert_eq!(told(&GOOD.replace("lints", "ignored")), ["a: [lints] workspace = true is missing"]);
        let told = told(&GOOD.replace("edition.workspace = true", "edition = '2021'"));
        assert_eq!(told, ["a: edition.workspace = true is missing"]);
    }

    #[test]
    fn a_version_outside_the_root_fails() {
        for own in [
            "dependencies.toml = '1'",
            "dev-dependencies.toml = { version = '1' }",
            "build-dependencies.toml = { git = 'x' }",
            "target.'cfg(unix)'.dependencies.toml = { path = 'x' }",
        ] {
            let told = told(&format!("{GOOD}\n{own}"));
            assert_eq!(told, ["a: toml is to be pinned in the root Cargo.toml"], "{own}");
        }
    }

    #[test]
    fn a_root_version_that_pins_nothing_fails() {
        let root = "workspace.dependencies = { a = '*', b = { features = [] }, c = '1', d = { path = 'd' } }";
        let told = root_findings(&root.parse().unwrap());
        assert_eq!(told, ["Cargo.toml: a = \"*\" pins nothing", "Cargo.toml: b has no version"]);
    }

    #[test]
    fn a_second_integration_binary_fails() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nmembers = ['a']\nresolver = '3'\n[workspace.dependencies]\n\
             [workspace.package]\nversion = '0.1.0'\nedition = '2024'\nrust-version = '1.95'\n\
             license = 'Apache-2.0'\n[workspace.lints.rust]\n",
        );
        write("a/Cargo.toml", &GOOD.replace("dependencies.serde", "ignored.serde"));
        write("a/src/lib.rs", "");
        write("a/tests/it/main.rs", "");
        write("a/tests/more.rs", "");
        let metadata = MetadataCommand::new().current_dir(root.path()).no_deps().exec().unwrap();
        let told = findings(&metadata).unwrap();
        assert_eq!(told, ["a: the test binary `more` belongs into tests/it/main.rs"]);
    }
}
