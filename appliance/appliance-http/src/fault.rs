//! Fault mode: what the box serves while its data partition is closed.
//!
//! # Design
//!
//! [`fault_router`](crate::fault_router) serves the web page, the fault and the ways out of it, and nothing
//! else. Nobody can sign in, as who may is on the closed partition. So the recovery key, which is a secret
//! of 256 bits, needs no sign-in, and what destroys or interrupts asks for a code that only the box's own
//! console shows ([`ConsoleCode`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use appliance_core::access::claim::{ClaimCode, Verdict};
use appliance_core::access::{AccessError, Entropy, EntropyError, SystemEntropy};
use hal_api::HalResult;
use hal_api::volume::{ClosedReason, DataVolume, RecoveryKey, VolumeState, VolumeStatus};
use jiff::Timestamp;

use crate::dto::storage::Fault;

/// How the volume was opened.
#[derive(Clone, Debug)]
pub struct Unlocked {
    /// The request that did it.
    pub request_id: String,
    /// Whether its key was sealed to the TPM anew; `None` where there is no TPM to seal it to.
    pub resealed: Option<bool>,
    /// What opened it.
    pub key: RecoveryKey,
}

/// The title of the fault when the volume is open and the service could not start.
pub const NOT_STARTED: &str = "The box could not start";

/// What fault mode is served with.
#[derive(Clone)]
pub struct FaultServices {
    /// The volume.
    pub volume: Arc<dyn DataVolume>,
    /// How it was found; `None` when nobody could be asked.
    pub status: Option<VolumeStatus>,
    /// Why the service could not start though the volume is open: one line.
    pub not_started: Option<String>,
    /// The code on the console.
    pub code: Arc<ConsoleCode>,
    /// Called once the volume is open.
    pub opened: Arc<dyn Fn(Unlocked) + Send + Sync>,
}

/// What is wrong, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultText {
    /// One line.
    pub title: &'static str,
    /// What happened and what helps.
    pub text: &'static str,
}

impl FaultText {
    /// The words for this reason; `None` when it is not known.
    pub fn of(reason: Option<ClosedReason>) -> Self {
        let (title, text) = match reason {
            Some(ClosedReason::TpmMissing) => (
                "The box's data is locked: the security chip is missing",
                "The data was locked with the security chip (TPM) of this machine, and no chip answers now. \
                 If it was switched off in the firmware's settings, switch it on and restart. If the disk \
                 was moved to another machine, the recovery key opens it.",
            ),
            Some(ClosedReason::TpmRefused) => (
                "The box's data is locked: the security chip does not open it",
                "The data was locked with a security chip (TPM), and the chip of this machine does not give \
                 the key. That happens when the chip or the machine was replaced, or when the settings of \
                 Secure Boot changed. The recovery key opens the data.",
            ),
            Some(ClosedReason::OpensWithoutKey) => (
                "The disk's data is not the data of this box",
                "This box locks its data with its security chip (TPM), and the data on this disk is not \
                 locked at all. Somebody may have exchanged it. The box does not use it. If you did not \
                 change anything, do not trust this disk.",
            ),
            Some(ClosedReason::Damaged) => (
                "The box's data cannot be read",
                "The part of the disk that holds the data is damaged, and the box could not repair it. \
                 Restart it once; if that does not help, the disk may be at its end. Erasing makes the box \
                 new, without its data.",
            ),
            Some(ClosedReason::NoRoom) => (
                "The disk has no room for the box's data",
                "The box keeps its data on the disk that it starts from, and there is no room left on it. \
                 Put the box's image on a larger disk.",
            ),
            Some(ClosedReason::NoDisk) => (
                "The box does not find its disk",
                "The disk that the box started from does not answer. Check that it is plugged in firmly, \
                 and restart.",
            ),
            None => (
                "The box could not open its data",
                "It is not known why; the console and the log may say more. Restart the box.",
            ),
        };
        Self { title, text }
    }
}

/// A code that only the box's console shows, for what only somebody in front of the box may do. It follows
/// the rules of the claim code.
pub struct ConsoleCode {
    code: Mutex<ClaimCode>,
    shown: Box<dyn Fn(&str) + Send + Sync>,
}

impl ConsoleCode {
    /// A new code; `shown` shows it, and each that replaces it.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(
        entropy: &dyn Entropy,
        shown: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, EntropyError> {
        let code = ClaimCode::new(entropy)?;
        shown(&code.shown());
        Ok(Self { code: Mutex::new(code), shown: Box::new(shown) })
    }

    /// Whether this is the code.
    pub(crate) fn check(&self, text: &str, now: Timestamp) -> Result<(), AccessError> {
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = code.try_code(text, now, &SystemEntropy).map_err(|_| AccessError::Invalid {
            field: "code",
            reason: "is not 8 letters and digits, like ABCD-EFGH".into(),
        })?;
        match verdict {
            Verdict::Right => Ok(()),
            Verdict::Paused { seconds } => Err(AccessError::TooManyAttempts { retry_after_seconds: seconds }),
            Verdict::Wrong { tries_left, new_code } => {
                if new_code {
                    (self.shown)(&code.shown());
                }
                Err(AccessError::WrongClaimCode { tries_left })
            }
        }
    }
}

/// What the handlers of fault mode share.
pub(crate) struct FaultApi {
    services: FaultServices,
    status: Mutex<Option<VolumeStatus>>,
    /// Held by the one who tries a key: each try costs the box seconds.
    trying: Mutex<()>,
}

/// What became of a try to open the volume.
pub(crate) enum Tried {
    Open,
    /// The key is right, and the volume cannot be used all the same.
    StillClosed(VolumeStatus),
}

impl FaultApi {
    pub(crate) fn new(services: FaultServices) -> Self {
        let status = Mutex::new(services.status.clone());
        Self { services, status, trying: Mutex::new(()) }
    }

    /// What keeps the box from working.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match &self.services.not_started {
            Some(cause) => Some(Fault::not_started(cause)),
            None => Fault::of(self.lock().as_ref()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<VolumeStatus>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn code(&self) -> &ConsoleCode {
        &self.services.code
    }

    pub(crate) fn volume(&self) -> &dyn DataVolume {
        &*self.services.volume
    }

    /// Opens the volume, seals it to a TPM that did not open it, and tells who waits. `None` while another
    /// try is under way. Blocks.
    pub(crate) fn unlock(&self, key: &RecoveryKey, request_id: &str) -> Option<HalResult<Tried>> {
        let _trying = self.trying.try_lock().ok()?;
        Some(self.services.volume.unlock(key).map(|status| {
            let before = self.lock().replace(status.clone());
            if status.state == VolumeState::Closed {
                return Tried::StillClosed(status);
            }
            let refused = before.is_some_and(|status| status.reason == Some(ClosedReason::TpmRefused));
            let resealed = refused.then(|| self.reseal(key));
            (self.services.opened)(Unlocked {
                request_id: request_id.to_owned(),
                resealed,
                key: key.clone(),
            });
            Tried::Open
        }))
    }

    fn reseal(&self, key: &RecoveryKey) -> bool {
        let sealed = self.services.volume.reseal(key);
        if let Err(error) = &sealed {
            let error = crate::problem::chain(error);
            tracing::error!(error, "the data partition is open, and could not be sealed to the TPM anew");
        }
        sealed.is_ok()
    }
}
