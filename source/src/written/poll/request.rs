//! The requests for pages.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;
use crate::problem::Place;
use crate::written::one_or_many::OneOrMany;

/// The request for a window's first page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The URL to GET, as a template. Requests go only to its origin.
    pub get: Option<Located<String>>,
    /// Or the URL to POST to.
    pub post: Option<Located<String>>,
    /// Or the URL to DELETE, only under `finish` and `logout`.
    pub delete: Option<Located<String>>,
    /// Query parameters, as templates. One without a value is left out; one whose value is a list
    /// is sent once for each element.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
    /// Headers, as templates. One without a value is left out.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<Node>>,
    /// A JSON body, in which every text is a template. A key or element without a value is left
    /// out; with `|default(null)` it is `null`.
    pub json: Option<Located<Node>>,
    /// A form as the body (`application/x-www-form-urlencoded`), as templates. A field whose value
    /// is a list is sent once for each element.
    pub form: Option<BTreeMap<String, Located<Node>>>,
    /// Any other body, as a template; needs `content_type`.
    pub body: Option<Located<String>>,
    /// The content type of `body`.
    pub content_type: Option<Located<String>>,
}

impl Request {
    /// Returns the place of the URL.
    pub fn url_place(&self) -> Option<Place> {
        let url = self.get.as_ref().or(self.post.as_ref()).or(self.delete.as_ref());
        url.and_then(Located::place)
    }
}

/// How the requests for a window's later pages differ.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// Which query parameters of `request` are sent again: `all`, `none`, or a list of names. By
    /// default `all`, or `none` if the page names a URL.
    pub repeat: Option<Located<OneOrMany>>,
    /// The URL to GET, as a template.
    pub get: Option<Located<String>>,
    /// Or the URL to POST to.
    pub post: Option<Located<String>>,
    /// More query parameters, or other values for them; a list replaces all values.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
    /// More headers, or other values for them.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<Node>>,
    /// A JSON body instead of the first request's.
    pub json: Option<Located<Node>>,
    /// A form instead of the first request's.
    pub form: Option<BTreeMap<String, Located<Node>>>,
    /// Any other body instead of the first request's.
    pub body: Option<Located<String>>,
    /// The content type of `body`.
    pub content_type: Option<Located<String>>,
}
