//! What a source file means.
//!
//! Everything here is understood and consistent: paths are parsed, templates
//! compiled, units read, and nothing refers to a name that is not there. A
//! value of these types can be used without another look at the file.

mod checker;
mod constant;
mod event;
mod json_template;
mod load;
mod origin;
mod poll;
mod webhook;
mod yaml_error;

pub use event::{EventSpec, Mapping, RecordSchema, Split};
pub use json_template::JsonTemplate;
pub use load::{Loaded, load};
pub use origin::Origin;
pub use poll::*;
pub use webhook::*;

use crate::SourceName;
pub use crate::written::{
    Advance, AssertionAlgorithm, Bare, Compression, Decode, Encoding, ErrorAction, Granularity,
    Hash, JwtAlgorithm, KeyEncoding, MissingRecords, MissingTrailer, Order, PublicKeyAlgorithm,
    Repeats, ResetFormat, RestartFrom, TimeFormat, TimeUnit,
};

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
        let names: std::collections::BTreeSet<_> = webhook.chain(poll).collect();
        names.into_iter().collect()
    }
}
