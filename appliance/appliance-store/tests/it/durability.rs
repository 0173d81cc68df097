//! What was answered is there after a kill; many callers share flushes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use appliance_core::audit::AuditLog;
use appliance_store::Store;

use crate::{Folder, record};

/// The database that [`child`] writes to.
const TARGET: &str = "ANYA_STORE_TEST_TARGET";

/// Not a test of its own: the process that is killed. It tells each entry that was answered.
#[test]
#[ignore = "run by the test below"]
fn child() {
    let Some(path) = std::env::var_os(TARGET) else { return };
    let store = Store::open(path.as_ref()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0.. {
                    let entry = store.append(record(number)).unwrap();
                    // One write a line, so that lines of different threads do not mix.
                    std::io::stdout().write_all(format!("#{}\n", entry.sequence).as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = Folder::new();
    let mut told = 0;
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["durability::child", "--exact", "--ignored", "--nocapture"])
            .env(TARGET, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let sequences =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix('#')?.parse::<u64>().ok());
        told = sequences.take(60).fold(told, u64::max);
        child.kill().unwrap();
        child.wait().unwrap();
        let store = folder.open();
        let report = store.verify().unwrap();
        assert!(report.intact && report.entries >= told, "{report:?}, {told} were answered");
    }
    assert!(told >= 150, "{told}");
}

#[test]
fn thirty_two_callers_append_one_chain() {
    let folder = Folder::new();
    let store = folder.open();
    let (callers, each) = (32, 50);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| (0..each).for_each(|n| drop(store.append(record(n)).unwrap())));
        }
    });
    let rate = f64::from(callers) * each as f64 / begun.elapsed().as_secs_f64();
    println!("{rate:.0} appends/s from {callers} callers");
    let report = store.verify().unwrap();
    assert_eq!((report.intact, report.entries), (true, callers as u64 * each as u64));
    let begun = Instant::now();
    (0..each).for_each(|n| drop(store.append(record(n)).unwrap()));
    println!("{:.0} appends/s from one caller", each as f64 / begun.elapsed().as_secs_f64());
}

#[test]
fn closing_writes_everything_into_the_database_and_later_calls_fail() {
    let folder = Folder::new();
    let store = folder.open();
    store.append(record(1)).unwrap();
    let clone = store.clone();
    store.close().unwrap();
    store.close().unwrap();
    let error = clone.append(record(2)).unwrap_err();
    assert_eq!(error.kind, appliance_core::storage::StorageErrorKind::Unavailable);
    assert!(clone.verify().is_err() && clone.checkpoint().is_err());
    let left: Vec<_> =
        std::fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["state.db"], "no log is left beside it");
    assert_eq!(folder.open().verify().unwrap().entries, 1);
}

#[test]
fn a_checkpoint_empties_the_log_and_a_dropped_store_can_be_opened_again() {
    let folder = Folder::new();
    let store = folder.open();
    (0..20).for_each(|n| drop(store.append(record(n)).unwrap()));
    store.checkpoint().unwrap();
    let log = folder.0.path().join("state.db-wal");
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
    let health = store.health();
    assert!(health.failing.is_none() && health.audit_entries == 20 && health.bytes > 4096, "{health:?}");
    drop(store);
    assert_eq!(folder.open().append(record(20)).unwrap().sequence, 21);
}
