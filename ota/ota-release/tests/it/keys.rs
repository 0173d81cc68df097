//! Keys in files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::image::{BOARD, Image};
use crate::workshop::Workshop;

#[test]
fn a_key_is_for_its_owner_alone_and_its_certificate_holds_no_secret() {
    let workshop = Workshop::empty();
    for algorithm in ["ed25519", "p256"] {
        let key = format!("{algorithm}.key");
        let new = ["keys", "new", "--name", "Alice", "--algorithm", algorithm, "--out", &key];
        let made = workshop.answer(&new);
        assert_eq!(made["id"].as_str().unwrap().len(), 40, "a fingerprint of version 4");
        let file = workshop.path(&key);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&file).unwrap().contains("PRIVATE KEY"));
        let certificate = fs::read_to_string(workshop.path(&format!("{algorithm}.asc"))).unwrap();
        assert!(certificate.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"), "{certificate}");

        let (_, said) = workshop.refusal(&new);
        assert!(said.contains("is there already, and is not overwritten"), "{said}");
    }
}

#[test]
fn a_key_file_may_stand_for_a_certificate_and_its_secret_stays_out_of_the_list() {
    let workshop = Workshop::empty();
    workshop.key("Alice");
    workshop.answer(&["rotate", "--add", "Alice=alice.key", "--threshold", "1"]);
    let list = String::from_utf8(workshop.read("signers/next.json")).unwrap();
    assert!(list.contains("PUBLIC KEY BLOCK") && !list.contains("PRIVATE"), "{list}");
}

#[test]
fn what_is_no_key_says_what_would_be_one() {
    let workshop = Workshop::new();
    workshop.make(&Image::of("1.0.0"));
    let (_, said) = workshop.refusal(&["sign", "--board", BOARD, "--key", "alice.asc"]);
    assert!(said.contains("it holds no secret key that may sign now"), "{said}");
    fs::write(workshop.path("empty.key"), "").unwrap();
    let (_, said) = workshop.refusal(&["sign", "--board", BOARD, "--key", "empty.key"]);
    assert!(said.contains("cannot read a key from empty.key"), "{said}");
}
