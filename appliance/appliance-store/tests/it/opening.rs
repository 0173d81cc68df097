//! Opening: what is made, what is refused, and what the refusal says.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use appliance_core::audit::AuditLog;
use appliance_core::settings::Settings;
use appliance_store::{Standing, Store, StoreError};

use crate::{Folder, record};

fn refused(path: &Path) -> StoreError {
    Store::open(path).err().unwrap()
}

#[test]
fn a_new_database_is_private_and_at_the_newest_schema() {
    let folder = Folder::new();
    let store = folder.open();
    store.append(record(1)).unwrap();
    for entry in std::fs::read_dir(folder.0.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    let pragma =
        |name: &str| folder.raw().pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((pragma("user_version"), pragma("application_id")), (3, 0x414e_5941));
    let mode: String = folder.raw().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn an_empty_file_is_migrated_and_an_open_mode_is_narrowed() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    folder.open().append(record(1)).unwrap();
    assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(folder.open().verify().unwrap().entries, 1, "opening again changes nothing");
}

#[test]
fn a_database_of_the_first_schema_gets_what_is_new_and_keeps_what_it_has() {
    let folder = Folder::new();
    let first = include_str!("../../migrations/0001_initial.sql");
    folder.raw().execute_batch(first).unwrap();
    folder.raw().execute_batch("PRAGMA application_id = 0x414e5941; PRAGMA user_version = 1").unwrap();
    let user = "INSERT INTO users VALUES ('1', 'ada', 'admin', 'x', 0)";
    folder.raw().execute(user, []).unwrap();
    let store = folder.open();
    store.keep("node", "{}").unwrap();
    assert_eq!(users(&folder.path()), 1);
}

/// A database of the second schema, with one user.
fn second_schema() -> Folder {
    let folder = Folder::new();
    for sql in [
        include_str!("../../migrations/0001_initial.sql"),
        include_str!("../../migrations/0002_settings.sql"),
        "PRAGMA application_id = 0x414e5941; PRAGMA user_version = 2; PRAGMA journal_mode = WAL",
        "INSERT INTO users VALUES ('1', 'ada', 'admin', 'x', 0)",
    ] {
        folder.raw().execute_batch(sql).unwrap();
    }
    folder
}

fn users(path: &Path) -> i64 {
    let database = rusqlite::Connection::open(path).unwrap();
    database.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap()
}

fn schema(folder: &Folder) -> i64 {
    folder.raw().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_version_on_trial_leaves_the_schema_until_it_is_good() {
    let folder = second_schema();
    let copy = folder.0.path().join("state.db.schema-2");
    let store = Store::open_as(&folder.path(), || Standing::OnTrial).unwrap();
    store.keep("node", "{}").unwrap();
    assert_eq!((schema(&folder), copy.exists()), (2, false), "the version before reads it as it was");
    store.bring_up_to_date().unwrap();
    assert_eq!((schema(&folder), users(&copy)), (3, 1));
    store.keep("node", "{\"later\":1}").unwrap();
    assert_eq!(store.read("node").unwrap().as_deref(), Some("{\"later\":1}"));
    store.bring_up_to_date().unwrap();
}

#[test]
fn data_that_is_too_old_to_be_tried_out_with_is_not_touched() {
    let folder = Folder::new();
    folder.raw().execute_batch(include_str!("../../migrations/0001_initial.sql")).unwrap();
    folder.raw().execute_batch("PRAGMA application_id = 0x414e5941; PRAGMA user_version = 1").unwrap();
    let error = Store::open_as(&folder.path(), || Standing::OnTrial).err().unwrap();
    assert!(matches!(error, StoreError::TooOld { found: 1, reads_from: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("install a version in between first"));
    assert_eq!(schema(&folder), 1);
}

#[test]
fn data_that_a_newer_version_only_expanded_is_used_as_it_is() {
    let folder = second_schema();
    drop(folder.open());
    folder.raw().execute_batch("PRAGMA user_version = 4; UPDATE data_schema SET readable_by = 3").unwrap();
    folder.open().append(record(1)).unwrap();
    assert_eq!(schema(&folder), 4, "it stays the newer version's");
}

#[test]
fn who_goes_back_gets_the_copy_when_the_data_cannot_be_read() {
    let folder = second_schema();
    drop(folder.open());
    let user = "INSERT INTO users VALUES ('2', 'bob', 'admin', 'x', 0)";
    folder.raw().execute(user, []).unwrap();
    assert!(!Store::restore_copy(&folder.path()).unwrap(), "it can be read");
    folder.raw().execute_batch("PRAGMA user_version = 9; UPDATE data_schema SET readable_by = 9").unwrap();
    assert!(matches!(refused(&folder.path()), StoreError::TooNew { .. }));
    assert!(Store::restore_copy(&folder.path()).unwrap());
    drop(folder.open());
    assert_eq!(users(&folder.path()), 1);
    let newer = folder.0.path().join("state.db.newer");
    assert_eq!(users(&newer), 2, "nothing is thrown away");
}

#[test]
fn a_database_of_a_newer_version_is_not_touched() {
    let folder = Folder::new();
    drop(folder.open());
    folder
        .raw()
        .execute_batch(
            "PRAGMA user_version = 99; UPDATE data_schema SET readable_by = 98; CREATE TABLE later (x)",
        )
        .unwrap();
    let before = std::fs::read(folder.path()).unwrap();
    let error = refused(&folder.path());
    assert!(matches!(error, StoreError::TooNew { found: 99, known: 3, .. }), "{error:?}");
    assert!(
        error.to_string().contains("made by a newer version of the box (schema 99, this version knows 3)")
    );
    assert_eq!(std::fs::read(folder.path()).unwrap(), before);
}

#[test]
fn another_programs_database_is_not_touched() {
    for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"] {
        let folder = Folder::new();
        folder.raw().execute_batch(sql).unwrap();
        let before = std::fs::read(folder.path()).unwrap();
        let error = refused(&folder.path());
        assert!(matches!(error, StoreError::Foreign { .. }), "{sql}: {error:?}");
        assert_eq!(std::fs::read(folder.path()).unwrap(), before);
    }
}

#[test]
fn damage_is_named_with_its_cure() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "this is a text, and no database at all".repeat(200)).unwrap();
    let error = refused(&folder.path());
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("is damaged; restore it from a backup"), "{text}");
    // The schema's page overwritten behind a header that is right.
    let folder = Folder::new();
    folder.open().append(record(1)).unwrap();
    let mut bytes = std::fs::read(folder.path()).unwrap();
    bytes[100..4096].fill(0xa5);
    std::fs::write(folder.path(), bytes).unwrap();
    assert!(matches!(refused(&folder.path()), StoreError::Corrupt { .. }));
}

#[test]
fn a_place_that_cannot_be_opened_is_named() {
    let folder = Folder::new();
    let missing = folder.0.path().join("missing").join("state.db");
    let error = refused(&missing);
    assert!(matches!(&error, StoreError::Folder { .. }), "{error:?}");
    assert!(error.to_string().contains("missing/state.db`; check that its folder exists"), "{error}");
    assert!(matches!(refused(folder.0.path()), StoreError::Folder { .. }), "a folder is no file");
}
