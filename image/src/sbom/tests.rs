//! The SBOM as a scanner reads it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::debian::Installed;
use super::*;
use crate::lock::{Archive, Package};

const NPM: &str = r#"{"lockfileVersion": 3, "packages": {
  "": {"name": "web", "version": "0.1.0"},
  "node_modules/react": {"version": "19.3.1", "license": "MIT", "integrity": "sha512-AAEC"},
  "node_modules/@scope/tool": {"version": "1.0.0", "license": "ISC"},
  "node_modules/vite": {"version": "8.0.0", "dev": true, "license": "MIT"},
  "node_modules/fsevents": {"version": "2.0.0", "devOptional": true}
}}"#;

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the checkout")
}

fn installed() -> Vec<Installed> {
    [
        ("zlib1g", "1:1.3.dfsg+really1.3.1-1+b1"),
        ("linux-image-6.12.1-cloud-amd64", "6.12.1-1"),
        ("bash", "5.2"),
    ]
    .map(|(name, version)| Installed {
        name: name.into(),
        version: version.into(),
        architecture: "amd64".into(),
    })
    .to_vec()
}

fn lock() -> Lock {
    let bash = Package {
        name: "bash".into(),
        version: "5.2".into(),
        architecture: "amd64".into(),
        archive: Archive::Debian,
        file: "pool/main/b/bash/bash_5.2_amd64.deb".into(),
        size: 1,
        sha256: "ab".repeat(32),
    };
    Lock { release: "trixie".into(), architecture: "amd64".into(), packages: vec![bash] }
}

fn stage() -> tempfile::TempDir {
    let stage = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("usr/bin/bitcoind", "program"),
        ("usr/lib/anya/bitcoind.SOURCE", "Bitcoin Core 30.0, from a release signed by its builders\n"),
        ("usr/share/anya/models/all-minilm-l6-v2/model.safetensors", "the weights"),
        ("usr/share/anya/models/all-minilm-l6-v2/config.json", "{}"),
    ] {
        let file = stage.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    stage
}

fn made(installed: &[Installed]) -> String {
    let (stage, lock) = (stage(), lock());
    make(&Subject {
        repository: checkout(),
        board: "qemu-x86_64",
        version: "1.2.3",
        root_hash: &"cd".repeat(32),
        epoch: 1_700_000_000,
        installed,
        lock: Some(&lock),
        stage: stage.path(),
    })
    .unwrap()
}

fn component<'a>(bom: &'a Value, name: &str) -> &'a Value {
    let all = bom["components"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no component {name}"))
}

