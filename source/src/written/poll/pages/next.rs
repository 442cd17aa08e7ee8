//! Where a page says how to get the next, and when there is none.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::located::Located;
use crate::written::node::Node;

/// Where a page says how to get the next.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The relation in the `Link` header (RFC 8288), usually `next`.
    Link(Located<String>),
    /// The path of a URL in the body, or `header.NAME`: absolute, relative, or only a query.
    Url(Located<String>),
    /// A token that the page has.
    Token(NextToken),
    /// The number of the page, counted up.
    Page(NextPage),
    /// How many records to pass over.
    Offset(NextOffset),
    /// A value of the last record on the page.
    Last(NextLast),
    /// `true` where the vendor itself keeps the place: the same is asked again until a page is empty.
    Again(Located<bool>),
}

/// A token that the page has, sent back with the next request.
///
/// Without a place for it, templates under `then` read it as `{page.token}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextToken {
    /// The path of the token in the body, or `header.NAME`.
    pub from: Located<String>,
    /// Where the token is a list: what stands between its parts when it is sent back.
    #[serde(default)]
    pub join: Option<String>,
    /// `json` where the token is a list or an object, or the text of one: it is sent back as that.
    #[serde(default)]
    pub format: Option<TokenFormat>,
    /// The query parameter that takes it.
    #[serde(default)]
    pub query: Option<Located<String>>,
    /// Or the header that takes it.
    #[serde(default)]
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body that takes it.
    #[serde(default)]
    pub json: Option<Located<String>>,
    /// Or the form field that takes it.
    #[serde(default)]
    pub form: Option<Located<String>>,
}

/// What a token is that is no plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenFormat {
    /// A list or an object.
    Json,
}

/// The number of the page, sent with every request; templates read it as `{page.number}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextPage {
    /// The query parameter that takes it.
    #[serde(default)]
    pub query: Option<Located<String>>,
    /// Or the header that takes it.
    #[serde(default)]
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body that takes it.
    #[serde(default)]
    pub json: Option<Located<String>>,
    /// Or the form field that takes it.
    #[serde(default)]
    pub form: Option<Located<String>>,
    /// The number of the first page; by default 1.
    #[serde(default)]
    pub start: Option<Located<u64>>,
}

/// How many records to pass over, sent with every request; templates read it as `{page.offset}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextOffset {
    /// The query parameter that takes it.
    #[serde(default)]
    pub query: Option<Located<String>>,
    /// Or the header that takes it.
    #[serde(default)]
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body that takes it.
    #[serde(default)]
    pub json: Option<Located<String>>,
    /// Or the form field that takes it.
    #[serde(default)]
    pub form: Option<Located<String>>,
    /// The offset of the first page; by default 0.
    #[serde(default)]
    pub start: Option<Located<u64>>,
    /// By how much it grows with a page; by default by the records on it.
    #[serde(default)]
    pub step: Option<Located<u64>>,
}

/// A value of the last record on the page, sent with the next request; templates under `then` read
/// it as `{page.last}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLast {
    /// The path of the value in the record.
    pub from: Located<String>,
    /// What is added to it, where it is an integer and the vendor's bound is inclusive.
    #[serde(default)]
    pub plus: Option<Located<u64>>,
    /// The query parameter that takes it.
    #[serde(default)]
    pub query: Option<Located<String>>,
    /// Or the header that takes it.
    #[serde(default)]
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body that takes it.
    #[serde(default)]
    pub json: Option<Located<String>>,
    /// Or the form field that takes it.
    #[serde(default)]
    pub form: Option<Located<String>>,
}

/// When to stop asking for pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// The page names no next one. This always stops.
    NoNext,
    /// The page has no records, whatever it names. Pages by number, offset or last record, and those
    /// that the same request brings, always stop so.
    EmptyPage,
    /// The next page is the one just read.
    SameNext,
    /// The page has fewer records than this.
    ShortPage(Located<u64>),
    /// The value at this path, such as `has_more`, is not there, or false, empty or 0.
    Unless(Located<String>),
    /// Every path has this value: `{ lastPage: true }`.
    When(BTreeMap<String, Located<Node>>),
    /// As many records were read as the number at this path says; for `next: { offset: … }`.
    Total(Located<String>),
    /// The page's number is the one at this path; for `next: { page: … }`.
    Pages(Located<String>),
}
