//! Which published keys a request needs.

use jiff::Timestamp;
use mef_source::checked::{Check, Webhook};

use super::checks;
use super::keys::published::KeySource;
use crate::request::Request;

/// Returns the documents that judging `request` needs, each once, for the checks
/// that `picked` picks, alternatives too; none for a request that no key could
/// make pass.
pub fn wanted_keys(
    webhook: &Webhook,
    request: &Request,
    picked: impl Fn(&Check) -> bool,
    now: Timestamp,
) -> Vec<KeySource> {
    let mut wanted = Vec::new();
    for check in webhook.single_checks().filter(|check| picked(check)) {
        let source = checks::single(check).and_then(|check| check.wanted_keys(request, now));
        wanted.extend(source.filter(|source| !wanted.contains(source)));
    }
    wanted
}
