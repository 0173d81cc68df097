//! Becoming the box's first administrator.

use std::sync::Arc;

use jiff::Timestamp;

use super::claim::{TRIES, Verdict};
use super::password::check_password;
use super::service::{lock, new_id, to_microsecond};
use super::user::check_username;
use super::{AccessError, AccessResult, AccessService, Role, Secret, User, UserRecord};
use crate::audit::{Actor, AuditOutcome, Who};
use crate::event::DomainEvent;

/// Whether the box has an owner, and how often its claim code may still be guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimState {
    /// Whether it has an administrator.
    pub claimed: bool,
    /// Wrong codes that may still be typed before a pause; 0 during one, and once claimed.
    pub tries_left: u32,
    /// How long the pause still lasts, in seconds.
    pub retry_after_seconds: Option<u64>,
}

/// A session that was just opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// Who signed in.
    pub user: User,
    /// The session's secret, for the cookie. Shown this once.
    pub secret: Secret,
    /// When it ends for good, used or not.
    pub expires_at: Timestamp,
}

impl AccessService {
    /// Whether the box has an owner.
    pub fn claim_state(&self) -> ClaimState {
        let now = self.clock.now();
        match &*lock(&self.claim) {
            None => ClaimState { claimed: true, tries_left: 0, retry_after_seconds: None },
            Some(code) => ClaimState {
                claimed: false,
                tries_left: code.tries_left(now).min(TRIES),
                retry_after_seconds: code.pause_left(now),
            },
        }
    }

    /// The code that makes the first administrator, `ABCD-EFGH`, for the console only; `None` once the
    /// box is claimed.
    pub fn current_claim_code(&self) -> Option<String> {
        lock(&self.claim).as_ref().map(super::claim::ClaimCode::shown)
    }

    /// The name of the box's first administrator; `None` until it is claimed.
    pub fn claimed_by(&self) -> Option<String> {
        self.held().users.values().min_by_key(|user| user.created_at).map(|user| user.user.username.clone())
    }

    /// Calls this with every claim code made from now on, so that the console can show it. It replaces
    /// the one before. It runs while the claim code is locked: it must not ask this service anything.
    pub fn on_new_claim_code(&self, listener: impl Fn(&str) + Send + Sync + 'static) {
        *lock(&self.on_new_code) = Some(Arc::new(listener));
    }

    /// Makes the first administrator, and signs them in. A user name or password that is not allowed
    /// costs no try, and neither does a text that cannot be a code.
    ///
    /// # Errors
    /// `AlreadyClaimed`, `Invalid`, `WrongClaimCode`, `TooManyAttempts`, `Busy`, `Entropy`, `Hash`,
    /// `Store`, `Audit`. The box is as it was then, unless only the session could not be opened: then
    /// [`AccessService::sign_in`] does.
    pub fn claim(
        &self,
        code: &str,
        username: &str,
        password: &str,
        request_id: &str,
    ) -> AccessResult<OpenedSession> {
        // Held to the end: of two who know the code, one is first.
        let mut claim = lock(&self.claim);
        let Some(current) = claim.as_mut() else { return Err(AccessError::AlreadyClaimed) };
        let invalid = |field| move |reason| AccessError::Invalid { field, reason };
        let username = check_username(username).map_err(invalid("username"))?;
        check_password(password, &username).map_err(invalid("password"))?;
        let verdict = current
            .try_code(code, self.clock.now(), &*self.entropy)
            .map_err(|_| invalid("code")("is not 8 letters and digits, like ABCD-EFGH".into()))?;
        match verdict {
            Verdict::Right => {}
            Verdict::Paused { seconds } => {
                return Err(AccessError::TooManyAttempts { retry_after_seconds: seconds });
            }
            Verdict::Wrong { tries_left, new_code } => {
                if new_code {
                    self.show_new_code(&current.shown());
                }
                let stranger = Actor::new(Who::Stranger, request_id);
                let denied = self.record(stranger, "access.claim", "box".into(), AuditOutcome::Denied);
                self.note_quietly(denied.with("tries_left", tries_left.to_string()));
                return Err(AccessError::WrongClaimCode { tries_left });
            }
        }
        let owner = self.new_user(username, password)?;
        let actor = Actor::new(Who::User(owner.user.username.clone()), request_id);
        self.note(self.record(actor.clone(), "access.claim", "box".into(), AuditOutcome::Ok))?;
        if let Err(error) = self.store.add_user(&owner) {
            self.note_quietly(self.record(actor, "access.claim", "box".into(), AuditOutcome::Failed));
            return Err(AccessError::Store(error));
        }
        let user = owner.user.clone();
        self.held_mut().users.insert(user.username.clone(), owner);
        *claim = None;
        drop(claim);
        self.events.publish(DomainEvent::BoxClaimed { username: user.username.clone() });
        self.open_session(user)
    }

    fn show_new_code(&self, code: &str) {
        let listener = lock(&self.on_new_code).clone();
        if let Some(listener) = listener {
            listener(code);
        }
    }

    fn new_user(&self, username: String, password: &str) -> AccessResult<UserRecord> {
        let now = to_microsecond(self.clock.now());
        let password = self.hashing.hash(password, &*self.entropy)?;
        let user = User { id: new_id(now), username, role: Role::Administrator };
        Ok(UserRecord { user, password, created_at: now })
    }
}
