//! The published keys that one request needs, put beside the secrets.

use std::sync::Arc;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{KeyDocument, KeySource, LiveSecrets, wanted_keys};
use mef_source::checked::{Check, Webhook};

use crate::key_cache::{KeyCache, KeysUnavailable};

/// The keys that a request needs, as far as they could be had.
#[derive(Default)]
pub(crate) struct PublishedKeys {
    had: Vec<(KeySource, Arc<KeyDocument>)>,
    /// Why the first that is missing is.
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
                Ok(document) => keys.had.push((source, document)),
                Err(error) => {
                    keys.missing.get_or_insert(error);
                }
            }
        }
        keys
    }

    /// Replaces what is outdated; gives whether anything was.
    pub(crate) async fn renew(&mut self, cache: &KeyCache) -> bool {
        let mut renewed = false;
        for (source, document) in &mut self.had {
            if let Some(newer) = cache.newer(source, document).await {
                *document = newer;
                renewed = true;
            }
        }
        renewed
    }

    /// Puts them beside `secrets`.
    pub(crate) fn add_to(&self, secrets: &mut LiveSecrets) {
        for (source, document) in &self.had {
            secrets.insert_keys(source, Arc::clone(document));
        }
    }

    /// Why one that was needed is not there.
    pub(crate) fn missing(self) -> Option<KeysUnavailable> {
        self.missing
    }
}
