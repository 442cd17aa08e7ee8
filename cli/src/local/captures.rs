//! Refused webhooks as files in a folder.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
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
            write(&dir, &hour, &stem, most, &file)
        });
        let failed = |error: io::Error| StoreError::new("keep a refused request", error);
        let kept = kept.await.map_err(io::Error::other).and_then(|kept| kept).map_err(failed)?;
        Ok(kept.map(|path| path.display().to_string()))
    }
}

/// Writes `bytes` to a new file, unless `most` of `hour` are there.
fn write(
    dir: &PathBuf,
    hour: &str,
    stem: &str,
    most: u32,
    bytes: &[u8],
) -> io::Result<Option<PathBuf>> {
    let names = std::fs::read_dir(dir)?.flatten().map(|entry| entry.file_name());
    let count = names.filter(|name| name.to_string_lossy().starts_with(hour)).count();
    if count >= most as usize {
        return Ok(None);
    }
    for number in 1..=most {
        // Two in one millisecond.
        let more = if number == 1 { String::new() } else { format!("-{number}") };
        let path = dir.join(format!("{stem}{more}.request.json"));
        match private_file::create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(Some(path));
            }
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
