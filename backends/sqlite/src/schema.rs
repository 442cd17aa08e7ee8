//! The tables, and the migrations of older files.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// How long a write waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// How often the change of a new file to a write-ahead log is tried again. Each time
/// another process has got further.
const WAL_ATTEMPTS: usize = 100;

/// The statements that lead to each version from the one before.
const MIGRATIONS: [&str; 4] = [
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
];

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite's own reason.
    #[error("SQLite cannot open it")]
    Sqlite(#[source] rusqlite::Error),
    /// The file is no SQLite database, or another program's.
    #[error("it is not a store: name another file, or move this one away to start a new store")]
    NotAStore,
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

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::NotAStore,
            _ => OpenError::Sqlite(error),
        }
    }
}

/// Opens the file for writing; makes it, readable by its owner alone, if it is
/// not there.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    create_private(path)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A file that is refused is left as it is: WAL would be written into it.
    version(&connection)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Keeps a write-ahead log beside the file, so that reads go on during a write.
///
/// If two processes change a new file to this at once, each would wait for the other, so
/// SQLite refuses one of them at once. That one waits for its turn to write, and then
/// finds the change done.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    for _ in 0..WAL_ATTEMPTS {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
            }
            done => return done,
        }
    }
    connection.pragma_update(None, "journal_mode", "WAL")
}

/// Opens the file for reading beside the writer.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
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

/// Returns the schema version of the file; 0 if it is empty. Fails if this version may
/// not write it.
fn version(connection: &Connection) -> Result<usize, OpenError> {
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

/// Brings the tables up to this version.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
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
