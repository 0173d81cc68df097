//! The open token that all ports share: its sessions, its cached object handles, what it can do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, SessionState};
use hal_api::{Capabilities, HalError, HalResult, KeyId, PublicKey};

use crate::error_map::{hal_error, session_is_lost};
use crate::pool::Pool;

/// A key pair on the token, found once.
pub(crate) struct CachedKey {
    pub(crate) private: ObjectHandle,
    pub(crate) public_key: PublicKey,
}

/// Why a step inside a session failed.
pub(crate) enum StepError {
    /// The module said so; may be cured by a new session.
    Module(Error),
    /// The adapter itself said so; final.
    Port(HalError),
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

impl From<HalError> for StepError {
    fn from(error: HalError) -> Self {
        Self::Port(error)
    }
}

/// One open token.
pub(crate) struct Device {
    pub(crate) pool: Pool,
    pub(crate) capabilities: Capabilities,
    /// Handles by key, with the pool's generation in which they were found.
    cache: RwLock<(u64, HashMap<KeyId, Arc<CachedKey>>)>,
    /// Held while a key is made: an id must not be given away twice.
    pub(crate) making: Mutex<()>,
}

impl Device {
    pub(crate) fn new(pool: Pool, capabilities: Capabilities) -> Self {
        Self { pool, capabilities, cache: RwLock::default(), making: Mutex::new(()) }
    }

    /// Runs a step that may be repeated. When the session or the token was lost, logs in anew and runs
    /// it once more. `operation` names it and its subject for the error.
    pub(crate) fn run<T>(
        &self,
        operation: impl Fn() -> String,
        mut step: impl FnMut(&Session, u64) -> Result<T, StepError>,
    ) -> HalResult<T> {
        let mut revived = false;
        loop {
            let lease = match self.pool.lease() {
                Ok(lease) => lease,
                Err(error) if !revived && error.kind == hal_api::HalErrorKind::Removed => {
                    revived = true;
                    // A closed pool says so here.
                    self.pool.revive(self.pool.generation())?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match step(lease.session(), lease.generation) {
                Ok(value) => return Ok(value),
                Err(StepError::Port(error)) => return Err(error),
                Err(StepError::Module(error)) if session_is_lost(&error) => {
                    let generation = lease.generation;
                    lease.discard();
                    if revived {
                        return Err(hal_error(operation(), error));
                    }
                    revived = true;
                    self.pool.revive(generation)?;
                }
                Err(StepError::Module(error)) => return Err(hal_error(operation(), error)),
            }
        }
    }

    /// [`Self::run`] for steps that search: without a log-in private objects are invisible, so that a
    /// log-in which somebody else ended would pass for an empty token.
    pub(crate) fn run_logged_in<T>(
        &self,
        operation: impl Fn() -> String,
        mut step: impl FnMut(&Session, u64) -> Result<T, StepError>,
    ) -> HalResult<T> {
        self.run(operation, |session, generation| {
            check_logged_in(session)?;
            step(session, generation)
        })
    }

    /// Runs a step that must not be repeated, in a session that answered just before.
    pub(crate) fn run_once<T>(
        &self,
        operation: impl Fn() -> String,
        mut step: impl FnMut(&Session, u64) -> Result<T, StepError>,
    ) -> HalResult<T> {
        self.run_logged_in(&operation, |_, _| Ok(()))?;
        let lease = self.pool.lease()?;
        let result = step(lease.session(), lease.generation);
        result.map_err(|error| match error {
            StepError::Port(error) => error,
            StepError::Module(error) => {
                if session_is_lost(&error) {
                    lease.discard();
                }
                hal_error(operation(), error)
            }
        })
    }

    pub(crate) fn cached(&self, generation: u64, id: &KeyId) -> Option<Arc<CachedKey>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        if cache.0 == generation { cache.1.get(id).cloned() } else { None }
    }

    pub(crate) fn remember(&self, generation: u64, id: KeyId, key: Arc<CachedKey>) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.0 != generation {
            *cache = (generation, HashMap::new());
        }
        cache.1.insert(id, key);
    }

    pub(crate) fn forget(&self, id: &KeyId) {
        self.cache.write().unwrap_or_else(PoisonError::into_inner).1.remove(id);
    }
}

/// Whether the session answers and is logged in.
pub(crate) fn check_logged_in(session: &Session) -> Result<(), Error> {
    match session.get_session_info()?.session_state() {
        SessionState::RwUser => Ok(()),
        _ => Err(Error::Pkcs11(RvError::UserNotLoggedIn, Function::GetSessionInfo)),
    }
}
