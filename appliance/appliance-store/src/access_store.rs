//! Who may use the box.

use appliance_core::access::{
    AccessSnapshot, AccessStore, ApiKeyRecord, Role, SecretHash, SessionRecord, Touch, User, UserRecord,
};
use appliance_core::storage::StorageResult;
use jiff::Timestamp;
use rusqlite::{Row, params};

use crate::Store;
use crate::columns::{optional_time, parsed, time};

impl AccessStore for Store {
    fn load(&self) -> StorageResult<AccessSnapshot> {
        self.read("read who may use the box", |connection| {
            let all = |sql: &str| connection.prepare(sql);
            Ok(AccessSnapshot {
                users: all("SELECT * FROM users ORDER BY id")?
                    .query_map([], user)?
                    .collect::<Result<_, _>>()?,
                sessions: all("SELECT * FROM sessions")?.query_map([], session)?.collect::<Result<_, _>>()?,
                api_keys: all("SELECT * FROM api_keys ORDER BY id")?
                    .query_map([], api_key)?
                    .collect::<Result<_, _>>()?,
            })
        })
    }

    fn add_user(&self, user: &UserRecord) -> StorageResult<()> {
        let UserRecord { user, password, created_at } = user.clone();
        self.change("add a user", move |connection, _| {
            connection.execute(
                "INSERT INTO users (id, username, role, password, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![user.id, user.username, user.role.name(), password, created_at.as_microsecond()],
            )?;
            Ok(())
        })
    }

    fn add_session(&self, session: &SessionRecord) -> StorageResult<()> {
        let SessionRecord { secret, user_id, created_at, last_used_at } = session.clone();
        self.change("add a session", move |connection, _| {
            connection.execute(
                "INSERT INTO sessions (secret_hash, user_id, created_at, last_used_at) VALUES (?1, ?2, ?3, ?4)",
                params![secret.0, user_id, created_at.as_microsecond(), last_used_at.as_microsecond()],
            )?;
            Ok(())
        })
    }

    fn remove_sessions(&self, secrets: &[SecretHash]) -> StorageResult<()> {
        let secrets = secrets.to_vec();
        self.change("remove sessions", move |connection, _| {
            let mut statement = connection.prepare_cached("DELETE FROM sessions WHERE secret_hash = ?1")?;
            for secret in secrets {
                statement.execute([secret.0])?;
            }
            Ok(())
        })
    }

    fn add_api_key(&self, key: &ApiKeyRecord) -> StorageResult<()> {
        let key = key.clone();
        self.change("add an API key", move |connection, _| {
            connection.execute(
                "INSERT INTO api_keys
                     (id, secret_hash, user_id, label, prefix, created_at, last_used_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    key.id,
                    key.secret.0,
                    key.user_id,
                    key.label,
                    key.prefix,
                    key.created_at.as_microsecond(),
                    key.last_used_at.map(Timestamp::as_microsecond),
                    key.expires_at.map(Timestamp::as_microsecond),
                ],
            )?;
            Ok(())
        })
    }

    fn remove_api_key(&self, id: &str) -> StorageResult<()> {
        let id = id.to_owned();
        self.change("remove an API key", move |connection, _| {
            connection.execute("DELETE FROM api_keys WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    fn touch(&self, touch: Touch) {
        self.change_some_time("note a use", move |connection, _| {
            for table in ["sessions", "api_keys"] {
                connection
                    .prepare_cached(&format!("UPDATE {table} SET last_used_at = ?2 WHERE secret_hash = ?1"))?
                    .execute(params![touch.secret.0, touch.at.as_microsecond()])?;
            }
            Ok(())
        });
    }
}

fn user(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    let role = parsed(row, "role", |name: String| Role::from_name(&name))?;
    let user = User { id: row.get("id")?, username: row.get("username")?, role };
    Ok(UserRecord { user, password: row.get("password")?, created_at: time(row, "created_at")? })
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        secret: SecretHash(row.get("secret_hash")?),
        user_id: row.get("user_id")?,
        created_at: time(row, "created_at")?,
        last_used_at: time(row, "last_used_at")?,
    })
}

fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKeyRecord> {
    Ok(ApiKeyRecord {
        id: row.get("id")?,
        secret: SecretHash(row.get("secret_hash")?),
        user_id: row.get("user_id")?,
        label: row.get("label")?,
        prefix: row.get("prefix")?,
        created_at: time(row, "created_at")?,
        last_used_at: optional_time(row, "last_used_at")?,
        expires_at: optional_time(row, "expires_at")?,
    })
}
