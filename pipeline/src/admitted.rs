//! The one way into the pipeline.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use mef_auth::verify::Verified;
use mef_ports::{DeadLetter, RawRecord};
use mef_source::Path;
use mef_source::checked::Webhook;
use serde_json::Value;

use crate::decode::body::{Body, Decoding, Packed};
use crate::decode::error::DecodeError;
use crate::numbering::RecordNumber;

/// The way that records came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The vendor pushed them.
    Webhook,
    /// We fetched them.
    Poll,
}

impl Channel {
    /// Returns the channel that is written as `text`.
    pub(crate) fn parse(text: &str) -> Option<Channel> {
        [Channel::Webhook, Channel::Poll].into_iter().find(|channel| channel.to_string() == text)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Channel::Webhook => "webhook",
            Channel::Poll => "poll",
        })
    }
}

/// A record that the poller fetched from the source's own origin with the
/// source's own credential.
///
/// Only the poller can know that: clippy forbids [`Fetched::new`] and
/// [`Fetched::unreadable`] everywhere else.
#[derive(Debug)]
pub struct Fetched {
    pub(crate) record: Result<Value, DecodeError>,
    /// The text that it was read from, if known.
    pub(crate) text: Option<Bytes>,
    pub(crate) cursor_id: Option<String>,
}

impl Fetched {
    /// Vouches that `record` was fetched for the source that it will be an event of.
    /// `cursor_id` is the id that the source file's cursor finds in it.
    pub fn new(record: Value, cursor_id: Option<String>) -> Fetched {
        Fetched { record: Ok(record), text: None, cursor_id }
    }

    /// Adds the text that the record was read from. It must say all that the record
    /// does: until the queue has the event, only the text is kept, which takes a
    /// tenth of the memory.
    #[must_use]
    pub fn read_from(self, text: Option<Bytes>) -> Fetched {
        Fetched { text, ..self }
    }

    /// Vouches for a record that was fetched and cannot be read.
    #[must_use]
    pub fn unreadable(text: Bytes, error: DecodeError) -> Fetched {
        Fetched { record: Err(error), text: Some(text), cursor_id: None }
    }
}

/// Bytes or a record that may become events.
#[derive(Debug)]
pub struct Admitted {
    pub(crate) payload: Payload,
    pub(crate) context: Context,
}

#[derive(Debug)]
pub(crate) enum Payload {
    /// A webhook's body with its credentials masked.
    Body(Body),
    /// A record from a dead letter.
    Letter(Box<RejectedRecord>),
}

/// What a dead letter keeps of its record to run it again.
#[derive(Debug)]
pub(crate) struct RejectedRecord {
    pub(crate) raw: RawRecord,
    pub(crate) parent: Option<Value>,
    pub(crate) number: RecordNumber,
    pub(crate) cursor_id: Option<String>,
    /// Where in its body it was, if it is not all of it.
    pub(crate) place: Option<String>,
}

/// What came with the payload.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) channel: Channel,
    pub(crate) received_at: Timestamp,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) delivery_id: Option<String>,
    /// How often the pipeline has run these records, this run included.
    pub(crate) attempts: u32,
}

impl Context {
    /// Returns the context of a page that was fetched at `received_at`.
    pub(crate) fn page(received_at: Timestamp) -> Context {
        Context {
            channel: Channel::Poll,
            received_at,
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            delivery_id: None,
            attempts: 1,
        }
    }
}

/// Headers that help to understand a dead letter and never hold a credential.
const KEPT_HEADERS: [&str; 3] = ["content-type", "content-encoding", "user-agent"];

impl Admitted {
    /// Admits a verified webhook and reads its body as far as to know where its records are. That takes
    /// milliseconds if the body is large or compressed ([`Admitted::is_quick`]).
    ///
    /// It keeps only the headers and query parameters that `event` reads, and a
    /// few headers that describe the body. All others may hold anything, so they
    /// stay out of queues and dead letters.
    pub fn webhook(verified: &Verified, webhook: &Webhook, received_at: Timestamp) -> Admitted {
        let event = &webhook.event;
        let named = event.header_names();
        let headers = named
            .iter()
            .map(String::as_str)
            .chain(KEPT_HEADERS)
            .filter_map(|name| Some((name.to_owned(), verified.header(name)?.to_owned())))
            .collect();
        let query = event
            .query_names()
            .into_iter()
            .filter_map(|name| {
                let value = verified.query(&name)?.to_string();
                Some((name, value))
            })
            .collect();
        let decoding = Decoding { format: webhook.decode, charset: webhook.charset };
        Admitted {
            payload: Payload::Body(packed(verified).read(decoding)),
            context: Context {
                channel: Channel::Webhook,
                received_at,
                headers,
                query,
                delivery_id: None,
                attempts: 1,
            },
        }
    }

    /// Returns whether a webhook is admitted in no time to speak of.
    pub fn is_quick(verified: &Verified) -> bool {
        packed(verified).is_small()
    }

    /// Says by which id the vendor knows the delivery.
    #[must_use]
    pub fn of_delivery(mut self, id: Option<String>) -> Admitted {
        self.context.delivery_id = id;
        self
    }

    /// Returns the value at `path` in the body. A body of several records is a list of them.
    pub fn find(&self, path: &Path) -> Option<Value> {
        match &self.payload {
            Payload::Body(body) => body.find(path),
            Payload::Letter(_) => None,
        }
    }

    /// Admits the record of a dead letter; `None` if its channel is unknown.
    ///
    /// The request was verified when it came, and its signature has expired since,
    /// so it is not verified again. Anyone who can write dead letters can therefore
    /// inject events.
    pub(crate) fn redriven(letter: DeadLetter) -> Option<Admitted> {
        let channel = Channel::parse(&letter.channel)?;
        Some(Admitted {
            payload: Payload::Letter(Box::new(RejectedRecord {
                raw: letter.raw,
                parent: letter.parent,
                // A body that is refused whole has the number 0 and no place.
                place: (letter.index > 0 || !letter.part.is_empty() || !letter.place.is_empty())
                    .then_some(letter.place),
                number: RecordNumber { index: letter.index, part: letter.part },
                cursor_id: letter.cursor_id,
            })),
            context: Context {
                channel,
                received_at: letter.received_at,
                headers: letter.headers,
                query: letter.query,
                delivery_id: letter.delivery_id,
                attempts: letter.attempts.saturating_add(1),
            },
        })
    }
}

fn packed(verified: &Verified) -> Packed {
    Packed {
        bytes: verified.body().clone(),
        content_type: verified.header("content-type").map(str::to_owned),
        content_encoding: verified.header("content-encoding").map(str::to_owned),
    }
}
