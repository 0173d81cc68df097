//! The service that knows who may use the box.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use super::api_keys::HeldApiKey;
use super::claim::ClaimCode;
use super::password::PasswordHashing;
use super::sessions::HeldSession;
use super::throttle::Throttle;
use super::{
    AccessError, AccessResult, AccessStore, Credential, Entropy, Principal, SecretHash, UserRecord, Via,
};
use crate::audit::{Actor, AuditLog, AuditOutcome, AuditRecord};
use crate::clock::Clock;
use crate::event::EventSink;

/// Called with every new claim code.
pub(super) type CodeListener = Arc<dyn Fn(&str) + Send + Sync>;

/// Who may use the box. [`AccessService::authenticate`] never waits for the disk; everything else may.
pub struct AccessService {
    pub(super) store: Arc<dyn AccessStore>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) events: Arc<dyn EventSink>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) hashing: PasswordHashing,
    pub(super) throttle: Mutex<Throttle>,
    /// `None` once the box is claimed.
    pub(super) claim: Mutex<Option<ClaimCode>>,
    pub(super) on_new_code: Mutex<Option<CodeListener>>,
    pub(super) held: RwLock<Held>,
}

/// What is held in memory, as the store has it.
#[derive(Default)]
pub(super) struct Held {
    /// By user name.
    pub(super) users: HashMap<String, UserRecord>,
    pub(super) sessions: HashMap<SecretHash, HeldSession>,
    pub(super) api_keys: HashMap<SecretHash, HeldApiKey>,
}

impl AccessService {
    /// A service over what the store keeps. Without a user there, the box is to be claimed, and a new
    /// claim code is made.
    ///
    /// # Errors
    /// `Store` when it cannot be read, `Entropy` without randomness.
    pub fn new(
        store: Arc<dyn AccessStore>,
        audit: Arc<dyn AuditLog>,
        events: Arc<dyn EventSink>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> AccessResult<Self> {
        let now = clock.now();
        let kept = store.load().map_err(AccessError::Store)?;
        let claim = match kept.users.is_empty() {
            true => Some(ClaimCode::new(&*entropy).map_err(AccessError::Entropy)?),
            false => None,
        };
        let mut held = Held::default();
        for session in kept.sessions {
            if let Some(owner) = kept.users.iter().find(|owner| owner.user.id == session.user_id) {
                held.sessions.insert(session.secret, HeldSession::new(session, owner.user.clone()));
            }
        }
        for key in kept.api_keys {
            if let Some(owner) = kept.users.iter().find(|owner| owner.user.id == key.user_id) {
                held.api_keys.insert(key.secret, HeldApiKey::new(key, owner.user.clone()));
            }
        }
        held.users = kept.users.into_iter().map(|user| (user.user.username.clone(), user)).collect();
        Ok(Self {
            store,
            audit,
            events,
            clock,
            entropy,
            hashing: PasswordHashing::default(),
            throttle: Mutex::new(Throttle::new(now)),
            claim: Mutex::new(claim),
            on_new_code: Mutex::new(None),
            held: RwLock::new(held),
        })
    }

    /// Who sent a request, by what it shows; `None` when that is unknown, has ended or was taken away.
    /// A hash and a look-up: a microsecond or two.
    pub fn authenticate(&self, credential: Credential<'_>) -> Option<Principal> {
        let now = self.clock.now();
        let held = self.held();
        match credential {
            Credential::Session(secret) => {
                let hash = SecretHash::of(secret);
                let session =
                    held.sessions.get(&hash).filter(|session| session.record.secret.matches(&hash))?;
                if session.has_ended(now) {
                    return None;
                }
                self.note_use(&session.last_use, hash, now);
                let expires_at = Some(session.ends_at());
                Some(Principal { user: session.user.clone(), via: Via::Session, expires_at })
            }
            Credential::ApiKey(secret) => {
                let hash = SecretHash::of(secret);
                let key = held.api_keys.get(&hash).filter(|key| key.record.secret.matches(&hash))?;
                if key.has_ended(now) {
                    return None;
                }
                self.note_use(&key.last_use, hash, now);
                let via = Via::ApiKey { id: key.record.id.clone(), label: key.record.label.clone() };
                Some(Principal { user: key.user.clone(), via, expires_at: key.record.expires_at })
            }
        }
    }

    pub(super) fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a decision before it takes effect: what cannot be noted is not done.
    pub(super) fn note(&self, record: AuditRecord) -> AccessResult<()> {
        self.audit.append(record).map(drop).map_err(AccessError::Audit)
    }

    /// Notes a refusal or a failure: nothing is handed out, so a log that cannot be written changes no
    /// answer.
    pub(super) fn note_quietly(&self, record: AuditRecord) {
        let action = record.action;
        if let Err(error) = self.audit.append(record) {
            tracing::error!(
                action,
                error = &error as &dyn std::error::Error,
                "cannot note a refusal in the audit log"
            );
        }
    }

    pub(super) fn record(
        &self,
        actor: Actor,
        action: &'static str,
        subject: String,
        outcome: AuditOutcome,
    ) -> AuditRecord {
        AuditRecord::new(self.clock.now(), actor, action, subject, outcome)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A UUIDv7 (RFC 9562, section 5.7), so that lists are in order of creation.
pub(super) fn new_id(now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds)).to_string()
}

/// A time in whole microseconds, as the store keeps it.
pub(super) fn to_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
