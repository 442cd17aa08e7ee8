//! The `poll` part: how records are fetched, and how far they have been read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Cursor, ErrorRule, Event, Limits, Located, Node, Partitions, Vars};

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
    /// The request for a window's first page.
    pub request: Request,
    /// Where a page says how to get the next; without it there is one page.
    #[serde(default)]
    pub next: Option<Next>,
    /// When to stop asking for pages; by default `[no_next]`.
    #[serde(default)]
    pub stop: Option<Vec<StopRule>>,
    /// The path of the list of records in a page; empty where the page is the list.
    pub records: Located<String>,
    /// How far the stream has been read.
    pub cursor: Located<Cursor>,
    /// The same requests for each of several streams, each with a cursor of its own.
    #[serde(default)]
    pub partitions: Option<Located<Partitions>>,
    /// How often the vendor may be asked.
    #[serde(default)]
    pub limits: Limits,
    /// What answers mean that their status alone does not say: the first rule that holds decides.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// Further origins (`https://host`) that next links and redirects may lead to.
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

/// How we prove who we are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// `Authorization: Bearer …`, as a template.
    Bearer(Located<String>),
    /// A header of any name.
    Header(NamedValue),
    /// A query parameter of any name.
    Query(NamedValue),
    /// OAuth 2.0 client credentials (RFC 6749 §4.4).
    ClientCredentials(Box<ClientCredentials>),
}

/// A name and a value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedValue {
    /// The name.
    pub name: Located<String>,
    /// The value, as a template.
    pub value: Located<String>,
}

/// OAuth 2.0 client credentials (RFC 6749 §4.4).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// The token endpoint, as a template.
    pub token_url: Located<String>,
    /// The client's id, as a template.
    pub client_id: Located<String>,
    /// The client's secret, as a template.
    pub client_secret: Located<String>,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    /// How the client proves itself to the token endpoint; by default `basic`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Further parameters of the token request, as templates, such as `audience`.
    #[serde(default)]
    pub params: BTreeMap<String, Located<String>>,
}

/// How a client proves itself to a token endpoint (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// By the header `Authorization: Basic`.
    #[default]
    Basic,
    /// By `client_id` and `client_secret` in the body.
    Body,
}

/// The request for a window's first page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The URL to GET, as a template. The origin is the only one that requests go to.
    pub get: Located<String>,
    /// Query parameters, as templates; one whose value is nothing is left out.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
    /// Headers, as templates; one whose value is nothing is left out.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<Node>>,
}

/// Where a page says how to get the next.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The relation in the `Link` header (RFC 8288), usually `next`.
    Link(Located<String>),
    /// The path of a URL in the body.
    Url(Located<String>),
    /// A token in the body, sent back in the query.
    Token(NextToken),
}

/// A token in the body, sent back in the query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextToken {
    /// The path of the token in the body.
    pub from: Located<String>,
    /// The query parameter that takes it.
    pub query: Located<String>,
}

/// When to stop asking for pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// The page names no next one. This always stops.
    NoNext,
    /// The page has no records, whatever it names.
    EmptyPage,
    /// The next page is the one just read.
    SameNext,
}
