//! Chains of requests: those before the first page, waiting until a page is
//! ready, and the details of each item that a page lists.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::answer_when::AnswerWhen;
use super::request::{Request, Then};
use crate::located::Located;
use crate::node::Node;
use crate::written::charset::Charset;
use crate::written::poll::pages::{
    Compression, MissingRecords, Next, PageDecode, Records, StopRule,
};

/// A request before the first page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupStep {
    /// The request.
    pub request: Located<Request>,
    /// Responses that count as success although their status says otherwise.
    #[serde(default)]
    pub ignore: Vec<Located<AnswerWhen>>,
    /// Sends the request again until the response says that it is ready.
    pub wait: Option<Located<Wait>>,
    /// Values that later requests read as `{setup.NAME}`: the path of each in the JSON of the
    /// response, or `header.NAME`.
    #[serde(default)]
    pub values: BTreeMap<String, Located<String>>,
}

/// Sends the request again until the response says that it is ready.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// Responses that are ready.
    pub until: Located<AnswerWhen>,
    /// Responses that will never be ready: the run fails, and the next one starts over.
    pub fail: Option<Located<AnswerWhen>>,
    /// Values that the request reads as `{wait.NAME}` when it is sent again: the path of each in
    /// the JSON of a response that is not ready, or `header.NAME`.
    #[serde(default)]
    pub values: BTreeMap<String, Located<String>>,
    /// How long to wait between two requests; by default `1s`. More than `5s` ends the run, and a
    /// wake-up continues it.
    pub every: Option<Located<String>>,
    /// How long to wait in all until the run fails and the next one starts over; by default `1h`.
    pub at_most: Option<Located<String>>,
}

/// A request for each item that a page lists, or that the request before it returned.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// The request. Its templates read `{item.PATH}`, or `{item}` for the whole item. If its URL
    /// begins with one of these, it may only lead to the source's origin, to `own_origins`, or,
    /// without the credential, to `allow_origins`.
    pub request: Located<Request>,
    /// How the requests for later pages differ.
    pub then: Option<Located<Then>>,
    /// How to get the next page; without it there is one page.
    pub next: Option<Located<Next>>,
    /// When to stop asking for pages; by default `[no_next]`.
    pub stop: Option<Vec<Located<StopRule>>>,
    /// How the response is decoded; by default as JSON.
    pub decode: Option<Located<PageDecode>>,
    /// How it is compressed, apart from what its headers say.
    #[serde(default)]
    pub compression: Compression,
    /// In which character set it is, if it is not in UTF-8. Without it, a byte order mark of UTF-16
    /// counts, and the character set of the content type where a record is no UTF-8.
    pub charset: Option<Charset>,
    /// The path of the list of records in it; empty if it is the list.
    pub records: Option<Located<Records>>,
    /// What a page without that list means.
    #[serde(default)]
    pub missing_records: MissingRecords,
    /// Or the path of the only record in it; empty if it is the whole response.
    pub record: Option<Located<String>>,
    /// Asks for many items at once. Only the first step can do this.
    pub batch: Option<Located<Batch>>,
    /// Responses that mean that there are no details of the item, such as a 403 for one that is
    /// locked.
    #[serde(default)]
    pub ignore: Vec<Located<AnswerWhen>>,
    /// The path, in the item, of the time after which it is no longer asked for.
    pub expires: Option<Located<String>>,
    /// What is added to each record from the item, as templates: `{ created: "{item.created}" }`.
    #[serde(default)]
    pub keep: BTreeMap<String, Located<Node>>,
}

/// How many items are asked for at once. `{item}` is then the list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// How many at most, from 1 to 1000.
    pub size: Located<u64>,
    /// The path of the part of each item that is in the list, such as `id`; by default the whole
    /// item.
    pub of: Option<Located<String>>,
}
