//! The tables, and the migrations of older files.

use rusqlite::{Connection, TransactionBehavior};

use crate::file::open_error::OpenError;

/// The statements that lead to each version from the one before.
const MIGRATIONS: [&str; 5] = [
    "
    CREATE TABLE events (
        -- AUTOINCREMENT: a position is never given twice, also after consuming.
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL,
        source TEXT NOT NULL,
        queued_ms INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE dead_letters (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        letter TEXT NOT NULL
    ) STRICT;
    CREATE TABLE cursors (
        source TEXT NOT NULL,
        partition TEXT NOT NULL,
        fence INTEGER NOT NULL,
        leased_until TEXT,
        record TEXT,
        seen BLOB NOT NULL DEFAULT x'',
        PRIMARY KEY (source, partition)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deliveries (
        source TEXT NOT NULL,
        delivery_id TEXT NOT NULL,
        body_sha256 TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (source, delivery_id, body_sha256)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_by_expiry ON deliveries (expires_ms);
    CREATE TABLE tokens (
        key TEXT PRIMARY KEY,
        token TEXT NOT NULL,
        expires TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE limits (
        credential TEXT PRIMARY KEY,
        until TEXT NOT NULL,
        until_ns INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blobs (
        key TEXT PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;
",
    // A redrive holds the letters that it runs again.
    "ALTER TABLE dead_letters ADD COLUMN taken_until_ms INTEGER NOT NULL DEFAULT 0;",
    // One process at a time asks for a token.
    "
    CREATE TABLE token_claims (
        key TEXT PRIMARY KEY,
        claim TEXT NOT NULL,
        until_ns INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    // A quarter of the bytes of a row in `deliveries`, which is no longer written, in the
    // order in which they were set.
    "
    CREATE TABLE marks (
        position INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        expires_ms INTEGER NOT NULL
    ) STRICT;
",
    // A page adds a row and does not write the ids of all pages again.
    "
    CREATE TABLE seen (
        position INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        partition TEXT NOT NULL,
        ids BLOB NOT NULL
    ) STRICT;
    CREATE INDEX seen_by_stream ON seen (source, partition);
    INSERT INTO seen (source, partition, ids)
        SELECT source, partition, seen FROM cursors WHERE seen <> x'';
    ALTER TABLE cursors DROP COLUMN seen;
",
];

/// Returns the schema version of the file; 0 if it is empty. Fails if this version may
/// not write it.
pub(crate) fn version(connection: &Connection) -> Result<usize, OpenError> {
    // One statement sees one moment: another process may be making the tables.
    let (found, has_tables): (i64, bool) = connection.query_row(
        "SELECT user_version, EXISTS (SELECT 1 FROM sqlite_schema) FROM pragma_user_version",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let known = MIGRATIONS.len();
    match usize::try_from(found) {
        Ok(0) if !has_tables => Ok(0),
        Ok(0) | Err(_) => Err(OpenError::NotAStore),
        Ok(found) if found > known => Err(OpenError::Newer { found, known }),
        Ok(found) => Ok(found),
    }
}

/// Returns whether the tables are those of this version.
pub(crate) fn is_current(connection: &Connection) -> Result<bool, OpenError> {
    Ok(version(connection)? == MIGRATIONS.len())
}

/// Brings the tables up to this version. Nothing is written if they are.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    if is_current(connection)? {
        return Ok(());
    }
    // Another process may be doing the same at this moment.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}
