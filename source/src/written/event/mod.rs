//! `event`: what a valid record is, and how it becomes an event.

mod split;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;

pub use split::Split;

/// What a valid record is, and how it becomes an event.
///
/// `webhook` and `poll` can each have their own `event`. What it leaves out comes from the one at
/// the top.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The JSON Schema (up to draft 2020-12) that a record must match: a file next to this one.
    pub schema: Option<Located<String>>,
    /// The path of a list inside the record: each element becomes a record of its own, and the
    /// record around it is kept as `parent`. Or `{ jq: "…" }`, a program that returns the records.
    pub split: Option<Located<Split>>,
    /// What identifies the event, as a template: two records with the same value are the same
    /// event.
    pub id: Option<Located<String>>,
    /// The event's fields; a field that is left out gets its default.
    #[serde(default)]
    pub map: Map,
    /// Tables for the filter `lookup`: each replaces a key by its value.
    #[serde(default)]
    pub lookups: BTreeMap<String, BTreeMap<String, Located<Node>>>,
}

/// The fields of the event, each a template or `{ jq: "…" }`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The kind of event; by default the source's name.
    pub category: Option<Located<Node>>,
    /// One line for a person; by default `<source>_event`.
    pub summary: Option<Located<Node>>,
    /// How bad it is: `DEBUG`, `INFO`, `NOTICE`, `WARNING`, `ERROR`, `CRITICAL`, `ALERT` or `EMERGENCY`; by
    /// default, and where it is none of these, `INFO`.
    pub severity: Option<Located<Node>>,
    /// When it happened; by default the time when it was received.
    pub timestamp: Option<Located<Node>>,
    /// Words to find it by; by default the source's name.
    pub tags: Option<Located<Node>>,
    /// The event itself; by default the whole record, under the source's name. `{pick: [paths]}` and
    /// `{omit: [paths]}` take parts of it. A map of your own stays as you write it.
    pub details: Option<Located<Node>>,
    /// Where it happened; by default `<source>_host`.
    pub hostname: Option<Located<Node>>,
    /// The process it belongs to; by default `none`.
    pub processid: Option<Located<Node>>,
    /// The program it belongs to; by default the source's name.
    pub processname: Option<Located<Node>>,
    /// What brought it; by default `api_aws_lambda`.
    pub source: Option<Located<Node>>,
    /// Which feed brought it; by default `<source>_api`.
    pub eventsource: Option<Located<Node>>,
}

impl Map {
    /// Returns every field with its name, in the order of an event.
    pub fn fields(&self) -> [(&'static str, Option<&Located<Node>>); 11] {
        [
            ("category", self.category.as_ref()),
            ("details", self.details.as_ref()),
            ("hostname", self.hostname.as_ref()),
            ("processid", self.processid.as_ref()),
            ("processname", self.processname.as_ref()),
            ("severity", self.severity.as_ref()),
            ("source", self.source.as_ref()),
            ("summary", self.summary.as_ref()),
            ("tags", self.tags.as_ref()),
            ("timestamp", self.timestamp.as_ref()),
            ("eventsource", self.eventsource.as_ref()),
        ]
    }
}
