//! The store: one file, open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mef_ports::{Clock, StoreError};
use rusqlite::{Connection, OpenFlags};

use crate::file::in_place::Opened;
use crate::file::open::{open_for_looking, open_for_reading, open_for_removing, open_for_writing};
use crate::file::open_error::OpenError;
use crate::file::reader::Reader;
use crate::file::reserve::Reserve;
use crate::file::schema::migrate;
use crate::file::writer::Writer;

/// Every port on one SQLite file. Clones share it.
#[derive(Clone)]
pub struct Store {
    // It goes before the writer, which can make one file of the store only as the last.
    pub(crate) reader: Reader,
    pub(crate) writer: Arc<Writer>,
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
        Store::on_file(path.as_ref(), clock, open_for_writing)
    }

    /// Opens the store in the file at `path` to take events or dead letters out of it. This works on
    /// a full disk too.
    ///
    /// # Errors
    ///
    /// Fails if there is no store, or it was written by a newer version.
    pub fn open_to_remove(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<Store, OpenError> {
        Store::on_file(path.as_ref(), clock, open_for_removing)
    }

    /// Opens the store in the file at `path` for looking only. It works on a full disk, on one that
    /// cannot be written, and while another program writes.
    ///
    /// # Errors
    ///
    /// Fails if there is no store, or it was written by a newer version.
    pub fn look(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Store, OpenError> {
        let path = path.as_ref();
        let reading = open_for_looking(&std::path::absolute(path)?)?;
        let writer = Arc::new(Writer::refusing());
        Ok(Store {
            reader: Reader::new(reading, Opened::default()),
            writer,
            clock,
            path: path.to_owned(),
        })
    }

    fn on_file(
        path: &Path,
        clock: Arc<dyn Clock>,
        open: fn(&Path) -> Result<Connection, OpenError>,
    ) -> Result<Store, OpenError> {
        // SQLite takes a name that starts with `file:` for a URI.
        let absolute = std::path::absolute(path)?;
        let writing = open(&absolute)?;
        let reading = open_for_reading(&absolute)?;
        let opened = Opened::look(&absolute)?;
        let reserve = Some(Reserve::of(&absolute));
        Store::with(writing, reading, opened, reserve, clock, path.to_owned())
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
        Store::with(writing, reading, Opened::default(), None, clock, PathBuf::new())
    }

    fn with(
        writing: Connection,
        reading: Connection,
        opened: Opened,
        reserve: Option<Reserve>,
        clock: Arc<dyn Clock>,
        path: PathBuf,
    ) -> Result<Store, OpenError> {
        let writer = Arc::new(Writer::start(writing, opened.clone(), reserve)?);
        Ok(Store { reader: Reader::new(reading, opened), writer, clock, path })
    }

    /// Returns the path of the file; empty for a store in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the names of the sources that it has events or dead letters of.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub async fn sources(&self) -> Result<Vec<String>, StoreError> {
        self.reader
            .read("list the sources", |connection| {
                connection
                    .prepare("SELECT source FROM events UNION SELECT source FROM dead_letters")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .await
    }

    /// Counts what is in it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.reader.read("count", counts).await
    }
}

/// Counts what is in the file.
pub(crate) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    let count = |table: &str| {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    };
    Ok(Counts { events: count("events")?, dead_letters: count("dead_letters")? })
}
