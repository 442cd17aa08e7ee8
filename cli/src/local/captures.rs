//! Refused webhooks as files in a folder.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mef_ports::{Captures, StoreError};

use crate::private_file;

/// Keeps each request as the file `SOURCE-TIME.request.json`.
pub(crate) struct FolderCaptures(Arc<Mutex<PathBuf>>);

impl FolderCaptures {
    /// Keeps requests in `dir`, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be made.
    pub(crate) fn new(dir: PathBuf) -> anyhow::Result<FolderCaptures> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir).with_context(|| {
            format!("cannot make the folder {} of captured requests", dir.display())
        })?;
        Ok(FolderCaptures(Arc::new(Mutex::new(dir))))
    }
}

#[async_trait]
impl Captures for FolderCaptures {
    async fn keep(
        &self,
        source: &str,
        at: Timestamp,
        most: u32,
        file: Bytes,
    ) -> Result<Option<String>, StoreError> {
        let hour = format!("{source}-{}", at.strftime("%Y%m%dT%H"));
        let stem = format!("{source}-{}", at.strftime("%Y%m%dT%H%M%S%.3fZ"));
        let dir = Arc::clone(&self.0);
        // The disk is no place for a thread that serves others.
        let kept = tokio::task::spawn_blocking(move || {
            // Held while it counts and writes, so that two at once do not pass the bound.
            let dir = dir.lock().unwrap_or_else(PoisonError::into_inner);
            keep(&dir, &hour, &stem, most, |new| new.write_all(&file))
        });
        let failed = |error: io::Error| StoreError::new("keep a refused request", error);
        let kept = kept.await.map_err(io::Error::other).and_then(|kept| kept).map_err(failed)?;
        Ok(kept.map(|path| path.display().to_string()))
    }
}

/// Makes a new file that `fill` fills, unless `most` of `hour` are there. It gets its name once it is whole:
/// what a full disk cuts off is no capture.
fn keep(
    dir: &Path,
    hour: &str,
    stem: &str,
    most: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<Option<PathBuf>> {
    let names = fs::read_dir(dir)?.flatten().map(|entry| entry.file_name());
    let count = names.filter(|name| name.to_string_lossy().starts_with(hour)).count();
    if count >= most as usize {
        return Ok(None);
    }
    // Another process may capture into the same folder.
    let part = dir.join(format!(".{stem}-{}.part", std::process::id()));
    let filled = private_file::create(&part).and_then(|mut file| fill(&mut file));
    let named = filled.and_then(|()| name(dir, stem, most, &part));
    let _ = fs::remove_file(&part);
    named.map(Some)
}

/// Gives the file `part` the first name that is free.
fn name(dir: &Path, stem: &str, most: u32, part: &Path) -> io::Result<PathBuf> {
    for number in 1..=most {
        // Two in one millisecond.
        let more = if number == 1 { String::new() } else { format!("-{number}") };
        let path = dir.join(format!("{stem}{more}.request.json"));
        // Unlike a rename, this replaces nothing.
        match fs::hard_link(part, &path) {
            Ok(()) => return Ok(path),
            Err(_) if path.exists() => {}
            // Some file systems have no links.
            Err(_) => return fs::rename(part, &path).map(|()| path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_full_disk_cuts_off_is_no_file_and_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let cut_off = |file: &mut File| {
            file.write_all(b"{")?;
            Err(ErrorKind::StorageFull.into())
        };
        for _ in 0..3 {
            keep(folder.path(), "hook-1", "hook-12", 2, cut_off).unwrap_err();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let kept = keep(folder.path(), "hook-1", "hook-12", 2, |file| file.write_all(b"{}"));
        assert_eq!(fs::read(kept.unwrap().unwrap()).unwrap(), b"{}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn an_hour_of_a_source_holds_so_many_files_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let captures = || FolderCaptures::new(folder.path().to_owned()).unwrap();
        let at: Timestamp = "2026-11-24T12:59:59.999Z".parse().unwrap();
        let keep = async |source: &str, at: Timestamp| {
            // Another process goes on counting.
            captures().keep(source, at, 2, Bytes::from_static(b"{}")).await.unwrap()
        };
        let first = keep("hook", at).await.unwrap();
        assert!(first.ends_with("hook-20261124T125959.999Z.request.json"), "{first}");
        assert!(keep("hook", at).await.unwrap().ends_with("Z-2.request.json"));
        assert_eq!(keep("hook", at).await, None);
        assert!(keep("other", at).await.is_some());
        assert!(keep("hook", at + jiff::SignedDuration::from_secs(1)).await.is_some());
    }
}
