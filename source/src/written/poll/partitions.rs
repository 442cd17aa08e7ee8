//! `poll.partitions`: several streams that are read by the same requests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::request::{Request, Then};
use crate::located::Located;
use crate::written::charset::Charset;
use crate::written::poll::pages::{
    Compression, MissingRecords, Next, PageDecode, Records, StopRule,
};

/// The streams of one source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partitions {
    /// The names of the streams; each is `{partition}` in templates of the requests.
    List(Vec<Located<String>>),
    /// The request for the vendor's list of them, made at the start of each run.
    Request(Box<Located<PartitionRequest>>),
}

/// The request that lists the streams of a source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartitionRequest {
    /// The stream's name, as a template of the listed item: `"{id}"`. It is `{partition}`
    /// elsewhere.
    pub name: Located<String>,
    /// Values that requests read as `{partition.NAME}`: the path of each in the listed item.
    #[serde(default)]
    pub values: BTreeMap<String, Located<String>>,
    /// The request for the first page.
    pub request: Located<Request>,
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
    /// The path of the list in a page; empty if the page is the list.
    pub records: Option<Located<Records>>,
    /// What a page without that list means.
    #[serde(default)]
    pub missing_records: MissingRecords,
    /// Or the path of the only item in a page.
    pub record: Option<Located<String>>,
}
