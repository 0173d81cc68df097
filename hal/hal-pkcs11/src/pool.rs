//! Sessions, logged in once, lent to one call at a time.
//!
//! # Design
//!
//! The pool grows on demand to its bound. A generation number stands for one login: when the token was
//! gone and came back, [`Pool::revive`] logs in anew and raises it, and sessions of an older one are
//! dropped on return. A PIN that the token refused then is forgotten: every wrong try brings a token
//! closer to locking itself. A lease keeps the module loaded, so a call that outlives `close` stays sound.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use hal_api::{HalError, HalErrorKind, HalResult};
use zeroize::Zeroizing;

use crate::error_map::{hal_error, session_is_lost};
use crate::module::Module;

/// How long closing waits for calls under way.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// What the pool needs to open sessions and to log in again.
pub(crate) struct Login {
    pub(crate) label: String,
    pub(crate) serial: Option<String>,
    pub(crate) max_sessions: usize,
    pub(crate) busy_wait: Duration,
}

struct State {
    idle: Vec<Session>,
    lent: usize,
    slot: Slot,
    generation: u64,
    /// `None` once closed.
    module: Option<Arc<Module>>,
}

/// The PIN, as long as the token takes it.
enum Pin {
    Known(Zeroizing<String>),
    /// The token refused it; it is never sent again.
    Refused(HalErrorKind),
}

/// The sessions of one token.
pub(crate) struct Pool {
    login: Login,
    state: Mutex<State>,
    returned: Condvar,
    /// Held while logging in anew, so that one caller does it for all.
    pin: Mutex<Pin>,
}

/// A session lent to one call. Comes back on drop unless it is broken.
pub(crate) struct Lease<'a> {
    // Declared before `module`: the session must close while the module is still loaded.
    session: Option<Session>,
    pub(crate) generation: u64,
    pool: &'a Pool,
    module: Arc<Module>,
}

