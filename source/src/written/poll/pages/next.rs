//! `next` and `stop`: how to get the next page, and when there is none.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::link::{HeaderLink, PageUrl};
use crate::located::Located;
use crate::node::Node;

/// How to get the next page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The relation in the `Link` header (RFC 8288), usually `next`.
    Link(Located<HeaderLink>),
    /// The path of a URL in the body, or `header.NAME`. The URL can be absolute, relative, or only
    /// a query.
    Url(Located<PageUrl>),
    /// A token in the page.
    Token(NextToken),
    /// The number of the page, which is counted up.
    Page(NextPage),
    /// How many records to skip.
    Offset(NextOffset),
    /// A value of the last record on the page.
    Last(NextLast),
    /// `true` if the vendor itself remembers what was read: the same request is made until a page
    /// is empty.
    Again(Located<bool>),
}

/// A token in the page, which is sent back with the next request.
///
/// Templates under `then` can also read it as `{page.token}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextToken {
    /// The path of the token in the body, or `header.NAME`.
    pub from: Located<String>,
    /// If the token is a list: the separator of its parts when it is sent back.
    pub join: Option<String>,
    /// `json` if the token is a list or an object, or the text of one: it is sent back as such.
    pub format: Option<TokenFormat>,
    /// `true` if the vendor keeps the place under the token, as a scroll does: each request with it
    /// brings what comes next, until a page has no record.
    pub again: Option<Located<bool>>,
    /// Values that mean that there is no token, such as `[0, -1, "null"]`. Nothing, null, false and
    /// an empty text always mean that.
    #[serde(default)]
    pub none: Vec<Located<Node>>,
    /// The query parameter to send it in.
    pub query: Option<Located<String>>,
    /// Or the header to send it in.
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body to send it at.
    pub json: Option<Located<String>>,
    /// Or the form field to send it in.
    pub form: Option<Located<String>>,
}

/// What a token is if it is not plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenFormat {
    /// A list or an object.
    Json,
}

/// The number of the page, which is sent with every request. Templates read it as `{page.number}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextPage {
    /// The query parameter to send it in.
    pub query: Option<Located<String>>,
    /// Or the header to send it in.
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body to send it at.
    pub json: Option<Located<String>>,
    /// Or the form field to send it in.
    pub form: Option<Located<String>>,
    /// The number of the first page; by default 1.
    pub start: Option<Located<u64>>,
}

/// How many records to skip, which is sent with every request. Templates read it as
/// `{page.offset}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextOffset {
    /// The query parameter to send it in.
    pub query: Option<Located<String>>,
    /// Or the header to send it in.
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body to send it at.
    pub json: Option<Located<String>>,
    /// Or the form field to send it in.
    pub form: Option<Located<String>>,
    /// The offset of the first page; by default 0.
    pub start: Option<Located<u64>>,
    /// How much it grows with each page; by default by the number of records on it.
    pub step: Option<Located<u64>>,
}

/// A value of the last record on the page, which is sent with the next request. Templates under
/// `then` read it as `{page.last}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLast {
    /// The path of the value in the record.
    pub from: Located<String>,
    /// A number to add to it, if it is an integer and the vendor's bound is inclusive.
    pub plus: Option<Located<u64>>,
    /// The query parameter to send it in.
    pub query: Option<Located<String>>,
    /// Or the header to send it in.
    pub header: Option<Located<String>>,
    /// Or the path in the JSON body to send it at.
    pub json: Option<Located<String>>,
    /// Or the form field to send it in.
    pub form: Option<Located<String>>,
}

/// When to stop asking for pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// The page names no next one. This always applies.
    NoNext,
    /// The page has no records, whatever next page it names. For `page`, `offset`, `last` and
    /// `again` this always applies.
    EmptyPage,
    /// The next page is the one just read.
    SameNext,
    /// The page has fewer records than this.
    ShortPage(Located<u64>),
    /// The value at this path, such as `has_more`, is missing, false, empty or 0.
    Unless(Located<String>),
    /// Every path has the given value: `{ lastPage: true }`.
    When(BTreeMap<String, Located<Node>>),
    /// Every parameter of the link has the given value: `{ results: "false" }`. For `next: { link: … }`.
    LinkWhen(BTreeMap<String, Located<Node>>),
    /// As many records were read as the number at this path says. For `next: { offset: … }`.
    Total(Located<String>),
    /// The page's number is the one at this path. For `next: { page: … }`.
    Pages(Located<String>),
}
