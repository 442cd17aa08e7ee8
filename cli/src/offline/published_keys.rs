//! The keys that vendors publish, read from files.
//!
//! `keys.json` in a source's test folder maps each URL to a file beside it that holds what was published
//! there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use mef_intake::KeyCache;
use mef_ports::{Clock, Http, HttpError, HttpRequest, HttpResponse};

/// Returns the keys of the test folder `folder`: none without a `keys.json`.
///
/// # Errors
///
/// Fails if `keys.json` cannot be read, or names a file that is not beside it.
pub(crate) fn of_a_test(folder: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<KeyCache>> {
    let list = folder.join("keys.json");
    let files: BTreeMap<String, String> = match std::fs::read_to_string(&list) {
        Ok(text) => serde_json::from_str(&text).with_context(|| {
            format!("{} is not an object of URLs and file names", list.display())
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => bail!("{} cannot be read: {error}", list.display()),
    };
    let mut published = BTreeMap::new();
    for (url, name) in files {
        if Path::new(&name).file_name() != Some(name.as_ref()) {
            bail!("{}: `{name}` is not the name of a file beside it", list.display());
        }
        published.insert(url, folder.join(name));
    }
    Ok(Arc::new(KeyCache::new(Arc::new(Files(published)), clock)))
}

/// An HTTP client that reads files.
struct Files(BTreeMap<String, PathBuf>);

#[async_trait]
impl Http for Files {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(path) = self.0.get(request.url.as_str()) else {
            return Err(HttpError::Forbidden {
                host: request.url.host_str().unwrap_or("").to_owned(),
                reason: format!(
                    "nothing is fetched offline: name a file for `{}` in `tests/keys.json`",
                    request.url
                ),
            });
        };
        let body = std::fs::read(path).map_err(|error| HttpError::Transport(Box::new(error)))?;
        Ok(HttpResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from(body),
        })
    }
}
