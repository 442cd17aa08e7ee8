//! The one way into the pipeline.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use mef_auth::verify::Verified;
use mef_ports::{DeadLetter, RawRecord};
use mef_source::checked::EventSpec;
use serde_json::Value;

use crate::decode::DecodeError;
use crate::numbering::Place;

/// The way by which records came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The vendor pushed them.
    Webhook,
    /// We fetched them.
    Poll,
}

impl Channel {
    /// The channel that prints as `text`.
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
/// Only the poller may vouch for that: calling [`Fetched::new`] or
/// [`Fetched::unreadable`] anywhere else is a lint error.
#[derive(Debug)]
pub struct Fetched {
    pub(crate) record: Result<Value, DecodeError>,
    /// What it was read from.
    pub(crate) text: Option<Bytes>,
    pub(crate) cursor_id: Option<String>,
}

impl Fetched {
    /// Vouches that `record` was fetched for the source that will take it.
    /// `cursor_id` is the id that the source file's cursor finds in it.
    pub fn new(record: Value, cursor_id: Option<String>) -> Fetched {
        Fetched { record: Ok(record), text: None, cursor_id }
    }

    /// The same with the text that the record was read from and says all of. Until
    /// the queue has the event, the text is kept in place of the record, which takes
    /// ten times the room.
    #[must_use]
    pub fn read_from(self, text: Option<Bytes>) -> Fetched {
        Fetched { text, ..self }
    }

    /// A record that was fetched in the same way and cannot be read.
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
    /// A webhook's body, credentials masked.
    Body { bytes: Bytes, content_type: Option<String>, content_encoding: Option<String> },
    /// What was refused before.
    Letter(Box<Again>),
}

/// What is kept of a refused record to run it again.
#[derive(Debug)]
pub(crate) struct Again {
    pub(crate) raw: RawRecord,
    pub(crate) parent: Option<Value>,
    pub(crate) place: Place,
    pub(crate) cursor_id: Option<String>,
    /// One line of a body, not the whole of it.
    pub(crate) is_line: bool,
}

/// What came with the payload.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) channel: Channel,
    pub(crate) received_at: Timestamp,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) delivery_id: Option<String>,
    /// How often the pipeline has seen these records, this time among them.
    pub(crate) attempts: u32,
}

impl Context {
    /// That of a page, fetched at `received_at`.
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

/// Headers that help to understand a dead letter and hold no credential.
const KEPT_HEADERS: [&str; 3] = ["content-type", "content-encoding", "user-agent"];

impl Admitted {
    /// Admits a verified webhook.
    ///
    /// Of its headers and query parameters only those go on that `event`
    /// reads, besides a few that describe the body: what is not known to be
    /// harmless stays out of queues and dead letters.
    pub fn webhook(
        verified: &Verified,
        event: &EventSpec,
        delivery_id: Option<String>,
        received_at: Timestamp,
    ) -> Admitted {
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
        Admitted {
            payload: Payload::Body {
                bytes: verified.body().clone(),
                content_type: verified.header("content-type").map(str::to_owned),
                content_encoding: verified.header("content-encoding").map(str::to_owned),
            },
            context: Context {
                channel: Channel::Webhook,
                received_at,
                headers,
                query,
                delivery_id,
                attempts: 1,
            },
        }
    }

    /// Admits what was refused before: it proved itself when it came, and a
    /// signature's time has run out since. So whoever may write dead letters
    /// may inject events.
    ///
    /// `None` for a channel that there is not.
    pub(crate) fn redriven(letter: DeadLetter) -> Option<Admitted> {
        let channel = Channel::parse(&letter.channel)?;
        Some(Admitted {
            payload: Payload::Letter(Box::new(Again {
                raw: letter.raw,
                parent: letter.parent,
                // A body is refused whole, at its beginning and at no place in it.
                is_line: letter.index > 0 || !letter.part.is_empty() || !letter.place.is_empty(),
                place: Place { index: letter.index, part: letter.part },
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
