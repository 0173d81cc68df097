//! What the box remembers of releases: files on the data partition, which only root reads and writes.
//!
//! What is stored is on the medium when a function returns. A file that cannot be read any more is put aside
//! and told: a box that takes no updates for ever is worse off than one whose memory begins anew. What it
//! guarded is then guarded by the running version, by the time at which its image was built, and by the
//! counter in the TPM.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ota_client::check::SignerLists;
use ota_core::trust::Known;
use ota_core::version::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::note;
use crate::places::Places;
use crate::run_files::private;

const KNOWN: &str = "known.json";
const SIGNER_LISTS: &str = "signer-lists.json";
const EPOCHS: &str = "epochs.json";

/// The security epochs of versions, as their manifests told.
pub(crate) type Epochs = BTreeMap<Version, u64>;

/// The folder of the files.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder, made where it is missing; `None` while the data partition is closed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn open(places: &Places) -> Result<Option<Self>> {
        if !places.data().is_dir() {
            return Ok(None);
        }
        let folder = places.remembered();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Some(Self { folder }))
    }

    pub(crate) fn known(&self) -> Result<Known> {
        self.read(KNOWN)
    }

    pub(crate) fn followed(&self) -> Result<SignerLists> {
        self.read(SIGNER_LISTS)
    }

    pub(crate) fn epochs(&self) -> Result<Epochs> {
        self.read(EPOCHS)
    }

    pub(crate) fn keep_known(&self, known: &Known) -> io::Result<()> {
        self.write(KNOWN, known)
    }

    pub(crate) fn keep_followed(&self, followed: &SignerLists) -> io::Result<()> {
        self.write(SIGNER_LISTS, followed)
    }

    /// Remembers the epoch of a version; of two, the higher one: an image knows the one that it was built with,
    /// and its manifest may say more.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub(crate) fn keep_epoch(&self, version: &Version, epoch: u64) -> Result<()> {
        let mut epochs = self.epochs()?;
        let kept = epochs.get(version);
        if kept.is_none_or(|&kept| kept < epoch) {
            epochs.insert(version.clone(), epoch);
            self.write(EPOCHS, &epochs).context("cannot remember the version's security epoch")?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T> {
        let path = self.folder.join(name);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        if let Ok(content) = serde_json::from_slice(&text) {
            return Ok(content);
        }
        note(&format!("{} is damaged: it begins anew, and the old one is put aside", path.display()));
        let aside = self.folder.join(format!("{name}.damaged"));
        fs::rename(&path, aside).with_context(|| format!("cannot put {} aside", path.display()))?;
        Ok(T::default())
    }

    fn write(&self, name: &str, content: &impl Serialize) -> io::Result<()> {
        let (path, part) = (self.folder.join(name), self.folder.join(format!("{name}.part")));
        let mut file = private().truncate(true).open(&part)?;
        file.write_all(&serde_json::to_vec(content)?)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use ota_client::source::Signed;
    use ota_core::trust::SetAside;

    use super::*;

    fn machine() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::under(folder.path());
        fs::create_dir_all(places.data()).unwrap();
        (folder, places)
    }

    #[test]
    fn what_is_remembered_is_read_again_and_is_roots_alone() {
        let (_folder, places) = machine();
        let store = Store::open(&places).unwrap().unwrap();
        let mut known = Known { highest_epoch: 3, ..Known::default() };
        known.set_aside("1.1.0".parse().unwrap(), SetAside::RolledBack);
        let lists = SignerLists::from([(2, Signed { document: b"{}".into(), signatures: vec![0xff] })]);
        store.keep_known(&known).unwrap();
        store.keep_followed(&lists).unwrap();
        store.keep_epoch(&"1.1.0".parse().unwrap(), 3).unwrap();
        let store = Store::open(&places).unwrap().unwrap();
        assert_eq!((store.known().unwrap(), store.followed().unwrap()), (known, lists));
        assert_eq!(store.epochs().unwrap().into_values().collect::<Vec<_>>(), [3]);
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(places.remembered()), mode(places.remembered().join(KNOWN))), (0o700, 0o600));
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_a_closed_partition_has_none() {
        let (_folder, places) = machine();
        let store = Store::open(&places).unwrap().unwrap();
        fs::write(places.remembered().join(KNOWN), "{\"highest").unwrap();
        assert_eq!(store.known().unwrap(), Known::default());
        assert_eq!(fs::read_to_string(places.remembered().join("known.json.damaged")).unwrap(), "{\"highest");
        fs::remove_dir_all(places.data()).unwrap();
        assert!(Store::open(&places).unwrap().is_none());
    }
}
