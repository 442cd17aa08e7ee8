//! The `webhook.handshake` part: requests that bring no event but want an
//! answer, and what is answered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::respond::Respond;
use crate::written::located::Located;
use crate::written::node::Node;
use crate::written::one_or_many::OneOrMany;
use crate::written::webhook::checks::Token;

/// One kind of request that brings no event but wants an answer, such as a challenge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Which requests are meant: all that stands here must hold.
    pub when: Located<When>,
    /// What such a request must prove: `signed` (the default): it passes `verify`. `none`: nothing.
    /// `token`: it holds a token of its own.
    #[serde(default)]
    pub auth: Located<HandshakeAuth>,
    /// The form of values of the request: paths, each with a regular expression that the whole value
    /// must match. A request that does not is refused with 401.
    #[serde(default)]
    pub constrain: BTreeMap<String, Located<String>>,
    /// What is answered.
    pub respond: Located<Respond>,
}

/// Which requests are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The method: `GET`, `HEAD` and `OPTIONS` too; by default those of `methods`.
    #[serde(default)]
    pub method: Option<Located<String>>,
    /// Places that hold something: `header.NAME`, `query.NAME` or a path into the body.
    #[serde(default)]
    pub present: Option<Located<OneOrMany>>,
    /// Places that hold nothing.
    #[serde(default)]
    pub absent: Option<Located<OneOrMany>>,
    /// Places with the text, number or boolean that they hold.
    #[serde(default)]
    pub equals: BTreeMap<String, Located<Node>>,
}

/// What a handshake's request must prove.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandshakeAuth {
    /// It passes `verify`.
    #[default]
    Signed,
    /// Nothing: anybody may ask.
    None,
    /// It holds a fixed token.
    Token(Located<Token>),
}
