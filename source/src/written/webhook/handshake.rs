//! `webhook.handshake`: requests that bring no event but expect an answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::respond::Respond;
use crate::located::Located;
use crate::node::Node;
use crate::written::one_or_many::OneOrMany;
use crate::written::webhook::checks::Token;

/// A kind of request that brings no event but expects an answer, such as a challenge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Which requests are meant: all of the conditions must hold.
    pub when: Located<When>,
    /// What such a request must prove. `signed`, the default: it passes `verify`. `none`: nothing.
    /// `token`: it has a token of its own.
    #[serde(default)]
    pub auth: Located<HandshakeAuth>,
    /// Constraints on values of the request: paths, each with a regular expression that the whole
    /// value must match. A request that does not match is refused with 401.
    #[serde(default)]
    pub constrain: BTreeMap<String, Located<String>>,
    /// The answer.
    pub respond: Located<Respond>,
}

/// Which requests are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The method, which can also be `GET`, `HEAD` or `OPTIONS`; by default those of `methods`.
    pub method: Option<Located<String>>,
    /// Values that the request has: `header.NAME`, `query.NAME` or paths into the body.
    pub present: Option<Located<OneOrMany>>,
    /// Values that the request does not have.
    pub absent: Option<Located<OneOrMany>>,
    /// Values that the request has, each with the text, number or boolean that it must be.
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
    /// It has a fixed token.
    Token(Located<Token>),
}
