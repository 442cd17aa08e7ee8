//! A copy of the store, made while it is in use.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use crate::file::failure::Failure;
use crate::file::reserve::create_private;
use crate::store::{Counts, Store, counts};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file of this name is there, and it may be the only good copy.
    #[error("{} is there already: name another file", .0.display())]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("{} cannot be written", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        error: io::Error,
    },
    /// SQLite failed.
    #[error("{0}")]
    Sqlite(String),
    /// The copy is not whole.
    #[error("the copy is damaged, so it is removed; SQLite says: {0}")]
    Damaged(String),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> BackupError {
        BackupError::Sqlite(Failure::from(&error).to_string())
    }
}

impl Store {
    /// Copies the store, as it is at one moment, into a new file that only its owner may read, and
    /// checks the copy. Others may write meanwhile. Returns what is in the copy.
    ///
    /// # Errors
    ///
    /// Fails if a file of this name is there, or cannot be written, or the copy is not whole. No file
    /// of this name is then left.
    pub async fn backup(&self, to: &Path) -> Result<Counts, BackupError> {
        let to = to.to_owned();
        let (at, path) = (to.clone(), to.clone());
        let done = self.reader.with(move |connection| copy(connection, &at)).await;
        done.unwrap_or_else(|error| Err(BackupError::File { path, error: io::Error::other(error) }))
    }
}

fn copy(connection: &Connection, to: &Path) -> Result<Counts, BackupError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::File { path, error }
    };
    // SQLite takes a name that starts with `file:` for a URI.
    let to = std::path::absolute(to).map_err(failed(to))?;
    if to.exists() {
        return Err(BackupError::Exists(to));
    }
    let mut part = OsString::from(&to);
    part.push(".part");
    let part = PathBuf::from(part);
    // One that was cut off is of no use.
    let _ = fs::remove_file(&part);
    create_private(&part).map_err(failed(&part))?;
    let copied = fill(connection, &part).and_then(|counts| {
        File::open(&part).and_then(|file| file.sync_all()).map_err(failed(&part))?;
        // Unlike a rename, this fails if somebody has made a file of this name meanwhile.
        match fs::hard_link(&part, &to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(to.clone()));
            }
            // Some file systems have no links.
            Err(_) => fs::rename(&part, &to).map_err(failed(&to))?,
            Ok(()) => {}
        }
        if let Some(folder) = to.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
        }
        Ok(counts)
    });
    let _ = fs::remove_file(&part);
    copied
}

fn fill(connection: &Connection, part: &Path) -> Result<Counts, BackupError> {
    let name = part.to_str().ok_or_else(|| {
        let error = io::Error::other("its name is not UTF-8");
        BackupError::File { path: part.to_owned(), error }
    })?;
    connection.execute("VACUUM INTO ?1", params![name])?;
    let copy = Connection::open_with_flags(
        part,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    match verdict.as_str() {
        "ok" => Ok(counts(&copy)?),
        _ => Err(BackupError::Damaged(verdict)),
    }
}
