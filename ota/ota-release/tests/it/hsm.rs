//! Signers whose keys are in an HSM: SoftHSM, with a token folder of the test's own.

use std::fs;
use std::process::Command;

use hal_pkcs11::softhsm;

use crate::gpg::Gpg;
use crate::image::{BOARD, Image};
use crate::workshop::Workshop;

const PIN: &str = "user-pin-271828";

/// A workshop with an HSM of one token, `releases`; `None`, and a word about it, where there is no SoftHSM.
fn with_token() -> Option<Workshop> {
    if softhsm::find_module().is_none() {
        eprintln!("SKIPPED: SoftHSM is not installed (apt install softhsm2)");
        return None;
    }
    let mut workshop = Workshop::empty();
    let conf = softhsm::prepare(&workshop.path("softhsm")).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "releases", "--pin", PIN, "--so-pin", "so-pin-314159"])
        .env(softhsm::ENVIRONMENT_VARIABLE, &conf)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    workshop.set(softhsm::ENVIRONMENT_VARIABLE, conf);
    fs::write(workshop.path("pin"), format!("{PIN}\n")).unwrap();
    Some(workshop)
}

#[test]
fn keys_in_an_hsm_sign_and_gpg_accepts_them() {
    let Some(workshop) = with_token() else { return };
    let pin = ["--secret-file", "pin"];
    let mut add = vec!["rotate".to_owned()];
    for (name, algorithm) in [("Alice", "p256"), ("Bob", "ed25519"), ("Carol", "rsa2048")] {
        let (key, file) = (format!("releases/{name}"), format!("{name}.asc"));
        workshop.answer(&[&["keys", "new", "--hsm", &key, "--algorithm", algorithm][..], &pin].concat());
        let certify = ["signer-certificate", "--hsm", &key, "--name", name, "--out", &file];
        workshop.answer(&[&certify[..], &pin].concat());
        add.extend(["--add".to_owned(), format!("{name}={file}")]);
    }
    workshop.answer(&add.iter().map(String::as_str).collect::<Vec<_>>());
    let sign = |name: &str, what: &[&str]| {
        let key = format!("releases/{name}");
        workshop.answer(&[&["sign", "--hsm", &key][..], &pin, what].concat())
    };
    for name in ["Alice", "Bob", "Carol"] {
        assert_eq!(sign(name, &["--signers"])["signer"], name);
    }
    workshop.answer(&["rotate", "--publish"]);
    workshop.make(&Image::of("1.0.0"));
    for name in ["Alice", "Bob", "Carol"] {
        sign(name, &["--board", BOARD]);
    }
    workshop.publish();
    assert_eq!(workshop.verify()["signed_by"].as_array().unwrap().len(), 3);

    let Some(gpg) = Gpg::start() else { return };
    for name in ["Alice", "Bob", "Carol"] {
        gpg.import(&workshop.path(&format!("{name}.asc")));
    }
    let manifest = workshop.repository().join("stable/qemu-x86_64/manifest.json");
    assert_eq!(gpg.verify(&manifest), ["Alice", "Bob", "Carol"]);
}

#[test]
fn what_is_wrong_with_an_hsm_is_told() {
    let Some(workshop) = with_token() else { return };
    workshop.key("Alice");
    workshop.answer(&["rotate", "--add", "Alice=alice.asc", "--threshold", "1"]);
    let refusal = |words: &[&str]| workshop.refusal(words).1;
    let said = refusal(&["sign", "--signers", "--hsm", "releases/bob", "--secret-file", "pin"]);
    assert!(said.contains("the token holds no key: `keys new --hsm` makes one"), "{said}");
    let said = refusal(&["sign", "--signers", "--hsm", "absent/bob", "--secret-file", "pin"]);
    assert!(said.contains("no token with label \"absent\""), "{said}");
    fs::write(workshop.path("wrong"), "000000\n").unwrap();
    let said = refusal(&["sign", "--signers", "--hsm", "releases/bob", "--secret-file", "wrong"]);
    assert!(said.contains("wrong PIN for token \"releases\"") && !said.contains("000000"), "{said}");

    workshop.answer(&["keys", "new", "--hsm", "releases/bob", "--secret-file", "pin"]);
    let said = refusal(&["keys", "new", "--hsm", "releases/bob", "--secret-file", "pin"]);
    assert!(said.contains("holds a key of this label already"), "{said}");
    let said = refusal(&["sign", "--signers", "--hsm", "releases/bob", "--secret-file", "pin"]);
    assert!(said.contains("`signer-certificate` makes one"), "{said}");
}
