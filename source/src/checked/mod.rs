//! What a source file means.
//!
//! Everything here is understood and consistent: paths are parsed, templates
//! compiled, units read, and nothing refers to a name that is not there. A
//! value of these types can be used without another look at the file.

mod answer_when;
mod auth;
mod aws_sns;
mod chain;
mod check;
mod checker;
mod closed_schema;
mod constant;
mod cursor;
mod digest;
mod error_rule;
mod event;
mod handshake;
mod hmac;
mod ip;
mod jq;
mod json_template;
mod jwt;
mod limits;
mod load;
mod next;
mod origin;
mod page_decode;
mod pages;
mod partitions;
mod poll;
mod preset;
mod public_key;
mod request;
mod request_body;
mod request_scope;
mod respond;
mod secret_use;
mod signed;
mod signing_text;
mod token;
mod webhook;
mod yaml_error;

pub use answer_when::{AnswerWhen, Condition, Statuses};
pub use auth::{
    Assertion, AssertionKey, AssertionPlace, Life, PollAuth, SendToken, Sign, SignText,
    TokenAnswer, TokenAuth, TokenBody, TokenPlace, UserPassword,
};
pub use aws_sns::AwsSns;
pub use chain::{Batch, Detail, SetupStep, Wait};
pub use check::Check;
pub use cursor::{
    Cursor, Follow, IdCursor, ListingCursor, NextLinkCursor, RestartAt, TimeCursor, TokenCursor,
};
pub use digest::Digest;
pub use error_rule::ErrorRule;
pub use event::{EventSpec, Mapping, RecordSchema, Split};
pub use handshake::{Constraint, Handshake, HandshakeAuth, When};
pub use hmac::{Hmac, Key};
pub use ip::{Ip, Network};
pub use json_template::JsonTemplate;
pub use jwt::{ClaimDigest, Jwt, JwtKeys};
pub use limits::{Early, PollLimits};
pub use load::{Loaded, load};
pub use next::{Next, Slot, Stop, TokenForm};
pub use origin::Origin;
pub use page_decode::{Csv, PageDecode, Trailer};
pub use pages::{Pages, Records};
pub use partitions::{PartitionRequest, Partitions, name_problem};
pub use poll::Poll;
pub use preset::{ExpandedPreset, Expansion};
pub use public_key::PublicKey;
pub use request::{Method, Request};
pub use request_body::RequestBody;
pub use respond::{Answer, AnswerBody, Respond, StoredSecret};
pub use secret_use::SecretUse;
pub use signed::{Signature, SignatureFrom, Signed, SignedTime};
pub use signing_text::{SignedPart, SigningText};
pub use token::{Basic, Token, TokenFrom};
pub use webhook::{Verify, Webhook};

use crate::SourceName;
pub use crate::written::{
    Advance, AssertionAlgorithm, Bare, Compression, Decode, Encoding, ErrorAction, Granularity,
    Hash, JwtAlgorithm, KeyEncoding, MissingRecords, MissingTrailer, Order, PublicKeyAlgorithm,
    Repeats, ResetFormat, RestartFrom, TimeFormat, TimeUnit,
};

/// A source, ready to use.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// What it is, for people.
    pub description: Option<String>,
    /// A digest of the file and its schema, kept with every dead letter.
    pub version: String,
    /// How it is pushed, if it is.
    pub webhook: Option<Webhook>,
    /// How it is pulled, if it is.
    pub poll: Option<Poll>,
}

impl Source {
    /// The names of all secrets that the source uses, each once, sorted.
    pub fn secret_names(&self) -> Vec<String> {
        let webhook = self.webhook.iter().flat_map(Webhook::secret_names);
        let poll = self.poll.iter().flat_map(Poll::secret_names);
        let names: std::collections::BTreeSet<_> = webhook.chain(poll).collect();
        names.into_iter().collect()
    }
}
