//! The first boot, and what is there after the next.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qemu_tests::machine::{Machine, Setup};

use crate::release_box::{MESSAGE, release_box};
use crate::turn::turn;

#[test]
fn a_new_box_is_claimed_makes_a_key_that_signs_and_computes_an_embedding() {
    let turn = turn();
    let made = release_box(&turn);
    // The signature is checked by somebody else than the box.
    let pem = made.key["public_key"]["pem"].as_str().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let info = STANDARD.decode(body).unwrap();
    // The point is what a P-256 SubjectPublicKeyInfo (RFC 5480) ends with.
    let point = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &info[info.len() - 65..]);
    let signature = STANDARD.decode(made.signature.as_str().unwrap()).unwrap();
    point.verify(MESSAGE.as_bytes(), &signature).unwrap();
    point.verify(b"pay 9 to Bob", &signature).unwrap_err();

    let vector = |number: usize| -> Vec<f64> {
        let vector = made.embeddings["data"][number]["embedding"].as_array().unwrap();
        vector.iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let dot = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    assert_eq!(vector(0).len(), 384);
    assert!(dot(vector(0), vector(1)) > dot(vector(0), vector(2)) + 0.2, "like texts are near each other");

    assert_eq!(made.storage["state"], "open", "{}", made.storage);
    assert_eq!(made.storage["protection"], "tpm", "{}", made.storage);
    assert_eq!(made.storage["recovery_key"], "made", "{}", made.storage);
}

#[test]
fn after_a_reboot_all_of_it_is_there_and_the_tpm_opened_the_data() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = made.copy(&turn, "reboot");
    let machine = Machine::start(&turn.lab, &copy.0, &Setup::default()).unwrap();
    machine.wait_ready().unwrap();
    let client = made.client(&machine);
    made.assert_all_there(&client);
    let volume = client.get("/api/v1/storage").unwrap()["volume"].clone();
    assert_eq!(volume["state"], "open", "{volume}");
    assert_eq!(volume["protection"], "tpm", "{volume}");
    assert_eq!(volume["resealed"], false, "nobody was asked for the recovery key: {volume}");
    assert_eq!(machine.starts(), 1, "the box started once");
}
