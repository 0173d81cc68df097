//! The port of who may use the box.

use jiff::Timestamp;

use super::{SecretHash, User};
use crate::storage::StorageResult;

/// Somebody who may use the box, as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Who.
    pub user: User,
    /// The hash of their password, in the PHC string format.
    pub password: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// A session, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The hash of its secret.
    pub secret: SecretHash,
    /// The id of its user.
    pub user_id: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was used last, to within a minute.
    pub last_used_at: Timestamp,
}

/// An API key, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its id, a UUIDv7.
    pub id: String,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// The id of its owner.
    pub user_id: String,
    /// The text for people.
    pub label: String,
    /// The secret's beginning, to tell keys apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessSnapshot {
    /// The people.
    pub users: Vec<UserRecord>,
    /// Their sessions.
    pub sessions: Vec<SessionRecord>,
    /// Their API keys, ascending by id.
    pub api_keys: Vec<ApiKeyRecord>,
}

/// A use of a session or an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The hash of its secret.
    pub secret: SecretHash,
    /// When.
    pub at: Timestamp,
}

/// Keeps who may use the box. When a method returns, its change is on the disk, [`AccessStore::touch`]
/// apart.
pub trait AccessStore: Send + Sync {
    /// Everything that is kept.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    fn load(&self) -> StorageResult<AccessSnapshot>;

    /// Adds somebody.
    ///
    /// # Errors
    /// `AlreadyExists` when the id or the name is taken; `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn add_user(&self, user: &UserRecord) -> StorageResult<()>;

    /// Adds a session.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn add_session(&self, session: &SessionRecord) -> StorageResult<()>;

    /// Removes sessions; those that are not there are no error.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn remove_sessions(&self, secrets: &[SecretHash]) -> StorageResult<()>;

    /// Adds an API key.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn add_api_key(&self, key: &ApiKeyRecord) -> StorageResult<()>;

    /// Removes an API key; one that is not there is no error.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn remove_api_key(&self, id: &str) -> StorageResult<()>;

    /// Notes a use, some time soon. Neither waits nor fails: a note that cannot be taken is lost.
    fn touch(&self, touch: Touch);
}
