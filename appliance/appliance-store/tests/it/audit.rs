//! The audit log: order, pages, and what shows when somebody goes past the service.

use appliance_core::audit::{AuditLog, verify_chain};
use appliance_core::page::PageRequest;
use appliance_core::storage::StorageErrorKind;
use appliance_store::Store;

use crate::{Folder, record};

fn filled(store: &Store, entries: i64) {
    for number in 1..=entries {
        assert_eq!(store.append(record(number)).unwrap().sequence, number as u64);
    }
}

#[test]
fn entries_come_back_newest_first_page_by_page_as_they_were_chained() {
    let folder = Folder::new();
    for store in [folder.open(), Store::open_in_memory().unwrap()] {
        filled(&store, 7);
        let mut entries = Vec::new();
        let mut request = PageRequest::first(3);
        let mut pages = 0;
        loop {
            let page = store.page(request).unwrap();
            entries.extend(page.items);
            pages += 1;
            match page.next_cursor {
                Some(cursor) => request = PageRequest { limit: 3, cursor: Some(cursor) },
                None => break,
            }
        }
        assert_eq!(pages, 3);
        entries.reverse();
        assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        let report = store.verify().unwrap();
        assert_eq!(verify_chain(&entries), report, "what is shown is enough to verify it elsewhere");
        assert!(report.intact && report.head == entries[6].hash);
        for cursor in ["", "x", "0", "-1", "1e3", "99999999999999999999"] {
            let request = PageRequest { limit: 3, cursor: Some(cursor.into()) };
            assert_eq!(store.page(request).unwrap_err().kind, StorageErrorKind::InvalidCursor, "{cursor}");
        }
    }
}

#[test]
fn an_empty_log_is_intact() {
    let report = Store::open_in_memory().unwrap().verify().unwrap();
    assert_eq!((report.intact, report.entries, report.first_broken), (true, 0, None));
}

#[test]
fn the_database_itself_refuses_changes_to_the_log() {
    let folder = Folder::new();
    filled(&folder.open(), 3);
    let raw = folder.raw();
    for sql in [
        "UPDATE audit SET subject = 'x' WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 2",
        "INSERT INTO audit SELECT 9, at, actor, action, subject, outcome, detail, request_id, hash, previous_hash
         FROM audit WHERE sequence = 2",
    ] {
        let error = raw.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("the audit log is append-only"), "{sql}: {error}");
    }
    assert!(folder.open().verify().unwrap().intact);
}

#[test]
fn tampering_past_the_triggers_is_found_and_the_entry_named() {
    for (sql, broken) in [
        ("UPDATE audit SET subject = 'key:0' WHERE sequence = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE sequence = 1", 1),
        ("UPDATE audit SET outcome = 'denied' WHERE sequence = 5", 5),
        ("UPDATE audit SET outcome = 'maybe' WHERE sequence = 4", 4),
        ("UPDATE audit SET detail = 'not JSON' WHERE sequence = 2", 2),
        ("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 5", 5),
        ("UPDATE audit SET request_id = NULL WHERE sequence = 2", 2),
        ("DELETE FROM audit WHERE sequence = 2", 2),
        ("DELETE FROM audit WHERE sequence = 1", 1),
    ] {
        let folder = Folder::new();
        let store = folder.open();
        filled(&store, 5);
        folder
            .raw()
            .execute_batch(&format!(
                "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_removed; {sql}"
            ))
            .unwrap();
        let running = store.verify().unwrap();
        assert_eq!((running.intact, running.first_broken), (false, Some(broken)), "{sql}");
        store.close().unwrap();
        assert_eq!(folder.open().verify().unwrap().first_broken, Some(broken), "after a restart: {sql}");
    }
}

#[test]
fn a_log_that_was_cut_or_replaced_beneath_the_running_service_is_found() {
    let folder = Folder::new();
    let store = folder.open();
    filled(&store, 5);
    let raw = folder.raw();
    raw.execute_batch("DROP TRIGGER audit_is_never_removed; DELETE FROM audit WHERE sequence > 3").unwrap();
    assert_eq!(store.verify().unwrap().first_broken, Some(4));
    // A chain that fits in itself, but is not the one that this service wrote.
    let other = Store::open_in_memory().unwrap();
    (1..=5).for_each(|n| drop(other.append(record(n + 100)).unwrap()));
    raw.execute_batch("DELETE FROM audit").unwrap();
    for entry in other.page(PageRequest::first(9)).unwrap().items.iter().rev() {
        raw.execute(
            "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            rusqlite::params![
                entry.sequence as i64,
                entry.at.as_microsecond(),
                entry.actor,
                entry.action,
                entry.subject,
                entry.outcome.name(),
                serde_json::to_string(&entry.detail).unwrap(),
                entry.request_id,
                entry.hash.0,
                entry.previous_hash.0
            ],
        )
        .unwrap();
    }
    assert_eq!(store.verify().unwrap().first_broken, Some(5));
}
