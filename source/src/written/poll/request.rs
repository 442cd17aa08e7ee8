//! How a page is asked for, and where it says how to get the next.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::problem::Place;
use crate::written::located::Located;
use crate::written::node::Node;
use crate::written::one_or_many::OneOrMany;

/// The request for a window's first page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The URL to GET, as a template. The origin is the only one that requests go to.
    #[serde(default)]
    pub get: Option<Located<String>>,
    /// Or the URL to POST to.
    #[serde(default)]
    pub post: Option<Located<String>>,
    /// Query parameters, as templates; one whose value is nothing is left out, and one that has a list
    /// is sent with each of its elements.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
    /// Headers, as templates; one whose value is nothing is left out.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<Node>>,
    /// A JSON body, in which each text is a template; a key or an element whose value is nothing is
    /// left out, or `null` with `|default(null)`.
    #[serde(default)]
    pub json: Option<Located<Node>>,
    /// A form as the body (`application/x-www-form-urlencoded`), as templates; a field that has a
    /// list is sent with each of its elements.
    #[serde(default)]
    pub form: Option<BTreeMap<String, Located<Node>>>,
    /// A body of any kind, as a template; needs `content_type`.
    #[serde(default)]
    pub body: Option<Located<String>>,
    /// The content type of `body`.
    #[serde(default)]
    pub content_type: Option<Located<String>>,
}

impl Request {
    /// The place of the URL.
    pub fn url_place(&self) -> Option<Place> {
        self.get.as_ref().or(self.post.as_ref()).and_then(Located::place)
    }
}

/// What differs in the requests for a window's later pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// Which query parameters of `request` come again: `all` (default; where the page names a
    /// URL: `none`), `none`, or a list of names.
    #[serde(default)]
    pub repeat: Option<Located<OneOrMany>>,
    /// The URL to GET, as a template.
    #[serde(default)]
    pub get: Option<Located<String>>,
    /// Or the URL to POST to.
    #[serde(default)]
    pub post: Option<Located<String>>,
    /// Further query parameters, or other values of them: a list replaces all that it had.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
    /// Further headers, or other values of them.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<Node>>,
    /// A JSON body instead of the first request's.
    #[serde(default)]
    pub json: Option<Located<Node>>,
    /// A form instead of the first request's.
    #[serde(default)]
    pub form: Option<BTreeMap<String, Located<Node>>>,
    /// A body of any kind instead of the first request's.
    #[serde(default)]
    pub body: Option<Located<String>>,
    /// The content type of `body`.
    #[serde(default)]
    pub content_type: Option<Located<String>>,
}
