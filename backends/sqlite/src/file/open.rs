//! Opening and closing the file.
//!
//! While a store is in use, SQLite keeps a write-ahead log beside it, so that reads go on during a
//! write. At the end all of the log is copied into the file, and the file says that it has no log.
//! So a store at rest is one file, which can be copied, and read on a disk that cannot be written.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::file::in_place::Opened;
use crate::file::open_error::OpenError;
use crate::file::reserve::{Reserve, create_private};
use crate::file::schema::{is_current, migrate, version};

/// How long opening waits for another process's write.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a write waits for another program. Then its sender gets a 503, if it is still there: some
/// vendors wait for three seconds and some for ten, and between them Shopify waits for five.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);

/// How often the change of a new file to a write-ahead log is tried again. Each time
/// another process has got further.
const WAL_ATTEMPTS: usize = 100;

/// How long the end waits for another process's read.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Opens the file for writing; makes it, readable by its owner alone, if it is
/// not there.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    look_at_log(path)?;
    // The store holds access tokens and events: only its owner may read it.
    // SQLite gives the same mode to the files that it puts beside it.
    match create_private(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(OPEN_TIMEOUT)?;
    // A file that is refused is left as it is: WAL would be written into it.
    version(&connection)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(&mut connection)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Reserve::of(path).keep();
    Ok(connection)
}

/// Opens the file to make it smaller, also on a full disk.
pub(crate) fn open_for_removing(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing);
    }
    match open_for_writing(path) {
        // To open a file that was closed takes room too.
        Err(_) if Reserve::of(path).release() => open_for_writing(path),
        opened => opened,
    }
}

/// Keeps a write-ahead log beside the file.
///
/// If two processes change a file to this at once, each would wait for the other, so
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

/// Closes the last connection of this process that writes. If no other process has the file open,
/// it is then the whole store; else the log stays, but all of it is in the file too.
pub(crate) fn close(connection: Connection, opened: &Opened) {
    if opened.is_replaced() {
        // SQLite would remove the log by its name, and that is another store's by now.
        return;
    }
    let done = connection.busy_timeout(CLOSE_TIMEOUT).and_then(|()| {
        connection
            .pragma_update(None, "journal_mode", "DELETE")
            .or_else(|_| connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"))
    });
    if let Err(error) = done {
        tracing::warn!(error = %error, "the store's log stays beside its file: copy both, or use `mef backup`");
    }
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

/// Opens the file to look at it. Nothing is written, unless an older version made its tables.
pub(crate) fn open_for_looking(path: &Path) -> Result<Connection, OpenError> {
    look_at_log(path)?;
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Err(OpenError::Missing);
    }
    let mut connection = open_for_reading(path)?;
    if let Err(error) = connection.query_row("SELECT 1 FROM sqlite_schema", [], |_| Ok(()))
        && error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
        && !log(path).exists()
    {
        // The file says that it has a log, and SQLite cannot make one here.
        connection = open_unchanging(path)?;
    }
    if version(&connection)? == 0 {
        return Err(OpenError::Missing);
    }
    if !is_current(&connection)? {
        open_for_writing(path)?;
    }
    Ok(connection)
}

/// Opens a file that nobody can write.
fn open_unchanging(path: &Path) -> Result<Connection, OpenError> {
    let mut uri = String::from("file:");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' | '?' | '#' => uri.push_str(&format!("%{:02X}", u32::from(c))),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(uri, flags)?)
}

/// Returns the name of the log of the store at `path`.
fn log(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-wal");
    name.into()
}

/// Fails if there is a log without a store: SQLite would delete it. Warns if there is a store
/// without its log.
fn look_at_log(path: &Path) -> Result<(), OpenError> {
    let log = log(path);
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // An unreadable file is told of when it is opened.
        let _ = file.take(20).read_to_end(&mut head);
    }
    if head.is_empty() && std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(OpenError::LogWithoutStore { log });
    }
    // Byte 18 of the header is 2 while there is a log (https://sqlite.org/fileformat.html#file_format_version_numbers).
    if head.get(18) == Some(&2) && !log.exists() {
        tracing::warn!(
            store = %path.display(),
            "the store was in use when it was last written or copied, and its log is not beside it: what \
             came last may be missing; to copy a store in use, use `mef backup`"
        );
    }
    Ok(())
}
