//! Refused requests, kept for `mef explain`.
//!
//! A sender that is refused is told nothing, so a wrong guess at a vendor's
//! scheme turns everything away in silence. What was refused is kept here as it
//! came, credentials and all, or masked. Anybody can send requests that are
//! refused: so how much is kept is bounded, by size and by number for each
//! source and hour.

use std::collections::HashMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::refused_request_file;
use mef_source::Source;

/// How many requests are kept of a source in an hour.
const PER_HOUR: usize = 20;
/// The largest body that is kept.
const LARGEST: usize = 1024 * 1024;

/// Keeps refused requests in a folder.
pub(crate) struct Capture {
    dir: PathBuf,
    is_masked: bool,
    /// How many were kept of each source, and in which hour.
    kept: Mutex<HashMap<String, (String, usize)>>,
}

impl Capture {
    /// Keeps requests in `dir`, which is made if it is not there.
    pub(crate) fn into(dir: PathBuf, is_masked: bool) -> anyhow::Result<Capture> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir).with_context(|| {
            format!("cannot make the folder {} of captured requests", dir.display())
        })?;
        Ok(Capture { dir, is_masked, kept: Mutex::default() })
    }

    /// Keeps `request`, which `source` refused for `reason`. What goes wrong is
    /// logged: the sender gets the same answer.
    pub(crate) fn keep(&self, source: &Source, request: &Request, at: Timestamp, reason: &str) {
        let name = source.name.as_str();
        if request.body().len() > LARGEST {
            tracing::warn!(source.id = %name, body.bytes = request.body().len(), "refused webhook not captured: its body is too large");
            return;
        }
        let prefix = format!("{name}-{}", at.strftime("%Y%m%dT%H"));
        match self.has_room(name, &prefix) {
            Room::Yes => {}
            Room::JustFilled => {
                tracing::warn!(source.id = %name, capture.limit = PER_HOUR, "no more refused webhooks are captured in this hour");
                return;
            }
            Room::No => return,
        }
        let text = refused_request_file(source, request, at, reason, self.is_masked);
        let stem = format!("{name}-{}", at.strftime("%Y%m%dT%H%M%S%.3fZ"));
        match self.write(&stem, &text) {
            Ok(path) => {
                tracing::info!(source.id = %name, capture.file = %path.display(), "refused webhook captured");
            }
            Err(error) => {
                tracing::error!(source.id = %name, error = %error, "refused webhook not captured");
            }
        }
    }

    /// Counts one more of the hour that `prefix` names.
    fn has_room(&self, source: &str, prefix: &str) -> Room {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || (prefix.to_owned(), self.count(prefix));
        let entry = kept.entry(source.to_owned()).or_insert_with(fresh);
        if entry.0 != prefix {
            *entry = (prefix.to_owned(), self.count(prefix));
        }
        entry.1 = entry.1.saturating_add(1);
        match entry.1 {
            count if count <= PER_HOUR => Room::Yes,
            count if count == PER_HOUR + 1 => Room::JustFilled,
            _ => Room::No,
        }
    }

    /// How many files of an hour a run before this one has left.
    fn count(&self, prefix: &str) -> usize {
        let names = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        names.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix)).count()
    }

    fn write(&self, stem: &str, text: &str) -> std::io::Result<PathBuf> {
        for number in 1..=PER_HOUR {
            // Two in one millisecond.
            let more = if number == 1 { String::new() } else { format!("-{number}") };
            let path = self.dir.join(format!("{stem}{more}.request.json"));
            match create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(mut file) => {
                    file.write_all(text.as_bytes())?;
                    return Ok(path);
                }
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

enum Room {
    Yes,
    JustFilled,
    No,
}

/// A new file that only its owner reads.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
