//! A counter of security epochs in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hal_api::{EpochCounter, HalError, HalErrorKind, HalResult, MAX_STEP};

use crate::Fault;

#[derive(Default)]
struct Inner {
    epoch: u64,
    next: Option<Fault>,
}

/// An epoch counter whose failures a test writes. Clones are the same counter.
#[derive(Clone, Default)]
pub struct SimEpochCounter(Arc<Mutex<Inner>>);

impl SimEpochCounter {
    /// A counter that never counted.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next call fails so. [`Fault::RemovedMidway`] counts one epoch of those that were asked for, and
    /// [`Fault::AnswerLost`] all of them, before it fails.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().next = Some(fault);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, operation: &str, wanted: Option<u64>) -> HalResult<u64> {
        let fail = |kind| Err(HalError::new(kind, operation));
        let mut inner = self.lock();
        let fault = inner.next.take();
        if let Some(Fault::Kind(kind)) = fault {
            return fail(kind);
        }
        if let Some(Fault::Slow(time)) = fault {
            std::thread::sleep(time);
        }
        if let Some(wanted) = wanted.filter(|wanted| *wanted > inner.epoch) {
            if wanted - inner.epoch > MAX_STEP {
                return fail(HalErrorKind::InvalidInput);
            }
            inner.epoch = if fault == Some(Fault::RemovedMidway) { inner.epoch + 1 } else { wanted };
        }
        match fault {
            Some(Fault::RemovedMidway) => fail(HalErrorKind::Removed),
            Some(Fault::AnswerLost) => fail(HalErrorKind::Timeout),
            _ => Ok(inner.epoch),
        }
    }
}

impl EpochCounter for SimEpochCounter {
    fn read(&self) -> HalResult<u64> {
        self.call("read the simulator's security epoch", None)
    }

    fn raise_to(&self, epoch: u64) -> HalResult<()> {
        self.call(&format!("raise the simulator's security epoch to {epoch}"), Some(epoch)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_half_way_is_finished_by_the_next_call() {
        let counter = SimEpochCounter::new();
        counter.fail_next(Fault::RemovedMidway);
        assert_eq!(counter.raise_to(3).unwrap_err().kind, HalErrorKind::Removed);
        assert_eq!(counter.read().unwrap(), 1);
        counter.fail_next(Fault::AnswerLost);
        assert_eq!(counter.raise_to(3).unwrap_err().kind, HalErrorKind::Timeout);
        assert_eq!(counter.read().unwrap(), 3);
    }
}
