//! The keys' blobs on disk: `<folder>/<key id>.json`, one file each, written whole or not at all.
//!
//! A blob is encrypted by the TPM under its storage key and is useless elsewhere. Files are read once,
//! at opening; afterwards the folder belongs to this process alone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hal_api::{KeyAlgorithm, KeyEntry, KeyId};
use serde::{Deserialize, Serialize};

/// The only version of the format.
const VERSION: u32 = 1;

/// A key as its file has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    version: u32,
    pub(crate) id: KeyIdText,
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) label: String,
    /// The marshalled `TPM2B_PUBLIC` content (`TPMT_PUBLIC`).
    #[serde(with = "hex::serde")]
    pub(crate) public: Vec<u8>,
    /// The content of the `TPM2B_PRIVATE`, encrypted under the storage key.
    #[serde(with = "hex::serde")]
    pub(crate) private: Vec<u8>,
}

/// A key id as text, so that people find a file by its content too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyIdText(pub(crate) KeyId);

impl Serialize for KeyIdText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for KeyIdText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl StoredKey {
    pub(crate) fn new(spec: &hal_api::KeySpec, public: Vec<u8>, private: Vec<u8>) -> Self {
        let id = KeyIdText(spec.id);
        Self { version: VERSION, id, algorithm: spec.algorithm, label: spec.label.clone(), public, private }
    }
}

/// The folder and what is in it.
pub(crate) struct KeyFolder {
    path: PathBuf,
    keys: Mutex<BTreeMap<KeyId, Arc<StoredKey>>>,
}

impl KeyFolder {
    /// Makes the folder when missing and reads every key. A file that is not a key is left alone and
    /// warned of: one bad file must not take the others away.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let path = std::path::absolute(path)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(&path)? {
            let file = entry?.path();
            if file.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&file) {
                Ok(key) => {
                    keys.insert(key.id.0, Arc::new(key));
                }
                Err(error) => tracing::warn!(file = %file.display(), %error, "not a TPM key file"),
            }
        }
        Ok(Self { path, keys: Mutex::new(keys) })
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<KeyId, Arc<StoredKey>>> {
        // Each change is one call on the map.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: &KeyId) -> Option<Arc<StoredKey>> {
        self.keys().get(id).cloned()
    }

    /// Whether the id is taken, also by a file that could not be read.
    pub(crate) fn is_taken(&self, id: &KeyId) -> bool {
        self.keys().contains_key(id) || self.file(id).exists()
    }

    pub(crate) fn entries(&self) -> Vec<KeyEntry> {
        let keys = self.keys();
        let entry = |key: &Arc<StoredKey>| KeyEntry {
            id: key.id.0,
            algorithm: key.algorithm,
            label: key.label.clone(),
        };
        keys.values().map(entry).collect()
    }

    /// Writes a key so that after a power cut it is there whole or not at all.
    pub(crate) fn add(&self, key: StoredKey) -> std::io::Result<()> {
        let id = key.id.0;
        let draft = self.path.join(format!(".{id}.part"));
        let written = write(&draft, &key).and_then(|()| fs::rename(&draft, self.file(&id)));
        if let Err(error) = written.and_then(|()| self.sync()) {
            // What remains would be half a key to the next start.
            let _ = fs::remove_file(&draft);
            let _ = fs::remove_file(self.file(&id));
            return Err(error);
        }
        self.keys().insert(id, Arc::new(key));
        Ok(())
    }

    /// Removes a key's file; whether there was one. The blob may survive on the disk's free space.
    pub(crate) fn remove(&self, id: &KeyId) -> std::io::Result<bool> {
        if !self.keys().contains_key(id) {
            return Ok(false);
        }
        match fs::remove_file(self.file(id)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.keys().remove(id);
        self.sync()?;
        Ok(true)
    }

    fn file(&self, id: &KeyId) -> PathBuf {
        self.path.join(format!("{id}.json"))
    }

    fn sync(&self) -> std::io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

fn read(file: &Path) -> std::io::Result<StoredKey> {
    let invalid = |problem: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, problem);
    let key: StoredKey = serde_json::from_slice(&fs::read(file)?)?;
    if key.version != VERSION {
        return Err(invalid("it has another version"));
    }
    if file.file_stem().and_then(|stem| stem.to_str()) != Some(key.id.0.to_string().as_str()) {
        return Err(invalid("its name is not the id inside"));
    }
    Ok(key)
}

fn write(file: &Path, key: &StoredKey) -> std::io::Result<()> {
    let mut text = serde_json::to_vec_pretty(key)?;
    text.push(b'\n');
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(&text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use hal_api::KeySpec;

    use super::*;

    fn key(id: u8) -> StoredKey {
        let spec = KeySpec { id: KeyId([id; 16]), algorithm: KeyAlgorithm::P256, label: "é".into() };
        StoredKey::new(&spec, vec![1, 2], vec![3])
    }

    #[test]
    fn keys_are_there_again_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let folder = KeyFolder::open(&path).unwrap();
        folder.add(key(2)).unwrap();
        folder.add(key(1)).unwrap();
        let folder = KeyFolder::open(&path).unwrap();
        let ids: Vec<_> = folder.entries().iter().map(|entry| entry.id.0[0]).collect();
        assert_eq!(ids, [1, 2]);
        assert_eq!(folder.get(&KeyId([2; 16])).unwrap().private, [3]);
        assert!(folder.remove(&KeyId([2; 16])).unwrap());
        assert!(!folder.remove(&KeyId([2; 16])).unwrap());
        assert_eq!(KeyFolder::open(&path).unwrap().entries().len(), 1);
    }

    #[test]
    fn a_broken_file_hides_no_other_and_its_id_stays_taken() {
        let dir = tempfile::tempdir().unwrap();
        KeyFolder::open(dir.path()).unwrap().add(key(1)).unwrap();
        let broken = KeyId([9; 16]);
        fs::write(dir.path().join(format!("{broken}.json")), "{").unwrap();
        fs::copy(
            dir.path().join(format!("{}.json", KeyId([1; 16]))),
            dir.path().join(format!("{}.json", KeyId([8; 16]))),
        )
        .unwrap();
        let folder = KeyFolder::open(dir.path()).unwrap();
        assert_eq!(folder.entries().len(), 1);
        assert!(folder.is_taken(&broken));
    }
}