#[test]
fn it_has_every_kind_of_part_with_what_identifies_it() {
    let bom: Value = serde_json::from_str(&made(&installed())).unwrap();
    let zlib = component(&bom, "zlib1g");
    assert_eq!(
        zlib["purl"],
        "pkg:deb/debian/zlib1g@1:1.3.dfsg%2Breally1.3.1-1%2Bb1?arch=amd64&distro=trixie"
    );
    assert_eq!(component(&bom, "bash")["hashes"][0]["content"], "ab".repeat(32));
    assert_eq!(component(&bom, "linux-image-6.12.1-cloud-amd64")["type"], "operating-system");
    let serde = component(&bom, "serde");
    assert!(serde["purl"].as_str().unwrap().starts_with("pkg:cargo/serde@1."), "{serde}");
    assert_eq!(serde["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert_eq!(serde["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(component(&bom, "anyad")["type"], "application");
    assert_eq!(component(&bom, "react")["licenses"][0]["expression"], "MIT");
    assert_eq!(component(&bom, "Bitcoin Core")["version"], "30.0");
    let model = component(&bom, "all-minilm-l6-v2");
    assert_eq!(model["type"], "machine-learning-model");
    assert_eq!(model["hashes"][0]["content"], sha256(b"the weights"));
    assert_eq!(bom["metadata"]["component"]["version"], "1.2.3");
    assert_eq!(bom["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn what_only_helps_to_compile_or_test_is_not_in_the_image() {
    let bom: Value = serde_json::from_str(&made(&[])).unwrap();
    let names: Vec<&str> =
        bom["components"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for absent in ["serde_derive", "syn", "cc", "proptest", "vite", "typescript", "image"] {
        assert!(!names.contains(&absent), "{absent} is told to be in the image");
    }
}

/// The rules of the schema (bom-1.6.schema.json) for the fields that we write.
#[test]
fn it_keeps_the_rules_of_cyclonedx() {
    let bom: Value = serde_json::from_str(&made(&installed())).unwrap();
    assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let serial = bom["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
    let lengths: Vec<usize> = serial.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{serial}");
    assert!(serial.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{serial}");
    let components = bom["components"].as_array().unwrap();
    let mut references: Vec<&str> = components.iter().map(|one| one["bom-ref"].as_str().unwrap()).collect();
    let count = references.len();
    references.sort_unstable();
    references.dedup();
    assert_eq!(references.len(), count, "references must be unique");
    assert_eq!(bom["dependencies"][0]["dependsOn"].as_array().unwrap().len(), count);
    for one in components {
        assert!(
            ["application", "library", "operating-system", "machine-learning-model"]
                .contains(&one["type"].as_str().unwrap())
        );
        assert!(!one["name"].as_str().unwrap().is_empty());
        for hash in one["hashes"].as_array().into_iter().flatten() {
            let digits = if hash["alg"] == "SHA-512" { 128 } else { 64 };
            assert_eq!(hash["content"].as_str().unwrap().len(), digits, "{one}");
        }
        if let Some(licenses) = one.get("licenses") {
            assert_eq!(licenses.as_array().unwrap().len(), 1, "one expression only: {one}");
        }
    }
}

#[test]
fn the_same_image_gives_the_same_bytes_whatever_the_order() {
    let mut other = installed();
    other.reverse();
    assert_eq!(made(&installed()), made(&other));
    assert_ne!(made(&installed()), made(&installed()[1..]));
}

#[test]
fn the_bundles_packages_are_those_that_ship() {
    let found = npm::from_lock(NPM).unwrap();
    let purls: Vec<_> = found.iter().map(|one| one.purl.clone().unwrap()).collect();
    assert_eq!(purls, ["pkg:npm/%40scope/tool@1.0.0", "pkg:npm/react@19.3.1"]);
    assert_eq!(found[1].hashes[0].content, "000102");
}

#[test]
fn a_package_that_was_not_locked_shows() {
    let components = debian::components(&installed(), Some(&lock()));
    let unlocked: Vec<_> =
        components.iter().filter(|one| !one.properties.is_empty()).map(|one| one.name.as_str()).collect();
    assert_eq!(unlocked, ["zlib1g", "linux-image-6.12.1-cloud-amd64"]);
}

#[test]
fn mkosis_manifest_is_read() {
    let text = r#"{"manifest_version":1,"config":{"name":"anya"},"packages":[
        {"type":"deb","name":"b","version":"2","architecture":"amd64"},
        {"type":"deb","name":"a","version":"1:1","architecture":"all"}]}"#;
    let read = debian::installed(text).unwrap();
    assert_eq!(read[0], Installed { name: "a".into(), version: "1:1".into(), architecture: "all".into() });
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("anya.efi"), "uki").unwrap();
    let manifest = Manifest {
        board: "qemu-x86_64".into(),
        version: "1.2.3".into(),
        root_hash: "cd".repeat(32),
        commit: Some("0".repeat(40)),
        changed: false,
        epoch: 1,
        lock: Some(lock().digest()),
        tools: [("mkosi".into(), "25.3-7".into())].into(),
        files: Manifest::files(folder.path(), &["anya.efi", "disk.raw"]).unwrap(),
        packages: manifest::versions(&installed()),
        initrd_packages: [].into(),
    };
    manifest.write(folder.path()).unwrap();
    assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
    assert_eq!(manifest.files.keys().collect::<Vec<_>>(), ["anya.efi"], "an absent file is left out");
    assert_eq!(manifest.files["anya.efi"].sha256, sha256(b"uki"));
}