impl Pool {
    /// Logs in through a first session and keeps it.
    pub(crate) fn open(
        module: Module,
        slot: Slot,
        login: Login,
        pin: Zeroizing<String>,
    ) -> Result<Self, Error> {
        let session = logged_in_session(&module, slot, &pin)?;
        let state =
            State { idle: vec![session], lent: 0, slot, generation: 0, module: Some(Arc::new(module)) };
        Ok(Self {
            login,
            state: Mutex::new(state),
            returned: Condvar::new(),
            pin: Mutex::new(Pin::Known(pin)),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No step under the lock can leave the counts half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token's label.
    pub(crate) fn label(&self) -> &str {
        &self.login.label
    }

    /// Which login holds now.
    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// The loaded module and the token's slot now.
    pub(crate) fn place(&self) -> HalResult<(Arc<Module>, Slot)> {
        let state = self.state();
        let module = state.module.clone().ok_or_else(|| self.closed())?;
        Ok((module, state.slot))
    }

    /// A free session; opens one while below the bound, else waits.
    pub(crate) fn lease(&self) -> HalResult<Lease<'_>> {
        let deadline = Instant::now() + self.login.busy_wait;
        let mut state = self.state();
        loop {
            let module = state.module.clone().ok_or_else(|| self.closed())?;
            let generation = state.generation;
            if let Some(session) = state.idle.pop() {
                state.lent += 1;
                return Ok(Lease { session: Some(session), generation, pool: self, module });
            }
            if state.lent < self.login.max_sessions {
                state.lent += 1;
                let slot = state.slot;
                drop(state);
                // From here on the lease's drop gives the place back, also when opening fails.
                let mut lease = Lease { session: None, generation, pool: self, module };
                match lease.module.pkcs11.open_rw_session(slot) {
                    Ok(session) => {
                        lease.session = Some(session);
                        return Ok(lease);
                    }
                    // The token has fewer sessions than the pool may: wait for one of the others.
                    Err(Error::Pkcs11(RvError::SessionCount, _)) if self.state().lent > 1 => drop(lease),
                    Err(error) => {
                        return Err(hal_error(
                            format!("open a session on token \"{}\"", self.label()),
                            error,
                        ));
                    }
                }
                state = self.state();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(HalError::new(
                    HalErrorKind::Busy,
                    format!("get one of {} sessions on token \"{}\"", self.login.max_sessions, self.label()),
                ));
            }
            state = self.returned.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Logs in anew after the session or the token was lost. `seen`: the generation that failed;
    /// when another caller has revived since, there is nothing to do.
    pub(crate) fn revive(&self, seen: u64) -> HalResult<()> {
        let mut pin = self.pin.lock().unwrap_or_else(PoisonError::into_inner);
        let module = {
            let mut state = self.state();
            if state.generation != seen {
                return Ok(());
            }
            // Dead sessions are dropped here: they would only fail again.
            state.idle.clear();
            state.module.clone().ok_or_else(|| self.closed())?
        };
        let operation = || format!("log in anew to token \"{}\"", self.label());
        let slot = find_slot(&module, self.label(), self.login.serial.as_deref())
            .map_err(|error| hal_error(operation(), error))?
            .ok_or_else(|| HalError::new(HalErrorKind::Removed, operation()))?;
        let session = self.log_in_again(&module, slot, &mut pin)?;
        tracing::info!(token = self.label(), "the token was gone and is back");
        let mut state = self.state();
        if state.module.is_none() {
            return Err(self.closed());
        }
        state.generation += 1;
        state.slot = slot;
        state.idle.push(session);
        drop(state);
        self.returned.notify_all();
        Ok(())
    }

    /// A session that is logged in with the PIN, unless the token refused it once or it has one try left.
    fn log_in_again(&self, module: &Module, slot: Slot, pin: &mut Pin) -> HalResult<Session> {
        let operation = || format!("log in anew to token \"{}\"", self.label());
        let known = match pin {
            Pin::Known(known) => known,
            Pin::Refused(kind) => return Err(HalError::new(*kind, operation())),
        };
        let info = module.pkcs11.get_token_info(slot).map_err(|error| hal_error(operation(), error))?;
        if info.user_pin_final_try() {
            *pin = Pin::Refused(HalErrorKind::PinNeeded);
            let operation = format!("{}, whose PIN has one try left", operation());
            return Err(HalError::new(HalErrorKind::PinNeeded, operation));
        }
        logged_in_session(module, slot, known).map_err(|error| {
            let error = hal_error(operation(), error);
            if matches!(error.kind, HalErrorKind::PinIncorrect | HalErrorKind::PinLocked) {
                *pin = Pin::Refused(error.kind);
            }
            error
        })
    }

    /// Refuses new calls, lets those under way end for at most [`CLOSE_WAIT`], logs out and closes the
    /// sessions. Repeating is harmless.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let module = state.module.take();
        if module.is_none() {
            return;
        }
        self.returned.notify_all();
        let deadline = Instant::now() + CLOSE_WAIT;
        while state.lent > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!(token = self.label(), calls = state.lent, "calls are still under way");
                break;
            }
            state = self.returned.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let (idle, all_back) = (std::mem::take(&mut state.idle), state.lent == 0);
        drop(state);
        // A call that never ends keeps its session and with it the log-in.
        if all_back
            && let Some(session) = idle.first()
            && let Err(error) = session.logout()
        {
            tracing::debug!(token = self.label(), %error, "log-out failed");
        }
        drop(idle);
    }

    fn closed(&self) -> HalError {
        HalError::new(HalErrorKind::Removed, format!("use token \"{}\" after it was closed", self.label()))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Lease<'_> {
    /// The session.
    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().expect("a lease is handed out only with its session")
    }

    /// Drops the session instead of giving it back.
    pub(crate) fn discard(mut self) {
        self.session = None;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let session = self.session.take();
        let mut state = self.pool.state();
        state.lent -= 1;
        if state.module.is_some()
            && state.generation == self.generation
            && let Some(session) = session
        {
            state.idle.push(session);
            drop(state);
        } else {
            drop(state);
            // Closing may call into the module: not under the lock.
            drop(session);
        }
        self.pool.returned.notify_one();
    }
}

/// The slot whose token has the label, and the serial number where one is given.
pub(crate) fn find_slot(module: &Module, label: &str, serial: Option<&str>) -> Result<Option<Slot>, Error> {
    for slot in module.pkcs11.get_slots_with_initialized_token()? {
        let info = match module.pkcs11.get_token_info(slot) {
            // Another token may be pulled out just now.
            Err(error) if session_is_lost(&error) => continue,
            info => info?,
        };
        if info.label().trim_end() == label
            && serial.is_none_or(|serial| info.serial_number().trim() == serial)
        {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

fn logged_in_session(module: &Module, slot: Slot, pin: &str) -> Result<Session, Error> {
    let session = module.pkcs11.open_rw_session(slot)?;
    match session.login(UserType::User, Some(&AuthPin::from(pin.to_owned()))) {
        // The token kept the login although the session was lost.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(error),
    }
}
