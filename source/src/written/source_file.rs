//! The source file as a whole.

use schemars::JsonSchema;
use serde::Deserialize;

use super::event::Event;
use super::located::Located;
use super::poll::Poll;
use super::webhook::Webhook;

/// A source of security events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// The version of this file's format; 1 is the only one.
    #[serde(default)]
    pub version: Option<Located<u32>>,
    /// The source's name: `a-z`, `0-9`, `-`, `_`. It is the last part of the webhook's URL.
    pub source: Located<String>,
    /// What this source is, for people.
    #[serde(default)]
    pub description: Option<String>,
    /// How the vendor pushes events to us.
    #[serde(default)]
    pub webhook: Option<Located<Webhook>>,
    /// How we pull events from the vendor.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// What a valid record is and how it becomes an event.
    #[serde(default)]
    pub event: Event,
}
