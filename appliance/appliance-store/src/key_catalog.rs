//! The list of keys.

use appliance_core::keys::{CatalogEntry, KeyCatalog, KeyState};
use appliance_core::storage::{StorageErrorKind, StorageResult};
use hal_api::{KeyAlgorithm, KeyId, PublicKey};
use rusqlite::{Row, params};

use crate::Store;
use crate::columns::{parsed, time};
use crate::error_map::Failure;

impl KeyCatalog for Store {
    fn load(&self) -> StorageResult<Vec<CatalogEntry>> {
        self.read("read the list of keys", |connection| {
            let mut statement = connection.prepare("SELECT * FROM keys ORDER BY id")?;
            let entries = statement.query_map([], entry)?.collect::<rusqlite::Result<_>>()?;
            Ok(entries)
        })
    }

    fn add(&self, entry: &CatalogEntry) -> StorageResult<()> {
        let entry = entry.clone();
        self.change("add a key to the list", move |connection, _| {
            connection
                .prepare_cached(
                    "INSERT INTO keys (id, label, algorithm, token, created_at, created_by, public_key, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    entry.id.0,
                    entry.label,
                    entry.algorithm.name(),
                    entry.token,
                    entry.created_at.as_microsecond(),
                    entry.created_by,
                    entry.public_key.as_ref().map(to_bytes),
                    entry.state.name(),
                ])?;
            Ok(())
        })
    }

    fn complete(&self, id: &KeyId, public_key: &PublicKey) -> StorageResult<()> {
        let (id, public_key) = (id.0, to_bytes(public_key));
        self.change("complete a key of the list", move |connection, _| {
            let changed = connection
                .prepare_cached("UPDATE keys SET public_key = ?2, state = 'ready' WHERE id = ?1")?
                .execute(params![id, public_key])?;
            found(changed)
        })
    }

    fn set_state(&self, id: &KeyId, state: KeyState) -> StorageResult<()> {
        let id = id.0;
        self.change("change a key of the list", move |connection, _| {
            let changed = connection
                .prepare_cached("UPDATE keys SET state = ?2 WHERE id = ?1")?
                .execute(params![id, state.name()])?;
            found(changed)
        })
    }

    fn remove(&self, id: &KeyId) -> StorageResult<()> {
        let id = id.0;
        self.change("remove a key from the list", move |connection, _| {
            connection.prepare_cached("DELETE FROM keys WHERE id = ?1")?.execute(params![id])?;
            Ok(())
        })
    }
}

fn found(changed: usize) -> Result<(), Failure> {
    if changed == 0 { Err(Failure::Kind(StorageErrorKind::NotFound)) } else { Ok(()) }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<CatalogEntry> {
    let algorithm = parsed(row, "algorithm", |name: String| {
        KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    })?;
    let public_key = parsed(row, "public_key", |bytes: Option<Vec<u8>>| match bytes {
        None => Some(None),
        Some(bytes) => from_bytes(algorithm, bytes).map(Some),
    })?;
    Ok(CatalogEntry {
        id: KeyId(row.get("id")?),
        label: row.get("label")?,
        algorithm,
        token: row.get("token")?,
        created_at: time(row, "created_at")?,
        created_by: row.get("created_by")?,
        public_key,
        state: parsed(row, "state", |name: String| KeyState::from_name(&name))?,
    })
}

/// Bytes of an RSA-2048 modulus.
const MODULUS: usize = 256;

/// The point, or modulus and exponent.
fn to_bytes(key: &PublicKey) -> Vec<u8> {
    match key {
        PublicKey::P256 { point } | PublicKey::Secp256k1 { point } | PublicKey::Ed25519 { point } => {
            point.clone()
        }
        PublicKey::Rsa2048 { modulus, exponent } => [&modulus[..], &exponent[..]].concat(),
    }
}

fn from_bytes(algorithm: KeyAlgorithm, bytes: Vec<u8>) -> Option<PublicKey> {
    let length = bytes.len();
    let point = |expected| (length == expected).then_some(bytes.clone());
    Some(match algorithm {
        KeyAlgorithm::P256 => PublicKey::P256 { point: point(65)? },
        KeyAlgorithm::Secp256k1 => PublicKey::Secp256k1 { point: point(65)? },
        KeyAlgorithm::Ed25519 => PublicKey::Ed25519 { point: point(32)? },
        KeyAlgorithm::Rsa2048 => {
            let (modulus, exponent) =
                bytes.split_at_checked(MODULUS).filter(|(_, exponent)| !exponent.is_empty())?;
            PublicKey::Rsa2048 { modulus: modulus.to_vec(), exponent: exponent.to_vec() }
        }
    })
}
