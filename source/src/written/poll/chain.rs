//! Chains of requests in a `poll`: what comes before the first page, what a page
//! has to be waited for, and what is asked of each thing that a page lists.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::answer_when::AnswerWhen;
use super::request::{Request, Then};
use crate::written::located::Located;
use crate::written::node::Node;
use crate::written::poll::pages::{
    Compression, MissingRecords, Next, PageDecode, Records, StopRule,
};

/// A request that comes before the first page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupStep {
    /// The request.
    pub request: Located<Request>,
    /// Answers that are as good as success, though their status says otherwise.
    #[serde(default)]
    pub ignore: Vec<Located<AnswerWhen>>,
    /// Asks again until the answer says that it is ready.
    #[serde(default)]
    pub wait: Option<Located<Wait>>,
    /// What later requests read as `{setup.NAME}`: the path of each in the answer's JSON, or
    /// `header.NAME`.
    #[serde(default)]
    pub values: BTreeMap<String, Located<String>>,
}

/// Asks again until the answer says that it is ready.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// The answers that are ready.
    pub until: Located<AnswerWhen>,
    /// The answers that never will be: the run fails, and the next begins anew.
    #[serde(default)]
    pub fail: Option<Located<AnswerWhen>>,
    /// What the request reads as `{wait.NAME}` when it is made again: the path of each in the JSON of
    /// an answer that is not ready, or `header.NAME`.
    #[serde(default)]
    pub values: BTreeMap<String, Located<String>>,
    /// How long between two requests; by default `1s`. Longer than `5s` ends the run, and a wake-up
    /// goes on.
    #[serde(default)]
    pub every: Option<Located<String>>,
    /// After how long the run fails, and the next begins anew; by default `1h`.
    #[serde(default)]
    pub at_most: Option<Located<String>>,
}

/// A request for each thing that a page lists, or that the request before it brought.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// The request, whose templates read `{item.PATH}`, or `{item}` for the whole. Its URL may begin
    /// with one: then it is only followed to the source's origin or `allow_origins`.
    pub request: Located<Request>,
    /// What differs in the requests for later pages.
    #[serde(default)]
    pub then: Option<Located<Then>>,
    /// Where a page says how to get the next; without it there is one page.
    #[serde(default)]
    pub next: Option<Located<Next>>,
    /// When to stop asking for pages; by default `[no_next]`.
    #[serde(default)]
    pub stop: Option<Vec<Located<StopRule>>>,
    /// How the answer is read; by default as JSON.
    #[serde(default)]
    pub decode: Option<Located<PageDecode>>,
    /// How it is compressed, besides what its headers say.
    #[serde(default)]
    pub compression: Compression,
    /// The path of the list of records in it; empty where it is the list.
    #[serde(default)]
    pub records: Option<Located<Records>>,
    /// What a page without that list means.
    #[serde(default)]
    pub missing_records: MissingRecords,
    /// Or the path of the one record that it is; empty where it is the whole answer.
    #[serde(default)]
    pub record: Option<Located<String>>,
    /// Asks for many items at once. The first step alone can.
    #[serde(default)]
    pub batch: Option<Located<Batch>>,
    /// Answers that say that there is nothing of this item, such as a 403 for one that is locked.
    #[serde(default)]
    pub ignore: Vec<Located<AnswerWhen>>,
    /// The path, in the item, of the moment after which it is not to be asked for any more.
    #[serde(default)]
    pub expires: Option<Located<String>>,
    /// What of the item is kept in each record, as templates: `{ created: "{item.created}" }`.
    #[serde(default)]
    pub keep: BTreeMap<String, Located<Node>>,
}

/// How many items are asked for at once: `{item}` is then the list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// How many at most, from 1 to 1000.
    pub size: Located<u64>,
    /// The path of what of each item is in the list, such as `id`; by default the whole item.
    #[serde(default)]
    pub of: Option<Located<String>>,
}
