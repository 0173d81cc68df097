//! What no release needs is removed, and nothing else.

use std::fs;
use std::path::Path;

use crate::image::{BOARD, Image, noise};
use crate::workshop::Workshop;

fn files(folder: &Path) -> usize {
    let count = |entry: fs::DirEntry| if entry.path().is_dir() { files(&entry.path()) } else { 1 };
    fs::read_dir(folder).unwrap().map(|entry| count(entry.unwrap())).sum()
}

/// A root that shares nothing with that of [`Image::of`].
fn another(version: &str, seed: u64) -> Image {
    Image { root: noise(1 << 20, seed), ..Image::of(version) }
}

#[test]
fn chunks_of_old_releases_go_and_those_of_current_and_staged_ones_stay() {
    let workshop = Workshop::new();
    workshop.release(&another("1.0.0", 10));
    workshop.release(&another("1.1.0", 11));
    workshop.release(&another("1.2.0", 12));
    workshop.make(&another("1.3.0", 13));
    let chunks = workshop.repository().join("chunks");
    let before = files(&chunks);
    let counted = workshop.answer(&["prune", "--dry-run"]);
    assert_eq!((files(&chunks), &counted["dry_run"]), (before, &true.into()));

    // 1.1.0 stays: a box may be downloading it.
    let pruned = workshop.answer(&["prune"]);
    assert_eq!(pruned["releases"].as_array().unwrap().len(), 1);
    assert_eq!(pruned["releases"][0]["version"], "1.0.0");
    assert_eq!(pruned["chunks"], counted["chunks"]);
    let removed = usize::try_from(pruned["chunks"].as_u64().unwrap()).unwrap();
    assert!(removed > 5 && files(&chunks) == before - removed, "{removed}");
    assert!(!workshop.repository().join("stable/qemu-x86_64/1.0.0").exists());
    workshop.verify();
    workshop.answer(&["bundle", "--board", BOARD, "--from", "1.1.0"]);
    workshop.sign("Alice");
    workshop.sign("Bob");
    workshop.publish();
    assert_eq!(workshop.verify()["version"], "1.3.0");
    assert_eq!(workshop.answer(&["prune", "--keep", "0"])["releases"].as_array().unwrap().len(), 2);
    workshop.verify();
}

#[test]
fn what_an_interrupted_run_left_goes() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let left = workshop.repository().join("stable/qemu-x86_64/.part-x7a");
    fs::write(&left, [0; 100]).unwrap();
    let pruned = workshop.answer(&["prune"]);
    assert_eq!((&pruned["chunks"], &pruned["bytes"]), (&0.into(), &100.into()));
    assert!(!left.exists());
}

#[test]
fn when_it_cannot_be_told_what_is_needed_nothing_goes() {
    let workshop = Workshop::new();
    workshop.release(&another("1.0.0", 10));
    workshop.release(&another("1.1.0", 11));
    let before = files(&workshop.repository().join("chunks"));
    fs::remove_file(workshop.repository().join("stable/qemu-x86_64/1.1.0/uki.index")).unwrap();
    let (code, said) = workshop.refusal(&["prune", "--keep", "0"]);
    assert_eq!(code, "missing");
    assert!(said.contains("stable/qemu-x86_64/1.1.0/uki.index"), "{said}");
    assert_eq!(files(&workshop.repository().join("chunks")), before);
}
