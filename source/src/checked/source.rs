//! A source, as the rest of the framework sees it.

use std::collections::BTreeSet;

use super::poll::Poll;
use super::webhook::Webhook;
use crate::name::SourceName;

/// A source, ready to use.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// What it is, for people.
    pub description: Option<String>,
    /// A digest of the file and its schema, kept with every dead letter.
    pub version: String,
    /// How it is pushed, if it is.
    pub webhook: Option<Webhook>,
    /// How it is pulled, if it is.
    pub poll: Option<Poll>,
}

impl Source {
    /// The names of all secrets that the source uses, each once, sorted.
    pub fn secret_names(&self) -> Vec<String> {
        let webhook = self.webhook.iter().flat_map(Webhook::secret_names);
        let poll = self.poll.iter().flat_map(Poll::secret_names);
        let names: BTreeSet<_> = webhook.chain(poll).collect();
        names.into_iter().collect()
    }
}
