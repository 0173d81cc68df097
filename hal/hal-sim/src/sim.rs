//! The simulated device: its content, its handle, and the frame around every call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use hal_api::{Attester, HalError, HalErrorKind, HalResult, KeyAlgorithm, KeyId, Sealer, Token};

use crate::attester::SimAttester;
use crate::fault::{Course, Fault, Faults, Hold, Operation};
use crate::key::SimKey;
use crate::key_store::SimKeyStore;
use crate::probe::SimProbe;
use crate::sealer::SimSealer;
use crate::signer::SimSigner;

/// Number of platform configuration registers.
pub(crate) const PCRS: usize = 24;

/// What survives closing: keys, registers, the key that seals and the one that attests.
pub(crate) struct Content {
    pub(crate) keys: BTreeMap<KeyId, (SimKey, String)>,
    pub(crate) pcrs: [[u8; 32]; PCRS],
    pub(crate) sealing_key: [u8; 32],
    pub(crate) attestation_key: SimKey,
}

/// One opening of the simulated token.
pub(crate) struct Device {
    content: Arc<Mutex<Content>>,
    faults: Arc<Faults>,
    closed: AtomicBool,
}

impl Device {
    /// Runs one call: what the plan says of it, then the work, then what the plan says of the answer.
    pub(crate) fn call<T>(
        &self,
        operation: Operation,
        what: &str,
        work: impl FnOnce(&mut Content) -> HalResult<T>,
    ) -> HalResult<T> {
        if self.closed.load(Ordering::Acquire) {
            return Err(HalError::new(HalErrorKind::Removed, what));
        }
        let course = self.faults.meet(operation, what)?;
        let result = work(&mut lock(&self.content));
        match course {
            Course::AsUsual => result,
            Course::AnswerLost => result.and(Err(HalError::new(HalErrorKind::Timeout, what))),
        }
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

fn lock(content: &Mutex<Content>) -> MutexGuard<'_, Content> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says what goes wrong, and holds the device while no token is open.
#[derive(Clone)]
pub struct SimHandle {
    name: String,
    content: Arc<Mutex<Content>>,
    faults: Arc<Faults>,
}

/// A new simulated token, empty, and its handle.
///
/// # Panics
/// When the machine has no randomness.
pub fn open(name: &str) -> (Token, SimHandle) {
    let mut sealing_key = [0; 32];
    aws_lc_rs::rand::fill(&mut sealing_key).expect("the machine has randomness");
    let content = Content {
        keys: BTreeMap::new(),
        pcrs: [[0; 32]; PCRS],
        sealing_key,
        attestation_key: SimKey::generate(KeyAlgorithm::P256).expect("the machine has randomness"),
    };
    let handle =
        SimHandle { name: name.to_owned(), content: Arc::new(Mutex::new(content)), faults: Arc::default() };
    (handle.token(), handle)
}

impl SimHandle {
    /// Opens the same device again, with all that is on it.
    pub fn token(&self) -> Token {
        let device = Arc::new(Device {
            content: Arc::clone(&self.content),
            faults: Arc::clone(&self.faults),
            closed: AtomicBool::new(false),
        });
        Token {
            name: self.name.clone(),
            probe: Arc::new(SimProbe { device: Arc::clone(&device), name: self.name.clone() }),
            keys: Arc::new(SimKeyStore(Arc::clone(&device))),
            signer: Arc::new(SimSigner(Arc::clone(&device))),
            sealer: Some(Arc::new(SimSealer(Arc::clone(&device))) as Arc<dyn Sealer>),
            attester: Some(Arc::new(SimAttester(device)) as Arc<dyn Attester>),
        }
    }

    /// The next call that fits meets this fault, once. Several wait in line.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.faults.add_next(operation, fault);
    }

    /// Every call that fits meets this fault, until another is set or [`Self::clear_faults`].
    pub fn fail_always(&self, operation: Operation, fault: Fault) {
        self.faults.set_always(Some((operation, fault)));
    }

    /// Calls that fit wait from now on, until the returned value is dropped.
    pub fn hold(&self, operation: Operation) -> Hold {
        Hold::new(Arc::clone(&self.faults), operation)
    }

    /// Pulls the token out: every call fails with `Removed`.
    pub fn pull_out(&self) {
        self.faults.set_pulled_out(true);
    }

    /// Plugs the token in again.
    pub fn plug_in(&self) {
        self.faults.set_pulled_out(false);
    }

    /// Forgets every planned fault and plugs the token in. A [`Hold`] stays.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// How many calls have begun since the device was made.
    pub fn calls(&self) -> u64 {
        self.faults.calls()
    }

    /// Extends a register as TPM2_PCR_Extend does: SHA-256 of the old value and the data's digest.
    ///
    /// # Panics
    /// For a register above 23.
    pub fn extend_pcr(&self, index: u8, data: &[u8]) {
        let mut content = lock(&self.content);
        let register = &mut content.pcrs[usize::from(index)];
        let both = [&register[..], digest(&SHA256, data).as_ref()].concat();
        register.copy_from_slice(digest(&SHA256, &both).as_ref());
    }
}
