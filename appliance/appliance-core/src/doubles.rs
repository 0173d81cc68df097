//! Doubles of the ports, for the tests of the rules.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::access::{Entropy, EntropyError};
use crate::audit::{AuditEntry, AuditLog, AuditRecord, ChainReport, GENESIS, verify_chain};
use crate::clock::Clock;
use crate::event::{DomainEvent, EventSink};
use crate::page::{Page, PageRequest};
use crate::storage::{StorageError, StorageErrorKind, StorageResult};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A disk that can be full.
#[derive(Default)]
pub(crate) struct Disk {
    full: AtomicBool,
}

impl Disk {
    pub(crate) fn fill(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    pub(crate) fn check(&self) -> StorageResult<()> {
        match self.full.load(Ordering::SeqCst) {
            true => Err(StorageError::new(StorageErrorKind::Full, "write in this test")),
            false => Ok(()),
        }
    }
}

/// An audit log in memory.
#[derive(Default)]
pub(crate) struct MemoryAudit {
    pub(crate) disk: Disk,
    entries: Mutex<Vec<AuditEntry>>,
}

impl MemoryAudit {
    pub(crate) fn entries(&self) -> Vec<AuditEntry> {
        lock(&self.entries).clone()
    }

    /// `actor action subject outcome` of every entry.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |e: AuditEntry| format!("{} {} {} {}", e.actor, e.action, e.subject, e.outcome.name());
        self.entries().into_iter().map(line).collect()
    }
}

impl AuditLog for MemoryAudit {
    fn append(&self, record: AuditRecord) -> StorageResult<AuditEntry> {
        self.disk.check()?;
        let mut entries = lock(&self.entries);
        let head = entries.last().map_or(GENESIS, |entry| entry.hash);
        let entry = AuditEntry::chain(record, entries.len() as u64 + 1, head);
        entries.push(entry.clone());
        Ok(entry)
    }

    fn page(&self, _: PageRequest) -> StorageResult<Page<AuditEntry>> {
        Ok(Page { items: self.entries(), next_cursor: None })
    }

    fn verify(&self) -> StorageResult<ChainReport> {
        Ok(verify_chain(&self.entries()))
    }
}

/// Remembers events.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<DomainEvent>>);

impl Events {
    pub(crate) fn take(&self) -> Vec<DomainEvent> {
        std::mem::take(&mut lock(&self.0))
    }
}

impl EventSink for Events {
    fn publish(&self, event: DomainEvent) {
        lock(&self.0).push(event);
    }
}

/// A clock that goes when it is told to.
pub(crate) struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_795_000_000))
    }
}

impl TestClock {
    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Bytes that never repeat and are the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A map behind a lock, for doubles that keep things.
pub(crate) type Kept<K, V> = Arc<Mutex<BTreeMap<K, V>>>;
