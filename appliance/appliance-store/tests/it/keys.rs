//! The list of keys.

use appliance_core::keys::{CatalogEntry, KeyCatalog, KeyState};
use appliance_core::storage::StorageErrorKind;
use appliance_store::Store;
use hal_api::{KeyAlgorithm, KeyId, PublicKey};

use crate::{Folder, at};

fn entry(number: u8, algorithm: KeyAlgorithm) -> CatalogEntry {
    CatalogEntry {
        id: KeyId([number; 16]),
        label: format!("key ü {number}"),
        algorithm,
        token: "softhsm".into(),
        created_at: at(number.into()),
        created_by: "ada".into(),
        public_key: None,
        state: KeyState::Creating,
    }
}

fn public_key(algorithm: KeyAlgorithm) -> PublicKey {
    match algorithm {
        KeyAlgorithm::P256 => PublicKey::P256 { point: vec![4; 65] },
        KeyAlgorithm::Secp256k1 => PublicKey::Secp256k1 { point: vec![5; 65] },
        KeyAlgorithm::Ed25519 => PublicKey::Ed25519 { point: vec![6; 32] },
        KeyAlgorithm::Rsa2048 => PublicKey::Rsa2048 { modulus: vec![0xf0; 256], exponent: vec![1, 0, 1] },
    }
}

#[test]
fn keys_of_every_algorithm_and_state_survive_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    let mut expected = Vec::new();
    for (number, algorithm) in (1..).zip(KeyAlgorithm::ALL) {
        let key = entry(number, algorithm);
        store.add(&key).unwrap();
        let public_key = public_key(algorithm);
        store.complete(&key.id, &public_key).unwrap();
        expected.push(CatalogEntry { public_key: Some(public_key), state: KeyState::Ready, ..key });
    }
    let half = entry(9, KeyAlgorithm::P256);
    store.add(&half).unwrap();
    expected.push(half);
    store.set_state(&expected[1].id, KeyState::Deleting).unwrap();
    expected[1].state = KeyState::Deleting;
    assert_eq!(KeyCatalog::load(&store).unwrap(), expected);
    drop(store);
    let store = folder.open();
    assert_eq!(KeyCatalog::load(&store).unwrap(), expected);
    store.remove(&expected[0].id).unwrap();
    store.remove(&expected[0].id).unwrap();
    assert_eq!(KeyCatalog::load(&store).unwrap(), expected[1..]);
}

#[test]
fn what_does_not_fit_is_told() {
    let store = Store::open_in_memory().unwrap();
    let key = entry(1, KeyAlgorithm::P256);
    store.add(&key).unwrap();
    assert_eq!(store.add(&key).unwrap_err().kind, StorageErrorKind::AlreadyExists);
    let unknown = KeyId([7; 16]);
    assert_eq!(store.set_state(&unknown, KeyState::Ready).unwrap_err().kind, StorageErrorKind::NotFound);
    let completed = store.complete(&unknown, &public_key(KeyAlgorithm::P256));
    assert_eq!(completed.unwrap_err().kind, StorageErrorKind::NotFound);
    assert_eq!(
        store.set_state(&key.id, KeyState::Ready).unwrap_err().kind,
        StorageErrorKind::Corrupt,
        "without a public key"
    );
}

#[test]
fn a_row_that_makes_no_sense_is_damage_and_no_panic() {
    for sql in [
        "UPDATE keys SET algorithm = 'rot13'",
        "UPDATE keys SET public_key = zeroblob(3)",
        "UPDATE keys SET created_at = 9223372036854775807",
    ] {
        let folder = Folder::new();
        let store = folder.open();
        store.add(&entry(1, KeyAlgorithm::P256)).unwrap();
        folder.raw().execute(sql, []).unwrap();
        assert_eq!(KeyCatalog::load(&store).unwrap_err().kind, StorageErrorKind::Corrupt, "{sql}");
    }
}
