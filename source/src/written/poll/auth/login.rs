//! `poll.auth.session`: a login that gives a token or cookies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::pairs::{NamedValue, UserPassword};
use crate::written::located::Located;
use crate::written::node::Node;

/// A login that gives a token or a cookie.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The request that logs in.
    pub login: Login,
    /// What the answer gives, and how it is sent.
    #[serde(default)]
    pub token: Option<SessionToken>,
    /// Or the names of the cookies that the answer sets, all of which are sent back.
    #[serde(default)]
    pub cookies: Option<Located<Vec<Located<String>>>>,
    /// Where the answer says to which base URL the source's requests go.
    #[serde(default)]
    pub base_url: Option<BaseUrl>,
    /// How long the session lives; without it, until the vendor refuses it.
    #[serde(default)]
    pub expires: Option<Expires>,
}

/// The request that logs in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The URL to POST to, as a template.
    pub post: Located<String>,
    /// The body as JSON; every text in it is a template.
    #[serde(default)]
    pub json: Option<Located<Node>>,
    /// The body as a form of templates.
    #[serde(default)]
    pub form: Option<BTreeMap<String, Located<String>>>,
    /// Headers, as templates.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// A name and a password in the header `Authorization: Basic`.
    #[serde(default)]
    pub basic: Option<UserPassword>,
}

/// The token of a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionToken {
    /// Where the answer has it: a path into its JSON, `header.NAME` or `cookie.NAME`.
    pub from: Located<String>,
    /// How it is sent.
    pub send: SendToken,
}

/// How a token is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendToken {
    /// In a header, whose value is a template over `{token}`.
    Header(NamedValue),
    /// In the cookie of this name.
    Cookie(Located<String>),
    /// In the query parameter of this name.
    Query(Located<String>),
}

/// Where the answer of a login says where the API is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseUrl {
    /// The path of the URL; its origin is the source's, the login's, or under `allow_origins`.
    pub from: Located<String>,
}

/// How long a session lives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// So long after the login: `30m`.
    After(Located<String>),
    /// The path of its life in seconds.
    In(Located<String>),
    /// The path of its end: RFC 3339, or seconds or milliseconds since the epoch.
    At(Located<String>),
}
