//! A full disk and a full queue, which need the writer's own connection.

use std::sync::Arc;
use std::sync::mpsc::channel;

use appliance_core::audit::{Actor, AuditLog, AuditOutcome, AuditRecord};
use appliance_core::keys::KeyCatalog;
use appliance_core::page::PageRequest;
use appliance_core::storage::StorageErrorKind;
use jiff::Timestamp;

use super::*;

fn record(padding: usize) -> AuditRecord {
    let at = Timestamp::from_second(1_795_000_000).unwrap();
    AuditRecord::new(at, Actor::system(), "test", "x".repeat(padding), AuditOutcome::Ok)
}

fn pages(store: &Store, pragma: &'static str, value: Option<i64>) -> i64 {
    let run = move |connection: &Connection, _: &mut Head| match value {
        None => Ok(connection.pragma_query_value(None, pragma, |row| row.get(0))?),
        Some(value) => Ok(connection.pragma_update_and_check(None, pragma, value, |row| row.get(0))?),
    };
    store.change("set a limit in this test", run).unwrap()
}

#[test]
fn a_full_disk_fails_changes_with_full_and_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).unwrap();
    store.append(record(10)).unwrap();
    let used = pages(&store, "page_count", None);
    pages(&store, "max_page_count", Some(used + 2));
    let mut written = 1;
    let error = loop {
        match store.append(record(1000)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100);
    };
    assert_eq!(error.kind, StorageErrorKind::Full);
    assert_eq!(error.to_string(), "cannot append to the audit log");
    assert_eq!(store.page(PageRequest::first(500)).unwrap().items.len(), written);
    assert!(KeyCatalog::load(&store).unwrap().is_empty());
    assert_eq!(store.verify().unwrap().entries, written as u64);
    // With room again, the chain goes on where it was.
    pages(&store, "max_page_count", Some(100_000));
    let entry = store.append(record(1000)).unwrap();
    assert_eq!(entry.sequence, written as u64 + 1);
    assert!(store.verify().unwrap().intact);
    assert_eq!(store.health().failing, None);
}

#[test]
fn one_failed_change_does_not_spoil_those_committed_with_it() {
    let store = Store::open_in_memory().unwrap();
    let (hold, held) = channel::<()>();
    std::thread::scope(|scope| {
        // Holds the writer until the others wait in one batch.
        let blocker = store.clone();
        let wait = move |_: &Connection, _: &mut Head| {
            held.recv().unwrap();
            Ok(())
        };
        scope.spawn(move || blocker.change("hold", wait).unwrap());
        let good: Vec<_> = (0..3)
            .map(|_| {
                let store = store.clone();
                scope.spawn(move || store.append(record(1)).unwrap().sequence)
            })
            .collect();
        let bad = store.clone();
        let bad = scope.spawn(move || {
            bad.change("spoil", |connection, head| {
                // Moves the head and writes before it fails: both are undone.
                *head = Head { sequence: 99, ..*head };
                connection.execute("INSERT INTO users VALUES ('u', 'u', 'administrator', '', 0)", [])?;
                connection.execute("INSERT INTO users VALUES ('u', 'v', 'administrator', '', 0)", [])?;
                Ok(())
            })
        });
        hold.send(()).unwrap();
        let mut sequences: Vec<_> = good.into_iter().map(|thread| thread.join().unwrap()).collect();
        sequences.sort_unstable();
        assert_eq!(sequences, [1, 2, 3]);
        assert_eq!(bad.join().unwrap().unwrap_err().kind, StorageErrorKind::AlreadyExists);
    });
    assert!(appliance_core::access::AccessStore::load(&store).unwrap().users.is_empty());
    assert!(store.verify().unwrap().intact);
}

#[test]
fn more_changes_than_may_wait_are_told_that_the_store_is_busy() {
    let store = Store::open_in_memory().unwrap();
    let (hold, held) = channel::<()>();
    let (started, start) = channel::<()>();
    let blocker = store.clone();
    let thread = std::thread::spawn(move || {
        blocker.change("hold", move |_, _| {
            started.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        })
    });
    start.recv().unwrap();
    let noted = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for _ in 0..1024 {
        let noted = Arc::clone(&noted);
        store.change_some_time("fill the queue", move |_, _| {
            noted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(())
        });
    }
    assert_eq!(store.append(record(1)).unwrap_err().kind, StorageErrorKind::Busy);
    hold.send(()).unwrap();
    thread.join().unwrap().unwrap();
    store.close().unwrap();
    assert_eq!(
        noted.load(std::sync::atomic::Ordering::SeqCst),
        1024,
        "what was taken is done before the end"
    );
}

#[test]
fn readers_are_reused_and_many_may_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).unwrap();
    store.append(record(1)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                (0..50).for_each(|_| assert_eq!(store.page(PageRequest::first(1)).unwrap().items.len(), 1))
            });
        }
        (0..50).for_each(|_| drop(store.append(record(1)).unwrap()));
    });
}
