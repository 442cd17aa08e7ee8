//! What is refused before a source sees it: each time a line in the log, with how often it has happened.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// How often each reason was why.
#[derive(Default)]
pub(super) struct Refusals(Mutex<BTreeMap<&'static str, u64>>);

impl Refusals {
    /// Logs and counts a request of `peer`, for `source` if that is known, that was refused with `status`;
    /// `None` if the connection was closed without an answer.
    ///
    /// The path is not logged: a vendor may have been given a secret in it.
    pub(super) fn note(
        &self,
        peer: SocketAddr,
        source: Option<&str>,
        status: Option<u16>,
        reason: &'static str,
    ) {
        let count = self.count(reason);
        tracing::warn!(source.id = source, http.status = status, client.address = %peer.ip(), reason = reason, refused.count = count, "webhook not taken");
    }

    fn count(&self, reason: &'static str) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(reason).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_by_itself() {
        let refusals = Refusals::default();
        assert_eq!([refusals.count("a"), refusals.count("b"), refusals.count("a")], [1, 1, 2]);
    }
}
