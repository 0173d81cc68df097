//! Bundles, read back by the rules of `ota-core` and listed by `tar`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use ota_client::assemble::{Plan, Target};
use ota_client::bundle::BundleFile;
use ota_client::check::{self, Facts, SignerLists};
use ota_client::index::Index;
use ota_client::readback;
use ota_client::seed::Seeds;
use ota_client::source::Cancel;
use ota_core::bundle::{Bundle, EntryKind, Item};
use ota_core::index::{Chunk, ChunkIndex};
use ota_core::manifest::{Manifest, PartKind};
use ota_core::trust::{BoardFacts, Known, Room, Verdict};

use crate::image::{BOARD, Image};
use crate::workshop::Workshop;

/// Reads a bundle as a box does that has these chunks; the chunks that it should have.
fn read_back(path: &Path, there: &HashSet<Chunk>) -> Vec<Chunk> {
    let mut rules = Bundle::default();
    let mut manifest = None;
    let mut chunks = Vec::new();
    let mut archive = tar::Archive::new(File::open(path).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let kind = if entry.header().entry_type().is_file() { EntryKind::File } else { EntryKind::Other };
        let item = rules.entry(&name, kind, entry.size()).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        match item {
            Item::Manifest => manifest = Some(Manifest::parse(&content).unwrap()),
            Item::ManifestSignatures => rules.manifest(manifest.as_ref().unwrap()).unwrap(),
            Item::Index(kind) => {
                let size = manifest.as_ref().unwrap().part(kind).image.size;
                chunks.extend(ChunkIndex::parse(&content, size).unwrap().chunks());
                if kind == PartKind::Uki {
                    rules.chunks(chunks.iter().copied().filter(|chunk| !there.contains(chunk))).unwrap();
                }
            }
            Item::SignerList(_) | Item::SignerListSignatures(_) | Item::Chunk(_) => {}
        }
    }
    rules.end().unwrap();
    chunks
}

#[test]
fn a_bundle_holds_all_that_a_box_needs_in_the_order_of_the_rules() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let out = workshop.path("out");
    let bundled = workshop.answer(&["bundle", "--board", BOARD, "--out", "out"]);
    let path = out.join("anya-1.0.0-qemu-x86_64.update");
    assert_eq!(bundled["path"], "out/anya-1.0.0-qemu-x86_64.update");
    assert_eq!(bundled["size"], path.metadata().unwrap().len());
    let chunks: HashSet<Chunk> = read_back(&path, &HashSet::new()).into_iter().collect();
    assert_eq!(bundled["chunks"], chunks.len());

    let listed = Command::new("tar").arg("-tf").arg(&path).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = listed.lines().collect();
    assert_eq!(
        names[..7],
        [
            "signers/1.json",
            "signers/1.json.sig",
            "stable/qemu-x86_64/manifest.json",
            "stable/qemu-x86_64/manifest.json.sig",
            "stable/qemu-x86_64/1.0.0/root.index",
            "stable/qemu-x86_64/1.0.0/verity.index",
            "stable/qemu-x86_64/1.0.0/uki.index",
        ]
    );
    assert_eq!(names.len(), 7 + chunks.len());
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "nothing unfinished is left");
}

#[test]
fn a_box_takes_a_bundle() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    workshop.answer(&["bundle", "--board", BOARD]);
    let file = File::open(workshop.path("anya-1.0.0-qemu-x86_64.update")).unwrap();
    let mut bundle = BundleFile::new(BufReader::new(file), Cancel::default());
    let signers = workshop.read("signers/1.json");
    let now = Timestamp::now();
    let board = BoardFacts {
        board: BOARD.parse().unwrap(),
        channel: "stable".parse().unwrap(),
        installed: "0.9.0".parse().unwrap(),
        built: now,
        room: Room { root: 3 << 20, verity: 1 << 20, uki: 1 << 20 },
    };
    let facts = Facts {
        signers: Some(&signers),
        followed: &SignerLists::new(),
        known: &Known::default(),
        system_time: now,
        synchronised: true,
        board: &board,
    };
    let checked = check::check(&mut bundle, &facts, &mut |_| Ok(())).unwrap();
    let Verdict::Offer(offer) = checked.verdict else { panic!("no offer") };
    assert_eq!(offer.version.to_string(), "1.0.0");
    let indexes = Index::fetch_all(&mut bundle, &checked.manifest).unwrap();
    let root = tempfile::tempfile().unwrap();
    let target = Target { index: &indexes[0], file: &root };
    let (seeds, cancel) = (Seeds::default(), Cancel::default());
    let plan = Plan::make(vec![target], &seeds, &cancel).unwrap();
    plan.carry_out(&mut bundle, &cancel, &mut |_| {}).unwrap();
    assert!(readback::holds(&root, &checked.manifest.root.image).unwrap());
}

#[test]
fn a_bundle_from_an_older_release_leaves_its_chunks_out() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    workshop.answer(&["bundle", "--board", BOARD]);
    let older: HashSet<Chunk> =
        read_back(&workshop.path("anya-1.0.0-qemu-x86_64.update"), &HashSet::new()).into_iter().collect();
    workshop.release(&Image::of("1.1.0").changed());
    let bundled = workshop.answer(&["bundle", "--board", BOARD, "--from", "1.0.0"]);
    let path = workshop.path("anya-1.1.0-qemu-x86_64-from-1.0.0.update");
    let all: HashSet<Chunk> = read_back(&path, &older).into_iter().collect();
    assert_eq!(bundled["chunks"], all.difference(&older).count());
    assert_eq!(bundled["left_out"], all.intersection(&older).count());
    assert!(path.metadata().unwrap().len() < 1 << 20, "it is not much smaller");
}

#[test]
fn two_bundles_of_one_release_are_the_same_file() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let bundle = |out: &str| {
        workshop.answer(&["bundle", "--board", BOARD, "--out", out]);
        std::fs::read(workshop.path(out).join("anya-1.0.0-qemu-x86_64.update")).unwrap()
    };
    assert!(bundle("a") == bundle("b"), "they differ");
}

#[test]
fn what_is_not_signed_is_not_bundled() {
    let workshop = Workshop::new();
    workshop.make(&Image::of("1.0.0"));
    let (code, _) = workshop.refusal(&["bundle", "--board", BOARD, "--version", "1.0.0", "--out", "out"]);
    assert_eq!(code, "wrong_signer");
    assert!(!workshop.path("out").exists());
}
