//! Who signs changes: from one signer list to the next.

use std::fs;

use serde_json::{Value, json};

use crate::image::{BOARD, Image};
use crate::workshop::Workshop;

/// Refusals of `rotate` with these words; names in `--add` stand for nothing here.
fn refused(workshop: &Workshop, change: &[&str]) -> String {
    workshop.refusal(&[&["rotate"], change].concat()).1
}

#[test]
fn two_of_three_are_the_default_and_lists_that_nobody_could_use_are_not_made() {
    let workshop = Workshop::empty();
    for name in ["Alice", "Bob", "Carol"] {
        workshop.key(name);
    }
    let add = |name: &str| format!("{name}={}.asc", name.to_lowercase());
    let (alice, bob, carol) = (add("Alice"), add("Bob"), add("Carol"));
    let three = ["--add", &alice, "--add", &bob, "--add", &carol];
    assert!(refused(&workshop, &[]).contains("--add: a list needs signers"));
    let said = refused(&workshop, &["--add", &alice]);
    assert!(said.contains("--threshold: it takes 2, and the list has 1"), "{said}");
    let said = refused(&workshop, &[&three[..], &["--threshold", "0"]].concat());
    assert!(said.contains("--threshold: with zero, everybody could release"), "{said}");
    let said = refused(&workshop, &["--add", &alice, "--add", "Alicia=alice.asc"]);
    assert!(said.contains("Alice and Alicia have the same key, and would count once"), "{said}");
    let said = refused(&workshop, &["--add", &alice, "--add", &alice]);
    assert!(said.contains("--add: Alice is there twice"), "{said}");
    let said = refused(&workshop, &["--add", "Alice=nobody.asc"]);
    assert!(said.contains("--add: cannot read nobody.asc"), "{said}");
    assert!(!workshop.repository().join("signers").exists());

    let made = workshop.rotate(&["--add", "Alice", "--add", "Bob", "--add", "Carol"]);
    assert_eq!((&made["version"], &made["threshold"]), (&json!(1), &json!(2)));
}

#[test]
fn a_first_list_is_published_once_enough_of_its_own_signers_have_signed_it() {
    let workshop = Workshop::empty();
    for name in ["Alice", "Bob"] {
        workshop.key(name);
    }
    workshop.rotate(&["--add", "Alice", "--add", "Bob"]);
    workshop.sign_list("Alice");
    assert_eq!(workshop.refusal(&["rotate", "--publish"]).0, "too_few_signatures");
    workshop.sign_list("Bob");
    assert_eq!(workshop.answer(&["rotate", "--publish"])["document"], "signers/1.json");
    assert!(!workshop.repository().join("signers/next.json").exists());
    assert_eq!(workshop.refusal(&["rotate", "--publish"]).0, "missing");
}

#[test]
fn a_publication_that_was_cut_off_at_its_end_is_done() {
    let workshop = Workshop::new();
    let lists = workshop.repository().join("signers");
    fs::copy(lists.join("1.json"), lists.join("next.json")).unwrap();
    assert_eq!(workshop.refusal(&["rotate", "--publish"]).0, "missing");
    assert_eq!(workshop.rotate(&["--threshold", "1"])["version"], 2);
}

/// Alice leaves, Dora comes; who signs the new list is up to the test.
fn alice_leaves(workshop: &Workshop) -> Value {
    workshop.key("Dora");
    workshop.rotate(&["--remove", "Alice", "--add", "Dora"])
}

#[test]
fn the_old_and_the_new_signers_sign_a_rotation() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let made = alice_leaves(&workshop);
    assert_eq!(made["signers"].as_array().unwrap().len(), 3);
    assert_eq!(made["tallies"].as_array().unwrap().len(), 2, "the old list and the new one count");
    workshop.sign_list("Alice");
    let signed = workshop.sign_list("Bob");
    assert_eq!(signed["tallies"][0]["signed_by"], json!(["Alice", "Bob"]));
    assert_eq!(signed["tallies"][1]["signed_by"], json!(["Bob"]), "Alice is not of the new ones");
    assert_eq!(workshop.refusal(&["rotate", "--publish"]).0, "too_few_signatures");
    workshop.sign_list("Dora");
    let published = workshop.answer(&["rotate", "--publish"]);
    assert_eq!(published["document"], "signers/2.json");

    // 1.0.0 is signed by Alice, who counts no more, and by Bob.
    assert_eq!(published["to_be_signed_anew"][0]["version"], "1.0.0");
    assert_eq!(workshop.refusal(&["verify", "--board", BOARD]).0, "too_few_signatures");
    workshop.answer(&["sign", "--board", BOARD, "--version", "1.0.0", "--key", "dora.key"]);
    workshop.answer(&["publish", "--board", BOARD, "--version", "1.0.0"]);
    assert_eq!(workshop.verify()["signer_list"], 2);
}

#[test]
fn after_a_rotation_the_new_signers_release_and_who_left_cannot() {
    let workshop = Workshop::new();
    alice_leaves(&workshop);
    for name in ["Alice", "Bob", "Carol"] {
        workshop.sign_list(name);
    }
    workshop.answer(&["rotate", "--publish"]);
    workshop.make(&Image::of("1.0.0"));
    assert_eq!(workshop.refusal(&["sign", "--board", BOARD, "--key", "alice.key"]).0, "wrong_signer");
    workshop.sign("Carol");
    workshop.sign("Dora");
    workshop.publish();
    // A box that still has the first list follows the rotation; one that trusts others does not.
    let trusted = workshop.repository().join("signers/1.json");
    let verify = ["verify", "--board", BOARD, "--trusted", trusted.to_str().unwrap()];
    assert_eq!(workshop.answer(&verify)["signer_list"], 2);

    let stranger = Workshop::new();
    let trusted = stranger.repository().join("signers/1.json");
    let verify = ["verify", "--board", BOARD, "--trusted", trusted.to_str().unwrap()];
    assert_eq!(workshop.refusal(&verify).0, "wrong_signer");
}

#[test]
fn a_list_that_a_box_would_not_follow_is_told_apart() {
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    let lists = workshop.repository().join("signers");
    fs::copy(lists.join("1.json"), lists.join("2.json")).unwrap();
    assert_eq!(workshop.refusal(&["verify", "--board", BOARD]).0, "signers_not_consecutive");
    // Signed by the old ones alone.
    fs::remove_file(lists.join("2.json")).unwrap();
    workshop.key("Dora");
    workshop.key("Emil");
    workshop.rotate(&["--remove", "Alice", "--remove", "Bob", "--add", "Dora", "--add", "Emil"]);
    workshop.sign_list("Alice");
    workshop.sign_list("Bob");
    fs::rename(lists.join("next.json"), lists.join("2.json")).unwrap();
    fs::rename(lists.join("next.json.sig"), lists.join("2.json.sig")).unwrap();
    assert_eq!(workshop.refusal(&["verify", "--board", BOARD]).0, "wrong_signer");
}
