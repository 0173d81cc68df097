//! A data partition in memory, closed or open as the test says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hal_api::volume::{ClosedReason, DataVolume, Protection, RecoveryKey, VolumeState, VolumeStatus};
use hal_api::{HalError, HalErrorKind, HalResult};

use crate::Fault;

/// What was done to the volume, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeAct {
    /// A recovery key opened it.
    Unlocked,
    /// A recovery key was made.
    RecoveryKeyMade,
    /// It was sealed to the TPM anew.
    Resealed,
    /// It was erased.
    Erased,
    /// The machine was started again.
    Restarted,
}

struct Inner {
    status: VolumeStatus,
    key: Option<RecoveryKey>,
    made: usize,
    acts: Vec<VolumeAct>,
    next: Option<Fault>,
}

/// A data partition whose failures a test writes. Clones are the same volume.
#[derive(Clone)]
pub struct SimVolume(Arc<Mutex<Inner>>);

/// Recovery keys differ in one letter; there are sixteen.
const LETTERS: &[u8; 16] = b"cbdefghijklnrtuv";

/// The `n`th recovery key that a volume makes.
fn nth_key(n: usize) -> RecoveryKey {
    let letter = char::from(LETTERS[n % LETTERS.len()]);
    RecoveryKey::parse(&letter.to_string().repeat(64)).expect("64 letters of modhex are a key")
}

impl SimVolume {
    /// A volume that is open, sealed to a TPM, and has no recovery key yet.
    pub fn open() -> Self {
        Self::with(VolumeState::Open, None, Protection::Tpm, None)
    }

    /// A volume that is open on a machine without a TPM.
    pub fn unprotected() -> Self {
        Self::with(VolumeState::Open, None, Protection::None, None)
    }

    /// A volume that is closed for this reason, and its recovery key.
    pub fn closed(reason: ClosedReason) -> (Self, RecoveryKey) {
        let key = nth_key(0);
        (Self::with(VolumeState::Closed, Some(reason), Protection::Tpm, Some(key.clone())), key)
    }

    fn with(
        state: VolumeState,
        reason: Option<ClosedReason>,
        protection: Protection,
        key: Option<RecoveryKey>,
    ) -> Self {
        let recovery_key = key.is_some();
        let detail = String::new();
        let status = VolumeStatus { state, reason, detail, protection, recovery_key, size_bytes: 1 << 30 };
        let made = usize::from(recovery_key);
        Self(Arc::new(Mutex::new(Inner { status, key, made, acts: Vec::new(), next: None })))
    }

    /// The next call fails so. [`Fault::RemovedMidway`] and [`Fault::AnswerLost`] are `Removed` and
    /// `Timeout` here.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().next = Some(fault);
    }

    /// What was done so far.
    pub fn acts(&self) -> Vec<VolumeAct> {
        self.lock().acts.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, what: &str) -> HalResult<MutexGuard<'_, Inner>> {
        let mut inner = self.lock();
        let kind = match inner.next.take() {
            None => return Ok(inner),
            Some(Fault::Kind(kind)) => kind,
            Some(Fault::RemovedMidway) => HalErrorKind::Removed,
            Some(Fault::AnswerLost) => HalErrorKind::Timeout,
            Some(Fault::Slow(time)) => {
                drop(inner);
                std::thread::sleep(time);
                return Ok(self.lock());
            }
        };
        Err(HalError::new(kind, what))
    }
}

impl DataVolume for SimVolume {
    fn status(&self) -> HalResult<VolumeStatus> {
        Ok(self.begin("look at the volume")?.status.clone())
    }

    fn unlock(&self, key: &RecoveryKey) -> HalResult<VolumeStatus> {
        const WHAT: &str = "open the volume";
        let mut inner = self.begin(WHAT)?;
        if inner.status.state == VolumeState::Open {
            return Ok(inner.status.clone());
        }
        if !inner.status.reason.is_some_and(ClosedReason::opens_with_recovery_key) {
            return Err(HalError::new(HalErrorKind::Unsupported, WHAT));
        }
        if inner.key.as_ref() != Some(key) {
            return Err(HalError::new(HalErrorKind::PinIncorrect, WHAT));
        }
        inner.status.state = VolumeState::Open;
        inner.status.reason = None;
        inner.acts.push(VolumeAct::Unlocked);
        Ok(inner.status.clone())
    }

    fn make_recovery_key(&self) -> HalResult<RecoveryKey> {
        const WHAT: &str = "make a recovery key";
        let mut inner = self.begin(WHAT)?;
        let sealed = inner.status.protection == Protection::Tpm && inner.status.state == VolumeState::Open;
        if !sealed {
            return Err(HalError::new(HalErrorKind::Unsupported, WHAT));
        }
        let key = nth_key(inner.made);
        inner.made += 1;
        inner.key = Some(key.clone());
        inner.status.recovery_key = true;
        inner.acts.push(VolumeAct::RecoveryKeyMade);
        Ok(key)
    }

    fn reseal(&self, key: &RecoveryKey) -> HalResult<()> {
        const WHAT: &str = "seal the volume to the TPM";
        let mut inner = self.begin(WHAT)?;
        if inner.key.as_ref() != Some(key) {
            return Err(HalError::new(HalErrorKind::PinIncorrect, WHAT));
        }
        inner.acts.push(VolumeAct::Resealed);
        Ok(())
    }

    fn erase(&self) -> HalResult<()> {
        const WHAT: &str = "erase the volume";
        let mut inner = self.begin(WHAT)?;
        if inner.status.state == VolumeState::Open {
            return Err(HalError::new(HalErrorKind::Unsupported, WHAT));
        }
        inner.acts.push(VolumeAct::Erased);
        Ok(())
    }

    fn restart(&self) -> HalResult<()> {
        self.begin("start the machine again")?.acts.push(VolumeAct::Restarted);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T>(result: HalResult<T>) -> HalErrorKind {
        result.err().expect("a failure").kind
    }

    #[test]
    fn the_recovery_key_opens_what_the_tpm_does_not() {
        let (volume, key) = SimVolume::closed(ClosedReason::TpmRefused);
        assert_eq!(kind(volume.unlock(&nth_key(7))), HalErrorKind::PinIncorrect);
        assert_eq!(volume.unlock(&key).unwrap().state, VolumeState::Open);
        volume.reseal(&key).unwrap();
        assert_eq!(kind(volume.erase()), HalErrorKind::Unsupported);
        let new = volume.make_recovery_key().unwrap();
        assert!(new != key, "a new key replaces the old one");
        assert_eq!(
            volume.acts(),
            [VolumeAct::Unlocked, VolumeAct::Resealed, VolumeAct::RecoveryKeyMade],
            "what failed did nothing"
        );
    }

    #[test]
    fn a_volume_that_was_swapped_in_stays_closed() {
        let (volume, key) = SimVolume::closed(ClosedReason::OpensWithoutKey);
        assert_eq!(kind(volume.unlock(&key)), HalErrorKind::Unsupported);
        volume.fail_next(Fault::Kind(HalErrorKind::Busy));
        assert_eq!(kind(volume.erase()), HalErrorKind::Busy);
        volume.erase().unwrap();
        assert_eq!(volume.acts(), [VolumeAct::Erased]);
    }
}
