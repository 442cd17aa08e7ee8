//! Why a store cannot be opened.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::file::failure::Failure;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite's own reason.
    #[error("SQLite cannot open it")]
    Sqlite(#[source] rusqlite::Error),
    /// There is no room, no right, or another program is in the way.
    #[error("{0}")]
    Disk(String),
    /// The file is no SQLite database, or another program's.
    #[error("it is not a store: name another file, or move this one away to start a new store")]
    NotAStore,
    /// There is no such file, or nothing is in it.
    #[error(
        "there is no store in it yet: name another with --store or MEF_STORE; `mef run` and `mef poll` \
         make one"
    )]
    Missing,
    /// The file is not there, but the log that belongs to it is.
    #[error(
        "the file is not there or is empty, but its log {} is: put the file back to which it belongs, or \
         move the log away to start a new store", .log.display()
    )]
    LogWithoutStore {
        /// The log.
        log: PathBuf,
    },
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
        match (error.sqlite_error_code(), Failure::from(&error)) {
            (Some(ErrorCode::NotADatabase), _) => OpenError::NotAStore,
            (_, Failure::Other(_)) => OpenError::Sqlite(error),
            (_, failure) => OpenError::Disk(failure.to_string()),
        }
    }
}
