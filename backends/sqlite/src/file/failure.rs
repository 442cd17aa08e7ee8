//! Why SQLite failed, told with what helps.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why SQLite failed. Many callers may get the same failure, since their writes share a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No byte more can be written.
    #[error(
        "the disk is full ({0}): make room on it, or make the store smaller: `mef events --consume` and \
         `mef dlq discard` work on a full disk"
    )]
    Full(String),
    /// Another process keeps the file to itself.
    #[error(
        "another program keeps the store locked ({0}): let it end its transaction, or close it"
    )]
    Locked(String),
    /// The file, its folder or the disk may not be written.
    #[error(
        "the store may only be read ({0}): give this user the right to write the file and its folder, or \
         name another with --store"
    )]
    ReadOnly(String),
    /// One of the store's files is no longer where it was opened.
    #[error(
        "{} was removed or replaced while this process had it open, so nothing that is written now would \
         be kept: end this process, put the right file there, and start again", .0.display()
    )]
    Moved(PathBuf),
    /// Anything else, in SQLite's words.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Returns whether there is no room on the disk.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Failure::Full(_))
    }
}

impl From<&rusqlite::Error> for Failure {
    fn from(error: &rusqlite::Error) -> Failure {
        let text = error.to_string();
        let extended = match error {
            rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
            _ => 0,
        };
        match (error.sqlite_error_code(), extended) {
            // A quota or a limit of the file's size is no ENOSPC, but means the same. The file beside
            // the write-ahead log is grown by other calls.
            (Some(ErrorCode::DiskFull), _)
            | (_, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE) => Failure::Full(text),
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => Failure::Locked(text),
            (Some(ErrorCode::ReadOnly), _) => Failure::ReadOnly(text),
            _ => Failure::Other(text),
        }
    }
}
