use proptest::prelude::*;

use super::*;
use crate::digest::Sha256;
use crate::manifest::tests::manifest;

const MANIFEST: &str = "stable/qemu-x86_64/manifest.json";

fn chunk(byte: u8) -> Chunk {
    Chunk { sha256: Sha256([byte; 32]), length: 100, compressed: 10 + u32::from(byte) }
}

fn entry(bundle: &mut Bundle, name: &str, size: u64) -> Result<Item, BundleError> {
    bundle.entry(name, EntryKind::File, size)
}

/// A bundle that was read up to the manifest's signatures.
fn with_manifest() -> Bundle {
    let mut bundle = Bundle::default();
    for (name, size) in [
        ("signers/1.json", 900),
        ("signers/1.json.sig", 200),
        ("signers/2.json", 900),
        ("signers/2.json.sig", 400),
        (MANIFEST, 1200),
        ("stable/qemu-x86_64/manifest.json.sig", 200),
    ] {
        entry(&mut bundle, name, size).unwrap();
    }
    bundle
}

/// A bundle of which only the chunks 1, 3, 2 are still to come.
fn with_indexes() -> Bundle {
    let mut bundle = with_manifest();
    bundle.manifest(&manifest()).unwrap();
    for part in PartKind::ALL {
        let name = format!("stable/qemu-x86_64/1.2.3/{}.index", part.name());
        assert_eq!(entry(&mut bundle, &name, 56), Ok(Item::Index(part)));
    }
    bundle.chunks([chunk(1), chunk(3), chunk(1), chunk(2), chunk(3)]).unwrap();
    bundle
}

#[test]
fn a_bundle_is_read_in_its_order_and_each_chunk_once() {
    let mut bundle = with_indexes();
    for byte in [1, 3, 2] {
        assert_eq!(bundle.end().unwrap_err().code(), "bundle_incomplete");
        let name = layout::chunk(&chunk(byte).sha256);
        assert_eq!(entry(&mut bundle, &name, 10 + u64::from(byte)), Ok(Item::Chunk(chunk(byte))));
    }
    assert_eq!(bundle.end(), Ok(()));
    let name = layout::chunk(&chunk(4).sha256);
    assert_eq!(entry(&mut bundle, &name, 14).unwrap_err().code(), "bundle_out_of_order");
}

#[test]
fn a_bundle_without_signer_lists_is_one_too() {
    let mut bundle = Bundle::default();
    assert_eq!(entry(&mut bundle, MANIFEST, 1), Ok(Item::Manifest));
}

#[test]
fn what_comes_at_another_place_is_refused() {
    let code = |bundle: &mut Bundle, name: &str, size| entry(bundle, name, size).unwrap_err().code();
    // Signer lists with a gap, twice, unsigned.
    let mut bundle = Bundle::default();
    entry(&mut bundle, "signers/1.json", 1).unwrap();
    assert_eq!(code(&mut bundle, MANIFEST, 1), "bundle_out_of_order");
    entry(&mut bundle, "signers/1.json.sig", 1).unwrap();
    assert_eq!(code(&mut bundle, "signers/3.json", 1), "bundle_out_of_order");
    assert_eq!(code(&mut bundle, "signers/1.json", 1), "bundle_duplicate");
    // Nothing follows the manifest before it is believed.
    let mut bundle = with_manifest();
    assert_eq!(code(&mut bundle, "stable/qemu-x86_64/1.2.3/root.index", 56), "bundle_out_of_order");
    assert_eq!(code(&mut bundle, MANIFEST, 1200), "bundle_duplicate");
    assert_eq!(bundle.chunks([]).unwrap_err().code(), "bundle_out_of_order");
    // Indexes in their order, of this version, of the promised size.
    bundle.manifest(&manifest()).unwrap();
    assert_eq!(code(&mut bundle, "stable/qemu-x86_64/1.2.3/uki.index", 56), "bundle_out_of_order");
    assert_eq!(code(&mut bundle, "stable/qemu-x86_64/1.2.4/root.index", 56), "bundle_out_of_order");
    assert_eq!(code(&mut bundle, "stable/qemu-x86_64/1.2.3/root.index", 57), "bundle_other_size");
    // Chunks in their order, once, of the promised size.
    let mut bundle = with_indexes();
    let [one, two] = [1, 2].map(|byte| layout::chunk(&chunk(byte).sha256));
    assert_eq!(code(&mut bundle, &two, 12), "bundle_out_of_order");
    for size in [0, 10, 12, 1 << 33, (1 << 32) + 11] {
        assert_eq!(code(&mut bundle, &one, size), "bundle_other_size", "{size}");
    }
    entry(&mut bundle, &one, 11).unwrap();
    assert_eq!(code(&mut bundle, &one, 11), "bundle_duplicate");
}

#[test]
fn a_document_over_its_limit_is_refused_before_it_is_read() {
    for (name, limit) in [("signers/1.json", limits::SIGNER_LIST), (MANIFEST, limits::MANIFEST)] {
        let limit = limit as u64;
        assert!(entry(&mut Bundle::default(), name, limit).is_ok());
        let refused = entry(&mut Bundle::default(), name, limit + 1).unwrap_err();
        assert_eq!(refused.code(), "bundle_entry_too_large");
        assert_eq!(
            entry(&mut Bundle::default(), name, u64::MAX).unwrap_err().code(),
            "bundle_entry_too_large"
        );
    }
}

#[test]
fn a_manifest_in_the_place_of_another_and_a_chunk_of_two_sizes_are_refused() {
    let mut bundle = with_manifest();
    let mut other = manifest();
    other.channel = "beta".parse().unwrap();
    assert_eq!(bundle.manifest(&other).unwrap_err().code(), "bundle_other_place");
    let mut bundle = with_manifest();
    bundle.manifest(&manifest()).unwrap();
    for part in PartKind::ALL {
        entry(&mut bundle, &layout::index(&manifest(), part), 56).unwrap();
    }
    let larger = Chunk { length: 101, ..chunk(1) };
    assert_eq!(bundle.chunks([chunk(1), larger]).unwrap_err().code(), "bundle_one_chunk_two_sizes");
}

proptest! {
    #[test]
    fn arbitrary_names_never_panic(names in prop::collection::vec((any::<String>(), any::<u64>()), 0..20)) {
        let mut bundle = Bundle::default();
        for (name, size) in names {
            let _ = bundle.entry(&name, EntryKind::File, size);
        }
    }

    #[test]
    fn a_name_that_is_taken_is_a_plain_relative_path(name in "[a-z./\\\\0-9:_-]{0,40}") {
        if name::check(&name, EntryKind::File).is_ok() {
            let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
            prop_assert!(name.split('/').all(plain) && !name.contains(['\\', ':']));
        }
    }
}
