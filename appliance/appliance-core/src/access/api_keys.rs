//! API keys.

use jiff::{SignedDuration, Timestamp};

use super::service::{new_id, to_microsecond};
use super::sessions::LastUse;
use super::{AccessError, AccessResult, AccessService, ApiKeyRecord, Principal, Secret, User};
use crate::audit::{Actor, AuditOutcome};
use crate::label::check_label;

/// API keys of one person.
const MOST_KEYS: usize = 100;
/// Longest life, in days.
const MOST_DAYS: u32 = 3650;

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// The text for people.
    pub label: String,
    /// The secret's beginning, to tell keys apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last; `None` for never.
    pub last_used_at: Option<Timestamp>,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// An API key that was just made.
#[derive(Clone, Debug)]
pub struct CreatedApiKey {
    /// The key.
    pub key: ApiKey,
    /// Its secret. Shown this once.
    pub secret: Secret,
}

/// An API key in memory.
pub(super) struct HeldApiKey {
    pub(super) record: ApiKeyRecord,
    pub(super) user: User,
    pub(super) last_use: LastUse,
}

impl HeldApiKey {
    pub(super) fn new(record: ApiKeyRecord, user: User) -> Self {
        let last_use = LastUse::new(record.last_used_at);
        Self { record, user, last_use }
    }

    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        self.record.expires_at.is_some_and(|end| now >= end)
    }

    fn shown(&self) -> ApiKey {
        ApiKey {
            id: self.record.id.clone(),
            label: self.record.label.clone(),
            prefix: self.record.prefix.clone(),
            created_at: self.record.created_at,
            last_used_at: self.last_use.at(),
            expires_at: self.record.expires_at,
        }
    }
}

impl AccessService {
    /// Makes an API key for the person behind the actor. `expires_in_days`: 1 to 3650; it never ends
    /// when `None`.
    ///
    /// # Errors
    /// `Invalid` for the label, the days, or one key too many; `WrongCredentials` when the actor is
    /// nobody who may have keys; `Entropy`, `Store`, `Audit`.
    pub fn create_api_key(
        &self,
        actor: &Actor,
        label: &str,
        expires_in_days: Option<u32>,
    ) -> AccessResult<CreatedApiKey> {
        let invalid = |field| move |reason| AccessError::Invalid { field, reason };
        let label = check_label(label).map_err(invalid("label"))?;
        if let Some(days) = expires_in_days.filter(|days| !(1..=MOST_DAYS).contains(days)) {
            return Err(invalid("expires_in_days")(format!("is {days}; 1 to {MOST_DAYS} are allowed")));
        }
        let user = self.user_behind(actor)?;
        if self.api_keys_of(&user).len() >= MOST_KEYS {
            let reason = format!(
                "would name one API key more than the {MOST_KEYS} allowed; delete one that is not used"
            );
            return Err(invalid("label")(reason));
        }
        let now = to_microsecond(self.clock.now());
        let secret = Secret::api_key(&*self.entropy).map_err(AccessError::Entropy)?;
        let days = |days: u32| now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok();
        let record = ApiKeyRecord {
            id: new_id(now),
            secret: secret.hash(),
            user_id: user.id.clone(),
            label,
            prefix: secret.shown().to_owned(),
            created_at: now,
            last_used_at: None,
            expires_at: expires_in_days.and_then(days),
        };
        let noted = |outcome| {
            let subject = format!("api_key:{}", record.id);
            self.record(actor.clone(), "access.api_key.create", subject, outcome).with("label", &record.label)
        };
        self.note(noted(AuditOutcome::Ok))?;
        if let Err(error) = self.store.add_api_key(&record) {
            self.note_quietly(noted(AuditOutcome::Failed));
            return Err(AccessError::Store(error));
        }
        let held = HeldApiKey::new(record, user);
        let key = held.shown();
        self.held_mut().api_keys.insert(held.record.secret, held);
        Ok(CreatedApiKey { key, secret })
    }

    /// Somebody's API keys, oldest first; at most 100. Those that have ended are among them.
    pub fn list_api_keys(&self, principal: &Principal) -> Vec<ApiKey> {
        self.api_keys_of(&principal.user)
    }

    /// Deletes an API key of the person behind the actor; it is refused from now on.
    ///
    /// # Errors
    /// `NotFound`; `Store` when its end could not be kept: it is refused now, but would be back after a
    /// restart; `Audit` when it could not be noted; `WrongCredentials` when the actor is nobody.
    pub fn delete_api_key(&self, actor: &Actor, id: &str) -> AccessResult<()> {
        let user = self.user_behind(actor)?;
        let mut held = self.held_mut();
        let own = held.api_keys.values().find(|key| key.record.id == id && key.user.id == user.id);
        let secret = own.map(|key| key.record.secret).ok_or(AccessError::NotFound)?;
        let label = held.api_keys.remove(&secret).map(|key| key.record.label).unwrap_or_default();
        drop(held);
        self.store.remove_api_key(id).map_err(AccessError::Store)?;
        let subject = format!("api_key:{id}");
        self.note(
            self.record(actor.clone(), "access.api_key.delete", subject, AuditOutcome::Ok)
                .with("label", label),
        )
    }

    fn user_behind(&self, actor: &Actor) -> AccessResult<User> {
        let held = self.held();
        held.users.get(actor.username()).map(|user| user.user.clone()).ok_or(AccessError::WrongCredentials)
    }

    fn api_keys_of(&self, user: &User) -> Vec<ApiKey> {
        let held = self.held();
        let mut keys: Vec<_> =
            held.api_keys.values().filter(|key| key.user.id == user.id).map(HeldApiKey::shown).collect();
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        keys
    }
}
