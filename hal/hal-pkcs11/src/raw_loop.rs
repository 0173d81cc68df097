//! The yardstick: how often the bare module signs when nothing of the box is in between.
//!
//! Here and not in the bench crate because this crate alone may name the PKCS#11 library. It may run
//! beside an open [`hal_api::Token`] of the same process, whose log-in it then shares.

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectClass;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use hal_api::{KeyId, SignatureScheme};
use zeroize::Zeroizing;

use crate::config::OpenError;
use crate::module::Module;
use crate::open::log_in_error;
use crate::pool::find_slot;
use crate::{mechanism, object};

/// What to sign with.
pub struct RawLoop<'a> {
    /// The module's shared library.
    pub module: &'a Path,
    /// The token's label.
    pub token_label: &'a str,
    /// The user PIN.
    pub pin: &'a Zeroizing<String>,
    /// The key, made before.
    pub key: KeyId,
    /// A scheme that fits the key.
    pub scheme: SignatureScheme,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawRate {
    /// Signatures made by all threads together.
    pub signatures: u64,
    /// How long they took, from the common start to the last thread's end.
    pub elapsed: Duration,
}

impl RawRate {
    /// Signatures per second.
    pub fn per_second(&self) -> f64 {
        self.signatures as f64 / self.elapsed.as_secs_f64()
    }
}

/// Signs 32 bytes again and again on `threads` sessions, one thread each, for `duration`.
///
/// # Errors
/// As [`crate::open`] for the module, the token and the PIN; `Token` with the step for a missing key or
/// a failed signature.
pub fn sign_rate(raw: &RawLoop<'_>, threads: usize, duration: Duration) -> Result<RawRate, OpenError> {
    let label = raw.token_label;
    let failed =
        |step: &'static str| move |source| OpenError::Token { step, label: label.to_owned(), source };
    let module = Module::load(raw.module)?;
    let slot = find_slot(&module, label, None)
        .map_err(failed("look for the slot"))?
        .ok_or_else(|| OpenError::TokenNotFound { module: raw.module.to_owned(), label: label.to_owned() })?;
    let sessions = sessions(&module, slot, raw, threads.max(1))?;
    let key = object::halves(&sessions[0], ObjectClass::PRIVATE_KEY, &raw.key)
        .and_then(|found| {
            found
                .first()
                .copied()
                .ok_or(Error::Pkcs11(RvError::KeyHandleInvalid, cryptoki::context::Function::FindObjects))
        })
        .map_err(failed("find the key"))?;

    let input = mechanism::input(raw.scheme, &[0x5a; mechanism::DIGEST_LEN]).into_owned();
    let (input, stop, start) = (&input, AtomicBool::new(false), Barrier::new(sessions.len() + 1));
    let (stop, start) = (&stop, &start);
    thread::scope(|scope| {
        let workers: Vec<_> = sessions
            .into_iter()
            .map(|session| {
                scope.spawn(move || {
                    let mechanism = mechanism::signing(raw.scheme);
                    start.wait();
                    let mut count = 0;
                    while !stop.load(Ordering::Relaxed) {
                        session.sign(&mechanism, key, input)?;
                        count += 1;
                    }
                    Ok(count)
                })
            })
            .collect();
        start.wait();
        let begin = Instant::now();
        thread::sleep(duration);
        stop.store(true, Ordering::Relaxed);
        let mut signatures = 0;
        for worker in workers {
            let counted: Result<u64, Error> = worker.join().expect("the loop above does not panic");
            signatures += counted.map_err(failed("sign"))?;
        }
        Ok(RawRate { signatures, elapsed: begin.elapsed() })
    })
}

fn sessions(module: &Module, slot: Slot, raw: &RawLoop<'_>, count: usize) -> Result<Vec<Session>, OpenError> {
    let open = || module.pkcs11.open_rw_session(slot);
    let failed =
        |source| OpenError::Token { step: "open a session", label: raw.token_label.to_owned(), source };
    let sessions = (0..count).map(|_| open()).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    match sessions[0].login(UserType::User, Some(&AuthPin::from(raw.pin.as_str().to_owned()))) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(sessions),
        Err(source) => Err(log_in_error(raw.token_label, source)),
    }
}
