//! The tables, and how an older file gets the newest ones.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

/// How long a write waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// One entry a version: the statements that lead to it from the one before.
const MIGRATIONS: [&str; 1] = ["
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
"];

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite's own reason.
    #[error("SQLite cannot open it")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be made or made private.
    #[error("the file cannot be made")]
    File(#[from] std::io::Error),
    /// A newer version wrote the file.
    #[error(
        "it was written by a newer version (schema {found}, this version knows {known}): use that version, or another file"
    )]
    Newer {
        /// The file's schema version.
        found: usize,
        /// The newest that this version knows.
        known: usize,
    },
    /// A thread could not be started.
    #[error("its thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Opens the file for writing; makes it, readable by its owner alone, if it is
/// not there.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    create_private(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens the file for reading beside the writer.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The store holds access tokens and events: only its owner may read it.
/// SQLite gives the same mode to the files that it puts beside it.
fn create_private(path: &Path) -> Result<(), OpenError> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    // Another process may be doing the same at this moment.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: usize = transaction.query_row("PRAGMA user_version", [], |row| {
        row.get::<_, i64>(0).map(|version| usize::try_from(version).unwrap_or(usize::MAX))
    })?;
    if found > MIGRATIONS.len() {
        return Err(OpenError::Newer { found, known: MIGRATIONS.len() });
    }
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}
