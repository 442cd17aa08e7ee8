//! A source, as the rest of the framework sees it.

use std::collections::BTreeSet;

use super::poll::Poll;
use super::webhook::{Endpoint, Webhook};
use crate::name::SourceName;

/// A source that is ready to use.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// A description for people.
    pub description: Option<String>,
    /// A digest of the file, its presets and its schemas; every dead letter keeps it.
    pub version: String,
    /// How the vendor pushes to it, if it does.
    pub webhook: Option<Webhook>,
    /// How it is polled, if it is.
    pub poll: Option<Poll>,
}

impl Source {
    /// Returns the source in a deployment whose webhooks come in below `endpoint`, for a `public_url` that begins with
    /// `{endpoint}`.
    #[must_use]
    pub fn deployed_at(mut self, endpoint: Option<&Endpoint>) -> Source {
        if let Some(webhook) = &mut self.webhook {
            webhook.public_url = webhook.written_url.as_ref().and_then(|url| url.at(endpoint));
        }
        self
    }

    /// Returns the names of the secrets that the source uses, sorted, each once.
    pub fn secret_names(&self) -> Vec<String> {
        let webhook = self.webhook.iter().flat_map(Webhook::secret_names);
        let poll = self.poll.iter().flat_map(Poll::secret_names);
        let names: BTreeSet<_> = webhook.chain(poll).collect();
        names.into_iter().collect()
    }
}
