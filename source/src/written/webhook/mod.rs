//! `webhook`: who may push events to us, and how they prove it.

mod checks;
mod handshake;
mod preset;
mod respond;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::written::charset::Charset;
use crate::written::event::Event;
use crate::written::one_or_many::OneOrMany;

pub use checks::*;
pub use handshake::*;
pub use preset::*;
pub use respond::*;

/// How the vendor pushes events to us, at `POST /<source>`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The checks that a request must all pass.
    pub verify: Option<Located<Vec<Check>>>,
    /// Why this webhook accepts requests from anybody; only without `verify`.
    pub unauthenticated: Option<Located<String>>,
    /// The methods that are accepted; by default `POST`.
    pub methods: Option<Located<Vec<Located<String>>>>,
    /// The URL that the vendor was given, for signatures over `{url}`. It is never taken from a
    /// request. `{endpoint}` at its beginning is where the webhooks of the deployment come in, so that
    /// one file serves every stage.
    pub public_url: Option<Located<String>>,
    /// The largest body that is accepted, as it is sent: `512KiB`; by default `4560KiB`, the
    /// largest that surely reaches a function on AWS, at most `10MiB`.
    pub max_body: Option<Located<String>>,
    /// The path of the vendor's id for the delivery, or a template such as `"{source} {id}"` if two
    /// events can share an id; or several of them, of which the first that is found whole counts.
    pub delivery_id: Option<Located<OneOrMany>>,
    /// What two requests are whose bodies are equal and whose ids differ, if nobody signs the id: by
    /// default two events.
    pub equal_bodies: Option<EqualBodies>,
    /// How the body is read; by default as its content type says.
    #[serde(default)]
    pub decode: Decode,
    /// In which character set the body is, if it is not in UTF-8. Without it, a byte order mark of
    /// UTF-16 counts, and the character set of the content type where a record is no UTF-8.
    pub charset: Option<Charset>,
    /// Whether a gateway's authorizer may refuse a request, with 403, before the webhook would with
    /// 401; `false` for a vendor that wants to see 401.
    #[serde(default = "yes")]
    pub early_refusal: bool,
    /// The status of the answer to an authentic request with a record that was rejected: 202, or
    /// 400 or 422 if the vendor should know. The record becomes a dead letter in any case.
    pub rejected_status: Option<Located<u32>>,
    /// What requests that may bring events are answered, if a vendor wants more than a status.
    pub respond: Option<Located<EventAnswers>>,
    /// Requests that bring no event but expect an answer; the first rule that matches counts.
    #[serde(default)]
    pub handshake: Vec<Located<Handshake>>,
    /// How pushed records differ from the `event` at the top.
    pub event: Option<Event>,
}

fn yes() -> bool {
    true
}

/// What requests with equal bodies are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EqualBodies {
    /// Deliveries of their own, if they have different ids.
    #[default]
    Events,
    /// One delivery and its repeats, whatever their ids are: of the vendor's events no two have the
    /// same body.
    Repeats,
}

/// How a body is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decode {
    /// As the content type says; JSON if it says nothing.
    #[default]
    Auto,
    /// One JSON value.
    Json,
    /// One JSON value on each line.
    Ndjson,
    /// JSON values, each behind the character RS (RFC 7464).
    JsonSeq,
    /// JSON values that follow each other with nothing between, or with blanks.
    Concatenated,
    /// A form: its field `payload` holds JSON, or its fields are the record.
    Form,
    /// XML. An element is an object of its attributes (`@name`) and elements; repeated elements are
    /// a list; an element with only text is that text; text next to other elements is `$text`.
    Xml,
}
