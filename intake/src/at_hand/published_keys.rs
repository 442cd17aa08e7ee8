//! The published keys that one request needs.

use std::sync::Arc;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{KeyDocument, KeySource, LiveSecrets, wanted_keys};
use mef_source::checked::{Check, Webhook};

use crate::at_hand::key_cache::{KeyCache, KeysUnavailable};

/// The keys that a request needs, as far as they are available.
#[derive(Default)]
pub(crate) struct PublishedKeys {
    found: Vec<(KeySource, Arc<KeyDocument>)>,
    /// Why the first missing one is missing.
    missing: Option<KeysUnavailable>,
}

impl PublishedKeys {
    /// Gathers the keys of the checks that `picked` picks.
    pub(crate) async fn gather(
        cache: &KeyCache,
        webhook: &Webhook,
        request: &Request,
        picked: impl Fn(&Check) -> bool,
        now: Timestamp,
    ) -> PublishedKeys {
        let mut keys = PublishedKeys::default();
        for source in wanted_keys(webhook, request, picked, now) {
            match cache.get(&source).await {
                Ok(document) => keys.found.push((source, document)),
                Err(error) => {
                    keys.missing.get_or_insert(error);
                }
            }
        }
        keys
    }

    /// Replaces outdated keys; returns whether there were any.
    pub(crate) async fn renew(&mut self, cache: &KeyCache) -> bool {
        let mut renewed = false;
        for (source, document) in &mut self.found {
            if let Some(newer) = cache.newer(source, document).await {
                *document = newer;
                renewed = true;
            }
        }
        renewed
    }

    /// Adds the keys to `secrets`.
    pub(crate) fn add_to(&self, secrets: &mut LiveSecrets) {
        for (source, document) in &self.found {
            secrets.insert_keys(source, Arc::clone(document));
        }
    }

    /// Returns why a needed key is missing, if one is.
    pub(crate) fn missing(self) -> Option<KeysUnavailable> {
        self.missing
    }
}
