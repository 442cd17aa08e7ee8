//! Room on the disk that is given up when the disk is full.
//!
//! Even what makes the store smaller is first written to its log. On a full disk there is no room for
//! that, so an operator could not empty the queue that fills the disk. A file beside the store holds
//! the room. It has no content that counts, and is made again once there is room for it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The size of the file: what a log holds before SQLite copies it into the store (1,000 pages of 4
/// KiB), and as much for one large removal.
const BYTES: usize = 8 << 20;

/// How much is written at once.
const BLOCK: usize = 64 << 10;

/// The reserve of one store.
#[derive(Clone, Debug)]
pub(crate) struct Reserve(PathBuf);

impl Reserve {
    /// Returns the reserve of the store at `store`, whether it is there or not.
    pub(crate) fn of(store: &Path) -> Reserve {
        let mut name = store.as_os_str().to_owned();
        name.push("-reserve");
        Reserve(name.into())
    }

    /// Makes the file if it is not there and the disk has room for it. Without it all goes on as
    /// before, until the disk is full.
    pub(crate) fn keep(&self) {
        match self.make() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                tracing::debug!(error = %error, "no room is reserved for a full disk");
                let _ = std::fs::remove_file(&self.0);
            }
            Ok(()) => {}
        }
    }

    /// Gives the room up; returns whether there was any.
    pub(crate) fn release(&self) -> bool {
        let released = std::fs::remove_file(&self.0).is_ok();
        if released {
            tracing::warn!("the disk is full: the room that was reserved for this is given up");
        }
        released
    }

    fn make(&self) -> io::Result<()> {
        let mut file = create_private(&self.0)?;
        // Some file systems keep no room for zeros, or for what can be compressed.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let block: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(BLOCK / 8)
        .flatten()
        .collect();
        for _ in 0..BYTES / BLOCK {
            file.write_all(&block)?;
        }
        Ok(())
    }
}

/// Makes a file that only its owner may read; fails if it is there already.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
