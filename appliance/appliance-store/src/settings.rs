//! What the owner decided.

use appliance_core::settings::Settings;
use appliance_core::storage::StorageResult;
use rusqlite::{OptionalExtension, params};

use crate::Store;

impl Settings for Store {
    fn read(&self, name: &'static str) -> StorageResult<Option<String>> {
        self.read("read a setting", move |connection| {
            let mut kept = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
            Ok(kept.query_row([name], |row| row.get(0)).optional()?)
        })
    }

    fn keep(&self, name: &'static str, value: &str) -> StorageResult<()> {
        let value = value.to_owned();
        self.change("keep a setting", move |connection, _| {
            connection
                .prepare_cached(
                    "INSERT INTO settings (name, value) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![name, value])?;
            Ok(())
        })
    }
}
