//! A source, as the rest of the framework sees it.

use std::collections::BTreeSet;

use super::poll::Poll;
use super::webhook::Webhook;
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
    /// Returns the names of the secrets that the source uses, sorted, each once.
    pub fn secret_names(&self) -> Vec<String> {
        let webhook = self.webhook.iter().flat_map(Webhook::secret_names);
        let poll = self.poll.iter().flat_map(Poll::secret_names);
        let names: BTreeSet<_> = webhook.chain(poll).collect();
        names.into_iter().collect()
    }
}
