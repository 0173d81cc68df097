//! From an image to a published release, and what is refused on the way.

use std::fs;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ota_client::digest::sha256;
use ota_core::manifest::Manifest;
use ota_core::trust::Known;
use ota_release::repository::Repository;
use ota_release::verify::verify;
use serde_json::{Value, json};

use crate::image::{BOARD, Image};
use crate::workshop::Workshop;

const CURRENT: &str = "stable/qemu-x86_64/manifest.json";
const STAGED: &str = "stable/qemu-x86_64/1.0.0/manifest.json";

fn sum(made: &Value, field: &str) -> u64 {
    made["parts"].as_array().unwrap().iter().map(|part| part[field].as_u64().unwrap()).sum()
}

#[test]
fn a_release_that_two_of_three_signed_is_published_and_verified() {
    let workshop = Workshop::new();
    let made = workshop.make(&Image::of("1.0.0"));
    assert_eq!(made["manifest"], STAGED);
    assert_eq!(workshop.sign("Alice")["tallies"][0]["signed_by"], json!(["Alice"]));
    assert_eq!(workshop.sign("Carol")["tallies"][0]["signed_by"], json!(["Alice", "Carol"]));
    assert!(!workshop.repository().join(CURRENT).exists(), "published before it was said");
    assert_eq!(workshop.publish()["manifest"], CURRENT);

    let verified = workshop.verify();
    let mut signed_by: Vec<&str> =
        verified["signed_by"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    signed_by.sort_unstable();
    assert_eq!(signed_by, ["Alice", "Carol"]);
    assert_eq!(verified["version"], "1.0.0");
    let manifest = Manifest::parse(&workshop.read(CURRENT)).unwrap();
    assert_eq!(manifest.root.image.size, 3 << 20, "what is behind the tree's reach is not released");
    assert_eq!((manifest.notes.as_str(), manifest.epoch, manifest.signers), ("What is new.", 1, 1));
    assert_eq!(manifest.root_hash.to_string(), made["root_hash"]);
    assert!(workshop.repository().join("stable/qemu-x86_64/1.0.0/root.index").is_file());
}

#[test]
fn a_release_of_a_board_that_starts_by_tryboot_has_its_boot_img() {
    let workshop = Workshop::new();
    let image = Image { tryboot: true, ..Image::of("1.0.0") };
    workshop.make(&image);
    workshop.sign("Alice");
    workshop.sign("Carol");
    workshop.publish();
    assert_eq!(workshop.verify()["version"], "1.0.0");
    let manifest = Manifest::parse(&workshop.read(CURRENT)).unwrap();
    let boot_img = fs::read(image.write().file("boot.img")).unwrap();
    assert_eq!(manifest.uki.image.sha256, sha256(&boot_img));
    let other_root = Image { kernel_starts: Some("ab".repeat(32)), ..image };
    let (_, told) = workshop.make_refused(&other_root.write(), "1.0.0", &[]);
    assert!(told.contains("its kernel image starts another root"), "{told}");
}

#[test]
fn one_signature_short_is_not_published() {
    let workshop = Workshop::new();
    workshop.make(&Image::of("1.0.0"));
    workshop.sign("Alice");
    let (code, said) = workshop.refusal(&["publish", "--board", BOARD]);
    assert_eq!(code, "too_few_signatures");
    assert!(said.contains("It takes 2 signers; Alice signed."), "{said}");
    assert!(!workshop.repository().join(CURRENT).exists());
}

#[test]
fn the_same_signer_counts_once() {
    let workshop = Workshop::new();
    workshop.make(&Image::of("1.0.0"));
    workshop.sign("Alice");
    let (code, said) = workshop.refusal(&["sign", "--board", BOARD, "--key", "alice.key"]);
    assert_eq!(code, "duplicate_signature");
    assert!(said.contains("Alice has signed the release stable/qemu-x86_64 1.0.0 already"), "{said}");

    // Who copies the signature by hand gets no further.
    let signatures = workshop.repository().join(format!("{STAGED}.sig"));
    let one = fs::read(&signatures).unwrap();
    fs::write(&signatures, [one.as_slice(), &one].concat()).unwrap();
    let (code, said) = workshop.refusal(&["publish", "--board", BOARD]);
    assert_eq!(code, "duplicate_signature");
    assert!(said.contains("a signature of Alice is there twice"), "{said}");
}

#[test]
fn a_stranger_cannot_sign() {
    let workshop = Workshop::new();
    workshop.make(&Image::of("1.0.0"));
    workshop.key("Mallory");
    let (code, said) = workshop.refusal(&["sign", "--board", BOARD, "--key", "mallory.key"]);
    assert_eq!(code, "wrong_signer");
    assert!(said.contains("Mallory") && said.contains("is not on the signer list"), "{said}");
}

#[test]
fn without_a_signer_list_nothing_is_made_or_believed() {
    let workshop = Workshop::empty();
    fs::create_dir(workshop.repository()).unwrap();
    let (code, said) = workshop.make_refused(&Image::of("1.0.0").write(), "1.0.0", &[]);
    assert_eq!(code, "missing");
    assert!(said.contains("the signer list") && said.contains("`ota-release rotate --add"), "{said}");

    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    fs::remove_dir_all(workshop.repository().join("signers")).unwrap();
    assert_eq!(workshop.refusal(&["verify", "--board", BOARD]).0, "missing");
}

#[test]
fn a_second_version_shares_the_chunks_of_the_first() {
    let workshop = Workshop::new();
    let first = workshop.release(&Image::of("1.0.0"));
    let second = workshop.release(&Image::of("1.1.0").changed());
    assert_eq!(sum(&first, "new_chunks"), sum(&first, "chunks"), "the first one has none before it");
    let (new, all) = (sum(&second, "new_chunks"), sum(&second, "chunks"));
    // 64 KiB of the root are others, and with them one block of the tree and the kernel's command line.
    assert!(new <= 8 && new * 4 < all, "{new} of {all} chunks are new");
    assert_eq!(workshop.verify()["version"], "1.1.0");
}

#[test]
fn the_same_image_again_is_signed_anew_but_never_another_one() {
    let workshop = Workshop::new();
    let image = Image::of("1.0.0");
    workshop.release(&image);
    let made = workshop.make_with(&image.write(), "1.0.0", &["--expires", "180"]);
    assert_eq!(sum(&made, "new_chunks"), 0);
    workshop.sign("Bob");
    workshop.sign("Carol");
    workshop.publish();
    assert_eq!(workshop.verify()["expires"], made["expires"]);

    let (code, said) = workshop.make_refused(&image.changed().write(), "1.0.0", &[]);
    assert_eq!(code, "bad_field");
    assert!(said.contains("--version: 1.0.0 is published with other content"), "{said}");
}

#[test]
fn what_leads_back_is_not_made() {
    let workshop = Workshop::new();
    workshop.make_with(&Image::of("1.1.0").write(), "1.1.0", &["--epoch", "2"]);
    workshop.sign("Alice");
    workshop.sign("Bob");
    workshop.publish();
    let next = Image::of("1.2.0").write();
    let older = workshop.make_refused(&Image::of("1.0.0").write(), "1.0.0", &["--epoch", "2"]).1;
    assert!(older.contains("--version: 1.0.0 is older than 1.1.0, which is current"), "{older}");
    let epoch = workshop.make_refused(&next, "1.2.0", &["--epoch", "1"]).1;
    assert!(epoch.contains("--epoch: 1 is below the 2 of 1.1.0"), "{epoch}");
    let past = workshop.make_refused(&next, "1.2.0", &["--epoch", "2", "--expires", "2020-01-01"]).1;
    assert!(past.contains("--expires: 2020-01-01T00:00:00Z is past"), "{past}");
    let minimum = workshop.make_refused(&next, "1.2.0", &["--epoch", "2", "--minimum-version", "1.3.0"]).1;
    assert!(minimum.contains("--minimum-version: 1.3.0 is newer than 1.2.0 itself"), "{minimum}");
}

#[test]
fn an_image_whose_parts_do_not_belong_together_is_not_made() {
    let workshop = Workshop::new();
    let good = Image::of("1.0.0");
    let other_root = Image { kernel_starts: Some("ab".repeat(32)), ..good.clone() };
    let other_version = Image { kernel_version: Some("1.0.1".to_owned()), ..good.clone() };
    let other_board = Image { board: "generic-x86_64".to_owned(), ..good.clone() };
    let said = |image: &Image, version: &str| workshop.make_refused(&image.write(), version, &[]).1;
    for (told, expected) in [
        (said(&other_root, "1.0.0"), "its kernel image starts another root"),
        (said(&other_version, "1.0.0"), "its kernel image is of version \"1.0.1\""),
        (said(&other_board, "1.0.0"), "it is of the board generic-x86_64, and --board says qemu-x86_64"),
        (said(&good, "1.0.1"), "build it with `image build --version 1.0.1`"),
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let spoilt = good.write();
    let mut tree = fs::read(spoilt.file("verity.raw")).unwrap();
    tree[5000] ^= 1;
    fs::write(spoilt.file("verity.raw"), tree).unwrap();
    let (_, told) = workshop.make_refused(&spoilt, "1.0.0", &[]);
    assert!(told.contains("cannot be released"), "{told}");
    let longer = good.write();
    let mut root = fs::read(longer.file("root.raw")).unwrap();
    *root.last_mut().unwrap() = 1;
    fs::write(longer.file("root.raw"), root).unwrap();
    let (_, told) = workshop.make_refused(&longer, "1.0.0", &[]);
    assert!(told.contains("its root goes on behind what its verity tree covers"), "{told}");
    assert!(!workshop.repository().join("stable").exists() && !workshop.repository().join("chunks").exists());
}

#[test]
fn a_repository_that_was_tampered_with_is_told_apart() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0-rc.1"));
    let spoil = |path: &str, change: fn(&mut Vec<u8>)| {
        let file = workshop.repository().join(path);
        let before = fs::read(&file).unwrap();
        let mut after = before.clone();
        change(&mut after);
        fs::write(&file, after).unwrap();
        let refusal = workshop.refusal(&["verify", "--board", BOARD]);
        fs::write(&file, before).unwrap();
        refusal.0
    };
    let chunk = a_chunk(&workshop);
    let last = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(spoil(&chunk, last), "other_content");
    assert_eq!(spoil(&chunk, |bytes| bytes.truncate(100)), "truncated");
    assert_eq!(spoil("stable/qemu-x86_64/1.0.0-rc.1/root.index", last), "other_content");
    assert_eq!(spoil(CURRENT, |bytes| bytes.push(b'\n')), "not_canonical");
    assert_eq!(spoil("signers/1.json", last), "not_json");
    assert_eq!(spoil("stable/qemu-x86_64/manifest.json.sig", last), "bad_signature");
    assert_eq!(workshop.verify()["version"], "1.0.0-rc.1");
}

/// The path of some chunk.
fn a_chunk(workshop: &Workshop) -> String {
    let chunks = workshop.repository().join("chunks");
    let folder = fs::read_dir(chunks).unwrap().next().unwrap().unwrap().path();
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    file.strip_prefix(workshop.repository()).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn two_commands_do_not_work_in_one_repository_at_once() {
    let workshop = Workshop::new();
    let repository = Repository::open(&workshop.repository()).unwrap();
    let held = repository.lock().unwrap();
    let (_, said) = workshop.refusal(&["prune"]);
    assert!(said.contains("another ota-release is at work"), "{said}");
    drop(held);
    // Another test's program holds the lock, too, between its fork and its exec.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !workshop.run(&["prune"]).status.success() {
        assert!(Instant::now() < deadline, "it is still locked");
    }
}

#[test]
fn what_is_damaged_is_not_published() {
    let workshop = Workshop::new();
    workshop.make(&Image::of("1.0.0"));
    workshop.sign("Alice");
    workshop.sign("Bob");
    fs::remove_file(workshop.repository().join(a_chunk(&workshop))).unwrap();
    let (code, said) = workshop.refusal(&["publish", "--board", BOARD]);
    assert_eq!(code, "missing");
    assert!(said.contains("chunks/") && said.contains("is missing"), "{said}");
    assert!(!workshop.repository().join(CURRENT).exists());
    // The same image brings it back, and has to be signed again.
    workshop.release(&Image::of("1.0.0"));
    workshop.verify();
}

#[test]
fn what_has_expired_is_told_apart() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let repository = Repository::open(&workshop.repository()).unwrap();
    let place = repository.places().unwrap().remove(0);
    let release = repository.current(&place).unwrap().unwrap();
    let code = |days: i64| {
        let then = Timestamp::now() + SignedDuration::from_hours(24 * days);
        verify(&repository, &release, None, &Known::default(), then).map_err(|error| error.code()).err()
    };
    assert_eq!(code(89), None);
    assert_eq!(code(91), Some("expired"));
    assert_eq!(code(366), Some("signers_expired"));
}

#[test]
fn people_read_sentences() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let output = workshop.run(&["verify", "--board", BOARD]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("stable/qemu-x86_64 1.0.0 is what a box would take.\n"), "{said}");
    assert!(said.contains("(signer list 1)"), "{said}");
}
