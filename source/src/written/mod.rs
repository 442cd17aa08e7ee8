//! What a person wrote: the source file as it stands on disk.
//!
//! Every object refuses unknown keys, every choice is an externally tagged
//! enum (`hmac: {…}`), and values that are understood later carry their place,
//! so that a mistake is reported at the letter. Nothing but
//! [`crate::checked`] reads these types; the JSON Schema that editors use is
//! generated from them, doc comments and all.

mod auth;
mod chain;
mod check;
mod cursor;
mod error_rule;
mod event;
mod from_node;
mod handshake;
mod jwt;
mod limits;
mod located;
mod node;
mod one_or_many;
mod page_decode;
mod partitions;
mod poll;
mod preset_use;
mod records;
mod request;
mod secret_use;
mod sign;
mod signature;
mod split;
mod text_or_object;
mod webhook;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use auth::{
    AssertionAlgorithm, Auth, BaseUrl, ClientAuth, ClientCredentials, Expires, GithubApp,
    GoogleServiceAccount, JwtBearer, Login, NamedValue, PasswordGrant, RefreshToken, SendToken,
    Session, SessionToken, TokenAnswer, TokenBody, UserPassword,
};
pub use chain::{Batch, Detail, SetupStep, Wait};
pub use check::{Basic, Check, Digest, Hmac, Ip, PublicKey, PublicKeyAlgorithm, Token};
pub use cursor::{
    Advance, Cursor, Granularity, NextLink, Order, Restart, RestartFrom, Rewrite, TimeFormat,
};
pub use error_rule::{AnswerWhen, ErrorAction, ErrorRule};
pub use event::{Event, Map};
pub(crate) use from_node::from_node;
pub use handshake::{Builtin, Handshake, HandshakeAuth, Respond, When};
pub use jwt::{AwsSns, Jwt, JwtAlgorithm, JwtKeys};
pub use limits::{Limits, ResetFormat};
pub use located::Located;
pub use node::Node;
pub use one_or_many::OneOrMany;
pub use page_decode::{
    Compression, Csv, MissingRecords, MissingTrailer, Ndjson, PageDecode, Trailer,
};
pub use partitions::{PartitionRequest, Partitions};
pub use poll::{Poll, Repeats};
pub use preset_use::PresetUse;
pub use records::Records;
pub use request::{
    Next, NextLast, NextOffset, NextPage, NextToken, Request, StopRule, Then, TokenFormat,
};
pub use secret_use::{RetiringSecret, SecretUse};
pub use sign::{Sign, SignDuo, SignEdgegrid, SignHash, SignHmac, SignSigv4};
pub use signature::{Bare, Encoding, Hash, Key, KeyEncoding, Signature, SignedTime, TimeUnit};
pub use split::Split;
pub use webhook::{Decode, Webhook};

/// A source of security events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// The version of this file's format; 1 is the only one.
    #[serde(default)]
    pub version: Option<Located<u32>>,
    /// The source's name: `a-z`, `0-9`, `-`, `_`. It is the last part of the webhook's URL.
    pub source: Located<String>,
    /// What this source is, for people.
    #[serde(default)]
    pub description: Option<String>,
    /// How the vendor pushes events to us.
    #[serde(default)]
    pub webhook: Option<Located<Webhook>>,
    /// How we pull events from the vendor.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// What a valid record is and how it becomes an event.
    #[serde(default)]
    pub event: Event,
}

/// Constants, by name: `{var.NAME}` in templates.
pub type Vars = BTreeMap<String, Located<Node>>;
