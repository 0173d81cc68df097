//! The fault plan: which call fails how, and which call waits.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hal_api::{HalError, HalErrorKind, HalResult};

/// A call of a port, as the plan names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Any of the others.
    Any,
    /// [`hal_api::TokenProbe::info`].
    Info,
    /// [`hal_api::TokenProbe::health`].
    Health,
    /// [`hal_api::KeyStore::generate`].
    Generate,
    /// [`hal_api::KeyStore::public_key`].
    PublicKey,
    /// [`hal_api::KeyStore::list`].
    List,
    /// [`hal_api::KeyStore::delete`].
    Delete,
    /// [`hal_api::Signer::sign`].
    Sign,
    /// [`hal_api::Sealer::seal`].
    Seal,
    /// [`hal_api::Sealer::unseal`].
    Unseal,
    /// [`hal_api::Attester::attestation_key`].
    AttestationKey,
    /// [`hal_api::Attester::quote`].
    Quote,
    /// [`hal_api::Attester::certify`].
    Certify,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and fails with this kind.
    Kind(HalErrorKind),
    /// The call takes this long, then goes on as usual.
    Slow(Duration),
    /// The token is pulled out while it works: what was done stays undone, this call and all later ones
    /// fail with `Removed` until [`crate::SimHandle::plug_in`].
    RemovedMidway,
    /// The call is carried out and its answer is lost: `Timeout`, as when a network token's line breaks.
    AnswerLost,
}

/// What a call has to do with its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    AsUsual,
    AnswerLost,
}

#[derive(Default)]
struct Plan {
    /// Consumed from the front, each by the first call it fits.
    next: VecDeque<(Operation, Fault)>,
    always: Option<(Operation, Fault)>,
    pulled_out: bool,
    held: Option<Operation>,
    waiting: usize,
    calls: u64,
}

/// The plan shared by a token and its handle.
#[derive(Default)]
pub(crate) struct Faults {
    plan: Mutex<Plan>,
    changed: Condvar,
}

/// Calls wait while this lives.
#[must_use = "calls go on as soon as this is dropped"]
pub struct Hold {
    faults: Arc<Faults>,
}

impl Hold {
    pub(crate) fn new(faults: Arc<Faults>, operation: Operation) -> Self {
        faults.lock().held = Some(operation);
        Self { faults }
    }

    /// Returns once this many calls wait.
    pub fn wait_for(&self, calls: usize) {
        let mut plan = self.faults.lock();
        while plan.waiting < calls {
            plan = self.faults.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.faults.lock().held = None;
        self.faults.changed.notify_all();
    }
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add_next(&self, operation: Operation, fault: Fault) {
        self.lock().next.push_back((operation, fault));
    }

    pub(crate) fn set_always(&self, always: Option<(Operation, Fault)>) {
        self.lock().always = always;
    }

    pub(crate) fn set_pulled_out(&self, pulled_out: bool) {
        self.lock().pulled_out = pulled_out;
    }

    pub(crate) fn clear(&self) {
        let mut plan = self.lock();
        plan.next.clear();
        plan.always = None;
        plan.pulled_out = false;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// What the plan says to a call that begins now. Blocks while the plan says so.
    pub(crate) fn meet(&self, operation: Operation, what: &str) -> HalResult<Course> {
        let fits = |planned: Operation| planned == operation || planned == Operation::Any;
        let fail = |kind| Err(HalError::new(kind, what));
        let mut plan = self.lock();
        plan.calls += 1;
        if plan.held.is_some_and(fits) {
            plan.waiting += 1;
            self.changed.notify_all();
            while plan.held.is_some_and(fits) {
                plan = self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
            }
            plan.waiting -= 1;
        }
        if plan.pulled_out {
            return fail(HalErrorKind::Removed);
        }
        let planned = plan.next.iter().position(|(planned, _)| fits(*planned));
        let fault = match planned {
            Some(place) => plan.next.remove(place).map(|(_, fault)| fault),
            None => plan.always.filter(|(planned, _)| fits(*planned)).map(|(_, fault)| fault),
        };
        match fault {
            None => Ok(Course::AsUsual),
            Some(Fault::AnswerLost) => Ok(Course::AnswerLost),
            Some(Fault::Kind(kind)) => fail(kind),
            Some(Fault::RemovedMidway) => {
                plan.pulled_out = true;
                fail(HalErrorKind::Removed)
            }
            Some(Fault::Slow(time)) => {
                drop(plan);
                std::thread::sleep(time);
                Ok(Course::AsUsual)
            }
        }
    }
}
