//! The box that this computer knows: `$XDG_CONFIG_HOME/anya/box.json`, readable by its owner only.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::failure::Failure;

/// What `anya login` and `anya claim` keep. No `Debug`: it holds a secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The box's address.
    #[serde(serialize_with = "address_out", deserialize_with = "address_in")]
    pub(crate) address: Url,
    /// Who signed in.
    pub(crate) username: String,
    /// The id of the API key, to delete it.
    pub(crate) api_key_id: String,
    /// The API key.
    pub(crate) api_key: String,
    /// The box's certificate authority, PEM.
    pub(crate) authority: String,
}

impl Profile {
    /// Where it is kept.
    pub(crate) fn path() -> Result<PathBuf, Failure> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
        Ok(folder.ok_or(Failure::NoConfigFolder)?.join("anya/box.json"))
    }

    /// The kept one, if there is one.
    pub(crate) fn load() -> Result<Option<Self>, Failure> {
        let path = Self::path()?;
        match fs::read(&path) {
            Ok(content) => serde_json::from_slice(&content).map(Some).map_err(|_| Failure::Malformed {
                path,
                expected: "what `anya login` wrote; remove it and log in again",
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Failure::File { operation: "read", path, source }),
        }
    }

    /// Keeps it; whole or not at all.
    pub(crate) fn save(&self) -> Result<PathBuf, Failure> {
        let path = Self::path()?;
        let failed = |source| Failure::File { operation: "write", path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let text = serde_json::to_vec_pretty(self).expect("texts always serialise");
        let draft = path.with_extension("draft");
        // A draft that was left behind may have other permissions.
        let _ = fs::remove_file(&draft);
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft, &path).map_err(failed)?;
        Ok(path)
    }

    /// Forgets it.
    pub(crate) fn forget() -> Result<(), Failure> {
        let path = Self::path()?;
        fs::remove_file(&path).map_err(|source| Failure::File { operation: "remove", path, source })
    }
}

fn address_out<S: Serializer>(address: &Url, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(address.as_str())
}

fn address_in<'de, D: Deserializer<'de>>(input: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(input)?).map_err(serde::de::Error::custom)
}
