//! Whether what is written still goes into the files that have the store's name.
//!
//! A file that is removed or replaced stays open, and every write to it succeeds. It is gone with the last
//! process that has it open, and with it all that was acknowledged.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::file::failure::Failure;

/// What SQLite keeps beside the store while it is in use, each a part of it.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// The files that were opened as one store; none of a store in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opened {
    store: Option<Seen>,
    beside: Vec<Seen>,
}

/// A file, as it was found at its path.
#[derive(Clone, Debug)]
struct Seen {
    path: PathBuf,
    identity: Identity,
}

/// The device and the number of a file, which it keeps as long as it is open.
#[cfg(unix)]
type Identity = (u64, u64);
/// Other systems refuse to remove or replace an open file.
#[cfg(not(unix))]
type Identity = ();

impl Opened {
    /// Looks at the files of the store at `path`, which has just been opened.
    pub(crate) fn look(path: &Path) -> io::Result<Opened> {
        // SQLite follows links before it names them.
        let followed = path.canonicalize()?;
        let beside = BESIDE.iter().filter_map(|end| {
            let mut name = OsString::from(&followed);
            name.push(end);
            Seen::at(name.into()).ok()
        });
        Ok(Opened { store: Some(Seen::at(path.to_owned())?), beside: beside.collect() })
    }

    /// Fails if one of the files is no longer at its path.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.store.iter().chain(&self.beside).find(|seen| !seen.is_there()) {
            Some(gone) => Err(Failure::Moved(gone.path.clone())),
            None => Ok(()),
        }
    }

    /// Returns whether another file, or none, is where the store itself was: what lies beside it
    /// belongs to that.
    pub(crate) fn is_replaced(&self) -> bool {
        self.store.as_ref().is_some_and(|seen| !seen.is_there())
    }
}

impl Seen {
    fn at(path: PathBuf) -> io::Result<Seen> {
        Ok(Seen { identity: identity(&path)?, path })
    }

    fn is_there(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> io::Result<Identity> {
    Ok(())
}
