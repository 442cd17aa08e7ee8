//! The written form: the source file as a person wrote it.
//!
//! Every object refuses unknown keys, every choice is an externally tagged enum
//! (`hmac: {…}`), and values that are checked later carry their place, so that
//! a mistake is reported exactly where it is. Only [`crate::checked`] reads
//! these types. The JSON Schema for editors is generated from them, with their
//! doc comments as descriptions.
//!
//! The folders are those of the checked form: what a key is in the file and
//! what it means are found at the same place on both sides.

mod charset;
mod event;
mod from_node;
mod one_or_many;
mod poll;
mod signing;
mod text_or_object;
mod webhook;

use schemars::JsonSchema;
use serde::Deserialize;

pub use charset::Charset;
pub use event::*;
pub(crate) use from_node::from_node;
pub use one_or_many::OneOrMany;
pub use poll::*;
pub use signing::{Encoding, Hash, Key, KeyEncoding};
pub use webhook::*;

pub use crate::located::Located;
pub use crate::node::Node;
pub use crate::time_format::{TimeFormat, TimeReader};

/// A source of security events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// The version of this file's format; 1 is the only one.
    pub version: Option<Located<u32>>,
    /// The source's name: `a-z`, `0-9`, `-`, `_`. It is the last part of the webhook's URL.
    pub source: Located<String>,
    /// What this source is, for people.
    pub description: Option<String>,
    /// How the vendor pushes events to us.
    pub webhook: Option<Located<Webhook>>,
    /// How we pull events from the vendor.
    pub poll: Option<Poll>,
    /// What a valid record is and how it becomes an event.
    #[serde(default)]
    pub event: Event,
}
