//! Refused webhooks, kept for `mef explain` if the operator wants it.
//!
//! A refused sender is told nothing, so a wrong guess at a vendor's scheme turns everything away in
//! silence. Anybody can send requests that are refused: how much is kept is bounded here, by size and by
//! number, on every backend alike.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mef_auth::Request;
use mef_ports::{Captures, chain};
use mef_source::Source;

use crate::request_file::refused_request_file;

/// How many requests are kept per source and hour.
const PER_HOUR: u32 = 20;
/// The largest body that is kept, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Keeps refused requests.
pub struct Capture {
    captures: Arc<dyn Captures>,
    is_masked: bool,
    /// By source, the hour in which no more are kept: the store is not asked again.
    full: Mutex<HashMap<String, i64>>,
}

impl Capture {
    /// Keeps requests in `captures`, with their credentials if not `is_masked`.
    pub fn new(captures: Arc<dyn Captures>, is_masked: bool) -> Capture {
        Capture { captures, is_masked, full: Mutex::default() }
    }

    /// Keeps `request`, which `source` refused for `reason` at `at`. A failure is only logged: it must not
    /// change the sender's answer.
    pub(crate) async fn keep(
        &self,
        source: &Source,
        request: &Request,
        at: Timestamp,
        reason: &str,
    ) {
        let name = source.name.as_str();
        if request.body().len() > LARGEST {
            tracing::warn!(source.id = %name, body.bytes = request.body().len(), "refused webhook not captured: its body is too large");
            return;
        }
        let hour = at.as_second().div_euclid(3600);
        if self.full().get(name) == Some(&hour) {
            return;
        }
        let file = refused_request_file(source, request, at, reason, self.is_masked);
        match self.captures.keep(name, at, PER_HOUR, file.into()).await {
            Ok(Some(file)) => {
                tracing::info!(source.id = %name, capture.file = file, "refused webhook captured");
            }
            Ok(None) => {
                tracing::warn!(source.id = %name, capture.limit = PER_HOUR, "no more refused webhooks are captured in this hour");
                self.full().insert(name.to_owned(), hour);
            }
            Err(error) => {
                tracing::error!(source.id = %name, error = %chain(&error), "refused webhook not captured");
            }
        }
    }

    fn full(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
