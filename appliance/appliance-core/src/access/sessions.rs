//! Signing in and out.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::claiming::OpenedSession;
use super::service::{lock, to_microsecond};
use super::{AccessError, AccessResult, AccessService, Secret, SecretHash, SessionRecord, Touch, User};
use crate::audit::{Actor, AuditOutcome, Who};
use crate::event::DomainEvent;

/// A session ends when it was not used for so long.
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(12);
/// A session ends after so long in any case.
pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Sessions of one person; opening one more ends the oldest.
const MOST_SESSIONS: usize = 64;
/// Uses closer together than this are kept as one.
const NOTED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// When something was used last, in memory and as the store was told.
pub(super) struct LastUse {
    /// Microseconds since 1970; `i64::MIN` for never.
    at: AtomicI64,
    noted: AtomicI64,
}

impl LastUse {
    pub(super) fn new(at: Option<Timestamp>) -> Self {
        let at = at.map_or(i64::MIN, Timestamp::as_microsecond);
        Self { at: AtomicI64::new(at), noted: AtomicI64::new(at) }
    }

    pub(super) fn at(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.at.load(Ordering::Relaxed)).ok()
    }

    /// Notes a use; whether the store is to be told.
    fn mark(&self, now: Timestamp) -> bool {
        let now = now.as_microsecond();
        self.at.fetch_max(now, Ordering::Relaxed);
        let noted = self.noted.load(Ordering::Relaxed);
        let due = i128::from(now) - i128::from(noted) >= NOTED_EVERY.as_micros();
        due && self.noted.compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A session in memory.
pub(super) struct HeldSession {
    pub(super) record: SessionRecord,
    pub(super) user: User,
    pub(super) last_use: LastUse,
}

impl HeldSession {
    pub(super) fn new(record: SessionRecord, user: User) -> Self {
        let last_use = LastUse::new(Some(record.last_used_at));
        Self { record, user, last_use }
    }

    /// When it ends for good.
    pub(super) fn ends_at(&self) -> Timestamp {
        end_of(self.record.created_at)
    }

    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        let used = self.last_use.at().unwrap_or(self.record.created_at);
        now >= self.ends_at() || now.duration_since(used) >= SESSION_IDLE
    }
}

fn end_of(created_at: Timestamp) -> Timestamp {
    created_at.checked_add(SESSION_LIFETIME).unwrap_or(Timestamp::MAX)
}

impl AccessService {
    /// Opens a session for who knows the password. A wrong name takes as long as a wrong password.
    ///
    /// # Errors
    /// `WrongCredentials`, `TooManyAttempts`, `Busy`, `Entropy`, `Hash`, `Store`, `Audit`.
    pub fn sign_in(&self, username: &str, password: &str, request_id: &str) -> AccessResult<OpenedSession> {
        let username = username.trim().to_ascii_lowercase();
        let known = self.held().users.get(&username).cloned();
        lock(&self.throttle)
            .admit(&username, known.is_some(), self.clock.now())
            .map_err(|retry_after_seconds| AccessError::TooManyAttempts { retry_after_seconds })?;
        let right = self.hashing.is_right(password, known.as_ref().map(|known| known.password.as_str()));
        let right = right.inspect_err(|_| lock(&self.throttle).take_back(&username))?;
        let Some(known) = known.as_ref().filter(|_| right) else {
            // A name that nobody has may be a password in the wrong field: it is not noted.
            let name = known.as_ref().map_or("unknown", |known| &known.user.username);
            let stranger = Actor::new(Who::Stranger, request_id);
            let subject = format!("user:{name}");
            self.note_quietly(self.record(stranger, "access.sign_in", subject, AuditOutcome::Denied));
            return Err(AccessError::WrongCredentials);
        };
        lock(&self.throttle).right(&username);
        let actor = Actor::new(Who::User(username.clone()), request_id);
        self.note(self.record(actor, "access.sign_in", format!("user:{username}"), AuditOutcome::Ok))?;
        self.open_session(known.user.clone())
    }

    /// Ends a session. One that is not there has ended.
    ///
    /// # Errors
    /// `Store` when the end could not be kept: the session is refused now, but would be back after a
    /// restart. `Audit` when it could not be noted; the session has ended.
    pub fn sign_out(&self, secret: &str, request_id: &str) -> AccessResult<()> {
        let hash = SecretHash::of(secret);
        let Some(session) = self.held_mut().sessions.remove(&hash) else { return Ok(()) };
        self.store.remove_sessions(&[hash]).map_err(AccessError::Store)?;
        let username = session.user.username;
        let actor = Actor::new(Who::User(username.clone()), request_id);
        self.note(self.record(actor, "access.sign_out", format!("user:{username}"), AuditOutcome::Ok))
    }

    /// Opens a session for somebody who has proved who they are.
    pub(super) fn open_session(&self, user: User) -> AccessResult<OpenedSession> {
        let now = to_microsecond(self.clock.now());
        self.drop_old_sessions(&user, now);
        let secret = Secret::session(&*self.entropy).map_err(AccessError::Entropy)?;
        let record = SessionRecord {
            secret: secret.hash(),
            user_id: user.id.clone(),
            created_at: now,
            last_used_at: now,
        };
        self.store.add_session(&record).map_err(AccessError::Store)?;
        self.held_mut().sessions.insert(record.secret, HeldSession::new(record, user.clone()));
        self.events.publish(DomainEvent::SessionOpened { username: user.username.clone() });
        Ok(OpenedSession { user, secret, expires_at: end_of(now) })
    }

    /// Drops sessions that have ended, and this person's oldest where they have too many.
    fn drop_old_sessions(&self, user: &User, now: Timestamp) {
        let mut held = self.held_mut();
        let mut old: Vec<SecretHash> = held
            .sessions
            .values()
            .filter(|session| session.has_ended(now))
            .map(|session| session.record.secret)
            .collect();
        let mut own: Vec<_> = held
            .sessions
            .values()
            .filter(|session| session.user.id == user.id && !session.has_ended(now))
            .map(|session| (session.last_use.at(), session.record.secret))
            .collect();
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(MOST_SESSIONS);
        old.extend(own.into_iter().take(too_many).map(|(_, secret)| secret));
        old.iter().for_each(|secret| drop(held.sessions.remove(secret)));
        drop(held);
        // They are refused whether or not the store still has them.
        if !old.is_empty()
            && let Err(error) = self.store.remove_sessions(&old)
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot remove old sessions from the store"
            );
        }
    }

    pub(super) fn note_use(&self, last_use: &LastUse, secret: SecretHash, now: Timestamp) {
        if last_use.mark(now) {
            self.store.touch(Touch { secret, at: now });
        }
    }
}
