//! The `poll` part: how records are fetched, and how far they have been read.

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

use crate::written::event::Event;
use crate::written::located::Located;
use crate::written::node::Node;

pub use answer_when::AnswerWhen;
pub use auth::{
    AssertionAlgorithm, Auth, BaseUrl, ClientAuth, ClientCredentials, Expires, GithubApp,
    GoogleServiceAccount, JwtBearer, Login, NamedValue, PasswordGrant, RefreshToken, SendToken,
    Session, SessionToken, Sign, SignDuo, SignEdgegrid, SignHash, SignHmac, SignSigv4, TokenAnswer,
    TokenBody, UserPassword,
};
pub use chain::{Batch, Detail, SetupStep, Wait};
pub use cursor::{Advance, Cursor, Granularity, NextLink, Order, Restart, RestartFrom, Rewrite};
pub use error_rule::{ErrorAction, ErrorRule};
pub use limits::{Limits, ResetFormat};
pub use pages::{
    Compression, Csv, MissingRecords, MissingTrailer, Ndjson, Next, NextLast, NextOffset, NextPage,
    NextToken, PageDecode, Records, StopRule, TokenFormat, Trailer,
};
pub use partitions::{PartitionRequest, Partitions};
pub use request::{Request, Then};

/// How we pull events from the vendor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// How often to look: `rate(1 minute)`, `rate(5 minutes)`, `rate(1 hour)`.
    pub schedule: Located<String>,
    /// Constants for the templates below: `{var.NAME}`.
    #[serde(default)]
    pub vars: Vars,
    /// How we prove who we are.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Requests that come before the first page: of each window, or of a run without windows.
    #[serde(default)]
    pub setup: Vec<Located<SetupStep>>,
    /// The request for a window's first page.
    pub request: Located<Request>,
    /// Asks for a page again until the answer says that it is ready.
    #[serde(default)]
    pub wait: Option<Located<Wait>>,
    /// What differs in the requests for its later pages.
    #[serde(default)]
    pub then: Option<Located<Then>>,
    /// Where a page says how to get the next; without it there is one page.
    #[serde(default)]
    pub next: Option<Located<Next>>,
    /// When to stop asking for pages; by default `[no_next]`.
    #[serde(default)]
    pub stop: Option<Vec<Located<StopRule>>>,
    /// How a page's body is read; by default as JSON.
    #[serde(default)]
    pub decode: Option<Located<PageDecode>>,
    /// How a page's body is compressed, besides what its headers say.
    #[serde(default)]
    pub compression: Compression,
    /// The path of the list of records in a page, empty where the page is the list; the paths of
    /// several lists; or `{ values: PATH }`, the path of an object whose values they are.
    #[serde(default)]
    pub records: Option<Located<Records>>,
    /// What a page without that list, or that `record`, means.
    #[serde(default)]
    pub missing_records: MissingRecords,
    /// Or the path of the one record that a page is; empty where it is the whole page.
    #[serde(default)]
    pub record: Option<Located<String>>,
    /// What is asked of each thing that a page lists: its answers have the records. Of several, each
    /// asks of what the one before it brought.
    #[serde(default)]
    pub details: Vec<Located<Detail>>,
    /// What is put into each record, or each thing that a page lists, as templates:
    /// `{ organisation: "{partition}" }`.
    #[serde(default)]
    pub keep: BTreeMap<String, Located<Node>>,
    /// How far the stream has been read.
    pub cursor: Located<Cursor>,
    /// What becomes of a record that was delivered before.
    #[serde(default)]
    pub repeats: Repeats,
    /// The same requests for each of several streams, each with a cursor of its own.
    #[serde(default)]
    pub partitions: Option<Located<Partitions>>,
    /// How often the vendor may be asked.
    #[serde(default)]
    pub limits: Limits,
    /// What answers mean that their status alone does not say: the first rule that holds decides.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// Further origins of the vendor's own (`https://host`, also with `{var.NAME}`), which get the
    /// credential as that of `request` does. A URL may begin with a value of `setup` that names one.
    #[serde(default)]
    pub own_origins: Vec<Located<String>>,
    /// Further origins (`https://host`, also with `{var.NAME}`) that next links and redirects may
    /// lead to, without the credential.
    #[serde(default)]
    pub allow_origins: Vec<Located<String>>,
    /// The largest page taken, decompressed; by default `64MiB`.
    #[serde(default)]
    pub max_page: Option<Located<String>>,
    /// How long to wait for one answer; by default `25s`, at most `25s`.
    #[serde(default)]
    pub timeout: Option<Located<String>>,
    /// What differs from the `event` at the top for pulled records.
    #[serde(default)]
    pub event: Option<Event>,
}

/// What becomes of a record that was delivered before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// It is dropped, as far as its id is still known.
    #[default]
    Drop,
    /// It is delivered again: where two records may be equal and still be two, or where something
    /// behind the queue drops repeats by the event's id.
    Keep,
}

/// Constants, by name: `{var.NAME}` in templates.
pub type Vars = BTreeMap<String, Located<Node>>;
