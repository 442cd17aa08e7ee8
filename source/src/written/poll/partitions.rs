//! The `partitions` of a `poll`: several streams behind the same requests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::request::{Request, Then};
use crate::written::located::Located;
use crate::written::poll::pages::{
    Compression, MissingRecords, Next, PageDecode, Records, StopRule,
};

/// The streams of one source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partitions {
    /// They are known: each value is `{partition}` in the templates of the request.
    List(Vec<Located<String>>),
    /// The vendor lists them: it is asked at the beginning of each run.
    Request(Box<Located<PartitionRequest>>),
}

/// The request that lists the streams of a source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartitionRequest {
    /// The stream's name, as a template of what is listed: `"{id}"`. It is `{partition}` elsewhere.
    pub name: Located<String>,
    /// What requests read as `{partition.NAME}`: the path of each in what is listed.
    #[serde(default)]
    pub values: BTreeMap<String, Located<String>>,
    /// The request for the first page.
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
    /// How a page's body is read; by default as JSON.
    #[serde(default)]
    pub decode: Option<Located<PageDecode>>,
    /// How a page's body is compressed, besides what its headers say.
    #[serde(default)]
    pub compression: Compression,
    /// The path of the list in a page; empty where the page is the list.
    #[serde(default)]
    pub records: Option<Located<Records>>,
    /// What a page without that list means.
    #[serde(default)]
    pub missing_records: MissingRecords,
    /// Or the path of the one thing that a page lists.
    #[serde(default)]
    pub record: Option<Located<String>>,
}
