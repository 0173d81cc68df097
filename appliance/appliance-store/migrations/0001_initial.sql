-- Times are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE keys (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    label      TEXT    NOT NULL,
    algorithm  TEXT    NOT NULL,
    token      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    -- The point; for RSA the modulus of 256 bytes and then the exponent.
    public_key BLOB,
    state      TEXT    NOT NULL CHECK (state IN ('creating', 'ready', 'deleting')),
    CHECK (state = 'creating' OR public_key IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    sequence      INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    actor         TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    -- A JSON object of texts.
    detail        TEXT    NOT NULL,
    request_id    TEXT,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32)
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- INSERT OR REPLACE would remove a row without the trigger above.
CREATE TRIGGER audit_is_only_appended_to BEFORE INSERT ON audit
WHEN new.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE users (
    id         TEXT    PRIMARY KEY,
    username   TEXT    NOT NULL UNIQUE,
    role       TEXT    NOT NULL,
    -- Argon2id, in the PHC string format.
    password   TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    secret_hash  BLOB    PRIMARY KEY CHECK (length(secret_hash) = 32),
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id           TEXT    PRIMARY KEY,
    secret_hash  BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label        TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    actor        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    route        TEXT    NOT NULL,
    body_hash    BLOB    NOT NULL CHECK (length(body_hash) = 32),
    begun_at     INTEGER NOT NULL,
    -- Null while the request is in progress.
    status       INTEGER,
    content_type TEXT,
    location     TEXT,
    body         BLOB,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_time ON idempotency (begun_at);
