//! `poll`: how records are fetched, and how far they have been read.

mod answer_when;
mod auth;
mod chain;
mod cursor;
mod error_rule;
mod limits;
mod pages;
mod partitions;
mod request;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;
use crate::written::charset::Charset;
use crate::written::event::Event;

pub use answer_when::*;
pub use auth::*;
pub use chain::*;
pub use cursor::*;
pub use error_rule::*;
pub use limits::*;
pub use pages::*;
pub use partitions::*;
pub use request::*;

/// How we pull events from the vendor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// How often to poll: `rate(1 minute)`, `rate(5 minutes)`, `rate(1 hour)`.
    pub schedule: Located<String>,
    /// Constants for templates: `{var.NAME}`.
    #[serde(default)]
    pub vars: BTreeMap<String, Located<Node>>,
    /// How we prove who we are.
    pub auth: Option<AuthOrPreset>,
    /// Requests before the first page of each window, or of a run without windows.
    #[serde(default)]
    pub setup: Vec<Located<SetupStep>>,
    /// The request for a window's first page.
    pub request: Located<Request>,
    /// Values of `setup` that each page brings anew, such as `{ pit: pit_id }`: their paths in the
    /// page, or `header.NAME`.
    #[serde(default)]
    pub renew: BTreeMap<String, Located<String>>,
    /// The last request, once everything of the window or the run is delivered: it ends what
    /// `setup` or the first page began at the vendor. It also reads `{page.token}`.
    pub finish: Option<Located<Request>>,
    /// Asks for a page again until the response says that it is ready.
    pub wait: Option<Located<Wait>>,
    /// How the requests for later pages differ.
    pub then: Option<Located<Then>>,
    /// How to get the next page; without it there is one page.
    pub next: Option<Located<Next>>,
    /// When to stop asking for pages; by default `[no_next]`.
    pub stop: Option<Vec<Located<StopRule>>>,
    /// How a page's body is decoded; by default as JSON.
    pub decode: Option<Located<PageDecode>>,
    /// How a page's body is compressed, apart from what its headers say.
    #[serde(default)]
    pub compression: Compression,
    /// In which character set it is, if it is not in UTF-8. Without it, a byte order mark of UTF-16
    /// counts, and the character set of the content type where a record is no UTF-8.
    pub charset: Option<Charset>,
    /// The path of the list of records in a page, empty if the page is the list; the paths of
    /// several lists; or `{ values: PATH }`, the path of an object whose values are the records.
    pub records: Option<Located<Records>>,
    /// What a page without that list or `record` means.
    #[serde(default)]
    pub missing_records: MissingRecords,
    /// Or the path of the only record in a page; empty if it is the whole page.
    pub record: Option<Located<String>>,
    /// Requests for the details of each item that a page lists; their responses have the records.
    /// With several, each asks for the items that the one before it returned.
    #[serde(default)]
    pub details: Vec<Located<Detail>>,
    /// What is added to each record, or to each item that a page lists, as templates:
    /// `{ organisation: "{partition}" }`.
    #[serde(default)]
    pub keep: BTreeMap<String, Located<Node>>,
    /// How far the stream has been read.
    pub cursor: Located<Cursor>,
    /// What happens to a record that was delivered before.
    #[serde(default)]
    pub repeats: Repeats,
    /// Makes the same requests for several streams, each with its own cursor.
    pub partitions: Option<Located<Partitions>>,
    /// How often the vendor may be asked.
    #[serde(default)]
    pub limits: Limits,
    /// What responses mean if their status alone does not say it: the first rule that matches
    /// decides.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// `true` if the cookies that a response sets go with the later requests of the run, for a vendor
    /// that needs them to find a job or a session again. Each goes back to the very origin that set it.
    #[serde(default)]
    pub cookies: bool,
    /// Other origins of the vendor (`https://host`, also with `{var.NAME}`) that get the
    /// credential, as the origin of `request` does. A URL can begin with a value of `setup` that
    /// names one of them.
    #[serde(default)]
    pub own_origins: Vec<Located<String>>,
    /// Other origins (`https://host`, also with `{var.NAME}`) that next links and redirects may
    /// lead to, without the credential.
    #[serde(default)]
    pub allow_origins: Vec<Located<String>>,
    /// The largest page that is accepted, decompressed; by default `64MiB`.
    pub max_page: Option<Located<String>>,
    /// How long to wait for a response; by default `25s`, at most `25s`.
    pub timeout: Option<Located<String>>,
    /// How pulled records differ from the `event` at the top.
    pub event: Option<Event>,
}

/// What happens to a record that was delivered before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// It is dropped, as long as its id is known.
    #[default]
    Drop,
    /// It is delivered again: for streams in which equal records are different events, or if
    /// something behind the queue drops repeats by the event's id.
    Keep,
}
