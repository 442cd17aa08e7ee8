//! `webhook.handshake.respond`: the answer to a handshake.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;

/// The answer: one of `text`, `json`, `empty`, `builtin`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Respond {
    /// The status, 200 to 299; by default 200.
    pub status: Option<Located<u32>>,
    /// Headers, as templates of `header.NAME`, `query.NAME` and paths into the body.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// The body as text: a template. `{challenge|hmac_hex}` and `{challenge|hmac_base64}` are the
    /// HMAC-SHA256 with the secret that verified the request.
    pub text: Option<Located<String>>,
    /// The body as JSON, in which every text is a template.
    pub json: Option<Located<Node>>,
    /// No body.
    pub empty: Option<Located<bool>>,
    /// An answer that needs more than a template.
    pub builtin: Option<Located<Builtin>>,
    /// `stored_secret`: the header that the secret comes in, and is sent back in.
    pub header: Option<Located<String>>,
    /// `stored_secret`: in place of `header`, the path into the body or `form.NAME` where the secret
    /// comes. It is not sent back.
    pub from: Option<Located<String>>,
    /// `stored_secret`: the name under which the secret is stored.
    pub secret: Option<Located<String>>,
    /// `stored_secret`: the time (RFC 3339) after which no secret is accepted.
    pub enrol_until: Option<Located<String>>,
}

/// What requests that may bring events are answered, for a vendor that wants more than a status.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventAnswers {
    /// The answer once every record is in the queue or in the dead letters; by default 200, or 202 if a
    /// record was rejected, with their numbers.
    pub accepted: Option<Located<EventAnswer>>,
    /// The answer to a request that is not authentic; by default 401. It is given by the webhook alone:
    /// `early_refusal` then counts as `false`.
    pub denied: Option<Located<EventAnswer>>,
}

/// An answer: one of `text`, `json`, `empty`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventAnswer {
    /// The status: 200 to 299, by default 200, or of `denied` 400 to 499, by default 401.
    pub status: Option<Located<u32>>,
    /// Headers, as templates of `header.NAME`, `query.NAME`, `form.NAME`, paths into the body,
    /// `received_at`, and for `denied` also `denied`, the code of RFC 8935 for the reason.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// The body as text: a template.
    pub text: Option<Located<String>>,
    /// The body as JSON, in which every text is a template.
    pub json: Option<Located<Node>>,
    /// No body.
    pub empty: Option<Located<bool>>,
}

/// An answer that needs more than a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// Confirms an Amazon SNS subscription by a GET request to the message's `SubscribeURL`.
    SnsConfirmation,
    /// Stores the secret that the sender brings, once, and sends it back.
    StoredSecret,
}
