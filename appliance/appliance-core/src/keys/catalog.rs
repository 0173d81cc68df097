//! The port of the list of keys.

use hal_api::{KeyAlgorithm, KeyId, PublicKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::storage::StorageResult;

/// How far a key's life is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// The token is being asked to make it. It was never answered to anyone.
    Creating,
    /// It is there.
    Ready,
    /// The token is being asked to destroy it.
    Deleting,
}

impl KeyState {
    /// The serialised name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Deleting => "deleting",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Creating, Self::Ready, Self::Deleting].into_iter().find(|state| state.name() == name)
    }
}

/// A key as the catalog keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Its id: a UUIDv7, so that ids ascend with time.
    pub id: KeyId,
    /// The text for people.
    pub label: String,
    /// Which kind of key pair.
    pub algorithm: KeyAlgorithm,
    /// The name of the token it is on.
    pub token: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The name of the person who asked.
    pub created_by: String,
    /// Its public half; `None` while it is [`KeyState::Creating`].
    pub public_key: Option<PublicKey>,
    /// How far its life is.
    pub state: KeyState,
}

/// Keeps the list of keys. When a method returns, its change is on the disk.
///
/// Every method fails with `Full`, `Busy`, `Unavailable` or `Corrupt` as the store says; nothing is
/// changed then.
pub trait KeyCatalog: Send + Sync {
    /// Every key in every state, ascending by id.
    ///
    /// # Errors
    /// As the store says.
    fn load(&self) -> StorageResult<Vec<CatalogEntry>>;

    /// Adds a key.
    ///
    /// # Errors
    /// `AlreadyExists` when the id is taken; else as the store says.
    fn add(&self, entry: &CatalogEntry) -> StorageResult<()>;

    /// Notes that the token made the key: its public half, and [`KeyState::Ready`].
    ///
    /// # Errors
    /// `NotFound` for an unknown id; else as the store says.
    fn complete(&self, id: &KeyId, public_key: &PublicKey) -> StorageResult<()>;

    /// Changes a key's state.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; else as the store says.
    fn set_state(&self, id: &KeyId, state: KeyState) -> StorageResult<()>;

    /// Takes a key off the list. An unknown id is no error: it is off the list.
    ///
    /// # Errors
    /// As the store says.
    fn remove(&self, id: &KeyId) -> StorageResult<()>;
}
