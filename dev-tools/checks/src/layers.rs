//! The layer table: which crate may depend on which.
//!
//! A normal or build dependency goes to a lower layer, never sideways and never outward; only the service
//! itself, and the program that has rights over the slots for it, name adapters. Tests (dev-dependencies) may
//! use the simulator and the conformance suite as well. Tools depend on what they need, and no part of the
//! product depends on a tool.

use cargo_metadata::{DependencyKind, Metadata};

use Layer::{Adapter, Client, Core, Service, Tool, Vocabulary};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// Layer 0: depends on no crate of the workspace.
    Vocabulary,
    /// Layer 1: the domain, and what two programs of it share.
    Core,
    /// Layer 2: one technology each.
    Adapter,
    /// Layer 3, the composition roots: the only ones that name adapters.
    Service,
    /// Layer 3: a program beside the service, over its API or at its side; it names no adapter.
    Client,
    /// Tests and tools: never in the image.
    Tool,
}

/// The table of the design. A crate that is not in it fails the check: its place is a decision.
const TABLE: &[(&str, Layer)] = &[
    ("hal-api", Vocabulary),
    ("ota-core", Vocabulary),
    ("appliance-core", Core),
    ("ota-boot", Core),
    // What the two programs with root's rights share.
    ("root-side", Core),
    ("hal-board", Adapter),
    ("hal-pkcs11", Adapter),
    ("hal-tpm", Adapter),
    ("ota-client", Adapter),
    ("appliance-bitcoin", Adapter),
    ("appliance-http", Adapter),
    ("appliance-inference", Adapter),
    ("appliance-store", Adapter),
    ("anyad", Service),
    // Beside the service, over the disk and the TPM: it brings adapters together as well.
    ("anya-slots", Service),
    ("anya", Client),
    ("anya-data", Client),
    ("anya-initrd", Client),
    ("anya-rescue", Client),
    ("bench", Tool),
    ("bitcoin-release", Tool),
    ("checks", Tool),
    ("hal-conformance", Tool),
    ("hal-sim", Tool),
    ("image", Tool),
    ("ota-release", Tool),
    ("qemu-tests", Tool),
];

/// What a crate's own tests may use beyond what the crate itself may.
const FOR_TESTS: &[&str] = &["hal-conformance", "hal-sim"];

fn layer(name: &str) -> Option<Layer> {
    TABLE.iter().find(|(known, _)| *known == name).map(|&(_, layer)| layer)
}

fn may_depend(from: Layer, to: Layer) -> bool {
    match from {
        Vocabulary => false,
        Core => to == Vocabulary,
        Adapter | Client => matches!(to, Vocabulary | Core),
        Service => matches!(to, Vocabulary | Core | Adapter),
        Tool => true,
    }
}

/// One line for each crate without a place in the table and each arrow that points outward.
pub(crate) fn findings(metadata: &Metadata) -> Vec<String> {
    let members = metadata.workspace_packages();
    let mut findings = Vec::new();
    for package in &members {
        let Some(from) = layer(&package.name) else {
            findings.push(format!("{} has no place in the layer table (dev-tools/checks)", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            // What is not of this workspace is cargo-deny's matter; what has no layer is told above.
            let Some(to) = layer(&dependency.name).filter(|_| dependency.path.is_some()) else { continue };
            let for_tests = dependency.kind == DependencyKind::Development
                && FOR_TESTS.contains(&dependency.name.as_str());
            if !may_depend(from, to) && !for_tests {
                findings.push(format!(
                    "{} ({from:?}) may not depend on {} ({to:?}){}",
                    package.name,
                    dependency.name,
                    if dependency.kind == DependencyKind::Development { ", not even in tests" } else { "" },
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use cargo_metadata::MetadataCommand;
    use serde_json::{Value, json};

    use super::findings;

    /// A dependency's name and kind.
    type Arrow<'a> = (&'a str, Option<&'a str>);

    /// Metadata of a workspace with these crates and their dependencies.
    fn workspace(crates: &[(&str, &[Arrow<'_>])]) -> cargo_metadata::Metadata {
        let id = |name: &str| format!("path+file:///w/{name}#0.1.0");
        let packages: Vec<Value> = crates
            .iter()
            .map(|(name, dependencies)| {
                let dependencies: Vec<Value> = dependencies
                    .iter()
                    .map(|(name, kind)| {
                        json!({
                            "name": name, "source": null, "req": "*", "kind": kind, "rename": null,
                            "optional": false, "uses_default_features": true, "features": [],
                            "target": null, "registry": null, "path": format!("/w/{name}"),
                        })
                    })
                    .collect();
                json!({
                    "name": name, "version": "0.1.0", "id": id(name), "source": null,
                    "dependencies": dependencies, "targets": [], "features": {},
                    "manifest_path": format!("/w/{name}/Cargo.toml"),
                })
            })
            .collect();
        let members: Vec<String> = crates.iter().map(|(name, _)| id(name)).collect();
        let text = json!({
            "packages": packages, "workspace_members": members, "workspace_default_members": members,
            "resolve": null, "target_directory": "/w/target", "version": 1, "workspace_root": "/w",
            "metadata": null,
        });
        MetadataCommand::parse(text.to_string()).unwrap()
    }

    fn told(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        findings(&workspace(&[(from, &[(to, kind)])]))
    }

    #[test]
    fn arrows_that_point_inward_pass() {
        for (from, to, kind) in [
            ("appliance-core", "hal-api", None),
            ("hal-pkcs11", "hal-api", None),
            ("appliance-http", "appliance-core", None),
            ("anyad", "hal-tpm", None),
            ("anya", "appliance-core", None),
            ("bench", "hal-pkcs11", None),
            ("hal-tpm", "hal-conformance", Some("dev")),
        ] {
            assert_eq!(told(from, to, kind), Vec::<String>::new(), "{from} -> {to}");
        }
    }

    #[test]
    fn arrows_that_point_sideways_or_outward_fail_with_both_names() {
        for (from, to, kind) in [
            ("hal-api", "appliance-core", None),
            ("appliance-core", "appliance-store", None),
            ("appliance-core", "appliance-store", Some("dev")),
            ("appliance-core", "appliance-store", Some("build")),
            ("appliance-http", "hal-pkcs11", None),
            ("hal-tpm", "hal-pkcs11", Some("dev")),
            ("hal-tpm", "hal-conformance", None),
            ("anya", "hal-pkcs11", None),
            ("anya", "anyad", None),
            ("anyad", "hal-sim", None),
        ] {
            let told = told(from, to, kind);
            assert_eq!(told.len(), 1, "{from} -> {to}: {told:?}");
            assert!(told[0].contains(from) && told[0].contains(to), "{told:?}");
        }
    }

    #[test]
    fn a_crate_without_a_layer_fails() {
        let told = findings(&workspace(&[("appliance-extra", &[])]));
        assert_eq!(told, ["appliance-extra has no place in the layer table (dev-tools/checks)"]);
    }
}
