//! The store: one file, open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mef_ports::{Clock, StoreError};
use rusqlite::{Connection, OpenFlags};

use crate::reader::Reader;
use crate::schema::{OpenError, migrate, open_for_reading, open_for_writing};
use crate::writer::Writer;

/// Every port on one SQLite file. Clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: Arc<Writer>,
    pub(crate) reader: Reader,
    pub(crate) clock: Arc<dyn Clock>,
    path: PathBuf,
}

/// How much is in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Events in the queue.
    pub events: u64,
    /// Dead letters.
    pub dead_letters: u64,
}

impl Store {
    /// Opens the store in the file at `path`, and makes the file if it is not there.
    /// `clock` says when an event was queued.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be made, is not a store, or was written by a newer
    /// version.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Store, OpenError> {
        let path = path.as_ref();
        // SQLite takes a name that starts with `file:` for a URI.
        let absolute = std::path::absolute(path)?;
        let writing = open_for_writing(&absolute)?;
        let reading = open_for_reading(&absolute)?;
        Store::with(writing, reading, clock, path.to_owned())
    }

    /// Makes a store in memory, for work that must leave no trace.
    ///
    /// # Errors
    ///
    /// Fails if a thread cannot be started.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Store, OpenError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // Two connections share a database in memory by its name.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("file:mef-memory-{number}?mode=memory&cache=shared");
        let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI;
        let mut writing = Connection::open_with_flags(&name, flags)?;
        migrate(&mut writing)?;
        let reading = Connection::open_with_flags(&name, flags)?;
        // A shared database has no write-ahead log, so it locks whole tables. This lets
        // reads go on during a write.
        reading.pragma_update(None, "read_uncommitted", true)?;
        Store::with(writing, reading, clock, PathBuf::new())
    }

    fn with(
        writing: Connection,
        reading: Connection,
        clock: Arc<dyn Clock>,
        path: PathBuf,
    ) -> Result<Store, OpenError> {
        let writer = Arc::new(Writer::start(writing)?);
        Ok(Store { writer, reader: Reader::new(reading), clock, path })
    }

    /// Returns the path of the file; empty for a store in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts what is in it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let count = |connection: &Connection, table: &str| {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, i64>(0).map(i64::unsigned_abs)
            })
        };
        self.reader
            .read("count", move |connection| {
                Ok(Counts {
                    events: count(connection, "events")?,
                    dead_letters: count(connection, "dead_letters")?,
                })
            })
            .await
    }
}
