//! `poll.auth.session`: a login that returns a token or cookies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::request::Request;
use super::pairs::{NamedValue, UserPassword};
use crate::located::Located;
use crate::node::Node;

/// A login that returns a token or cookies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The request that logs in.
    pub login: Login,
    /// The token in the response, and how it is sent.
    pub token: Option<SessionToken>,
    /// Or the names of the cookies that the response sets, all of which are sent back.
    pub cookies: Option<Located<Vec<Located<String>>>>,
    /// Where the response has the base URL of the source's requests.
    pub base_url: Option<BaseUrl>,
    /// How long the session is valid; by default until the vendor refuses it.
    pub expires: Option<Expires>,
    /// The request that ends the session at the end of each run. By default the session is kept for
    /// the next run.
    pub logout: Option<Located<Request>>,
}

/// The request that logs in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The URL to POST to, as a template.
    pub post: Located<String>,
    /// The body as JSON, in which every text is a template.
    pub json: Option<Located<Node>>,
    /// The body as a form of templates.
    pub form: Option<BTreeMap<String, Located<String>>>,
    /// Headers, as templates.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// A name and a password in the header `Authorization: Basic`.
    pub basic: Option<UserPassword>,
}

/// The token of a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionToken {
    /// Where the response has it: a path into its JSON, `header.NAME` or `cookie.NAME`.
    pub from: Located<String>,
    /// How it is sent.
    pub send: SendToken,
}

/// How a token is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendToken {
    /// In a header, whose value is a template with `{token}`.
    Header(NamedValue),
    /// In the cookie of this name.
    Cookie(Located<String>),
    /// In the query parameter of this name.
    Query(Located<String>),
}

/// Where the response to a login has the base URL of the API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseUrl {
    /// The path of the URL. Its origin must be the source's, the login's, or one of
    /// `allow_origins`.
    pub from: Located<String>,
}

/// How long a session is valid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// For this long after the login: `30m`.
    After(Located<String>),
    /// The path of its duration in seconds.
    In(Located<String>),
    /// The path of its end, in RFC 3339 or as seconds or milliseconds since the epoch.
    At(Located<String>),
}
