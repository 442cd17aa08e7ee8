//! The `webhook.handshake` part: requests that bring no event but want an
//! answer, and what is answered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::{Located, Node, OneOrMany, Token};

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

/// What is answered: one of `text`, `json`, `empty`, `builtin`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Respond {
    /// The status, 200 to 299; by default 200.
    #[serde(default)]
    pub status: Option<Located<u32>>,
    /// Headers, by name: templates of `header.NAME`, `query.NAME` and paths into the body.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// The body as text: a template. `{challenge|hmac_hex}` and `{challenge|hmac_base64}` are the
    /// HMAC-SHA256 with the secret that verified the request.
    #[serde(default)]
    pub text: Option<Located<String>>,
    /// The body as JSON: a value whose texts are templates.
    #[serde(default)]
    pub json: Option<Located<Node>>,
    /// No body.
    #[serde(default)]
    pub empty: Option<Located<bool>>,
    /// An answer that needs more than a template.
    #[serde(default)]
    pub builtin: Option<Located<Builtin>>,
    /// `stored_secret`: the header that brings the secret and takes it back.
    #[serde(default)]
    pub header: Option<Located<String>>,
    /// `stored_secret`: the name that the secret is stored under.
    #[serde(default)]
    pub secret: Option<Located<String>>,
    /// `stored_secret`: the moment (RFC 3339) after which no secret is taken.
    #[serde(default)]
    pub enrol_until: Option<Located<String>>,
}

/// An answer that needs more than a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// Gets the `SubscribeURL` of an Amazon SNS message, and so confirms the subscription.
    SnsConfirmation,
    /// Takes the secret that the sender brings, once, and gives it back.
    StoredSecret,
}
