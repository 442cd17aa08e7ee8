//! Refused webhooks, kept for `mef explain` where the operator wants it.
//!
//! A sender that is refused is told nothing, so a wrong guess at a vendor's
//! scheme turns everything away in silence. What is kept has no credentials in
//! it, is bounded by size and by number, and is gone after some days.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::refused_request_file;
use mef_ports::{Captures, chain};
use mef_source::Source;

/// How many requests are kept of a source in an hour.
const PER_HOUR: u32 = 20;
/// The largest body that is kept.
const LARGEST: usize = 1024 * 1024;

/// Keeps refused requests.
pub(crate) struct Capture {
    captures: Arc<dyn Captures>,
    /// The hour of which enough was kept, by source: it is not counted on.
    full: Mutex<HashMap<String, i64>>,
}

impl Capture {
    pub(crate) fn new(captures: Arc<dyn Captures>) -> Capture {
        Capture { captures, full: Mutex::default() }
    }

    /// Keeps `request`, which `source` refused for `reason`. What goes wrong is
    /// logged: the sender gets the same answer.
    pub(crate) async fn keep(
        &self,
        source: &Source,
        request: &Request,
        at: Timestamp,
        reason: &str,
    ) {
        let name = source.name.as_str();
        let hour = at.as_second().div_euclid(3600);
        if request.body().len() > LARGEST || self.full().get(name) == Some(&hour) {
            return;
        }
        let file = refused_request_file(source, request, at, reason, true);
        match self.captures.keep(name, at, PER_HOUR, file.into()).await {
            Ok(true) => tracing::info!(source.id = %name, "refused webhook captured"),
            Ok(false) => {
                tracing::warn!(source.id = %name, capture.limit = PER_HOUR, "no more refused webhooks are captured in this hour");
                self.full().insert(name.to_owned(), hour);
            }
            Err(error) => {
                tracing::error!(source.id = %name, error = %chain(&error), "refused webhook not captured");
            }
        }
    }

    fn full(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
