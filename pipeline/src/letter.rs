//! Rejected records as dead letters.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mef_ports::{DeadLetter, RawRecord, Stage};
use serde_json::Value;

use crate::admitted::{Channel, Context};
use crate::decode::error::DecodeError;
use crate::decode::json::decode_json;
use crate::numbering::RecordNumber;
use crate::short_digest::short_digest;
use crate::split::{Kept, Record};

/// A record that a stage rejected, and why.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) stage: Stage,
    pub(crate) reason: String,
    /// Where in the record or body the fault is; empty if it is nowhere in particular.
    pub(crate) place: String,
    pub(crate) raw: RawRecord,
    pub(crate) parent: Option<Value>,
    pub(crate) number: RecordNumber,
    pub(crate) cursor_id: Option<String>,
}

impl Rejection {
    /// Rejects bytes that cannot be read, and that stand at `place` in their body.
    pub(crate) fn unreadable(
        raw: &[u8],
        error: &DecodeError,
        place: String,
        number: RecordNumber,
    ) -> Rejection {
        Rejection {
            stage: Stage::Decode,
            reason: error.to_string(),
            place,
            raw: raw_bytes(raw),
            parent: None,
            number,
            cursor_id: None,
        }
    }

    pub(crate) fn of(record: Record, stage: Stage, reason: String, place: String) -> Rejection {
        Rejection {
            stage,
            reason,
            place,
            raw: RawRecord::Record(record.value),
            parent: record.parent.map(|parent| (*parent).clone()),
            number: record.number,
            cursor_id: record.cursor_id,
        }
    }
}

/// Returns bytes as text if they are UTF-8, else as Base64.
pub(crate) fn raw_bytes(bytes: &[u8]) -> RawRecord {
    match std::str::from_utf8(bytes) {
        Ok(text) => RawRecord::Text(text.to_owned()),
        Err(_) => RawRecord::Base64(STANDARD.encode(bytes)),
    }
}

/// Returns the bytes that [`raw_bytes`] kept; `None` if the Base64 is broken.
pub(crate) fn kept_bytes(raw: &str, is_base64: bool) -> Option<Bytes> {
    if is_base64 {
        return STANDARD.decode(raw).ok().map(Bytes::from);
    }
    Some(Bytes::copy_from_slice(raw.as_bytes()))
}

/// What all dead letters of one outcome have in common.
#[derive(Debug)]
pub(crate) struct LetterOrigin {
    pub(crate) source: String,
    pub(crate) source_version: String,
    pub(crate) context: Context,
}

impl LetterOrigin {
    /// Makes the dead letter of a rejected record.
    pub(crate) fn letter(&self, rejection: Rejection) -> DeadLetter {
        let context = &self.context;
        DeadLetter {
            id: letter_id(&self.source, context, &rejection),
            source: self.source.clone(),
            stage: rejection.stage,
            reason: rejection.reason,
            place: rejection.place,
            raw: rejection.raw,
            headers: context.headers.clone(),
            query: context.query.clone(),
            parent: rejection.parent,
            delivery_id: context.delivery_id.clone(),
            cursor_id: rejection.cursor_id,
            index: rejection.number.index,
            part: rejection.number.part,
            received_at: context.received_at,
            source_version: self.source_version.clone(),
            channel: context.channel.to_string(),
            attempts: context.attempts,
        }
    }

    /// Makes the dead letter of a record whose event the queue refused for good.
    pub(crate) fn undeliverable(&self, kept: Kept, reason: String) -> DeadLetter {
        let place = String::new();
        self.letter(match kept {
            Kept::Record(record) => Rejection::of(record, Stage::Deliver, reason, place),
            Kept::Text { text, number, cursor_id } => Rejection {
                stage: Stage::Deliver,
                reason,
                place,
                raw: decode_json(&text).map_or_else(|_| raw_bytes(&text), RawRecord::Record),
                parent: None,
                number,
                cursor_id,
            },
        })
    }
}

/// Returns the letter's id. A record that is fetched again, or a delivery that
/// is repeated, replaces its letter and adds no second one. Deliveries without
/// an id are told apart by their time, since two equal bodies may be two events.
fn letter_id(source: &str, context: &Context, rejection: &Rejection) -> String {
    let delivery = match (&context.delivery_id, context.channel) {
        (Some(id), _) => id.clone(),
        (None, Channel::Webhook) => context.received_at.to_string(),
        (None, Channel::Poll) => String::new(),
    };
    let number = match context.channel {
        Channel::Webhook => rejection.number.bytes(),
        // A record's number in its page may change when the page is read again.
        Channel::Poll => RecordNumber::default().bytes(),
    };
    let raw = match &rejection.raw {
        RawRecord::Text(text) | RawRecord::Base64(text) => Cow::Borrowed(text),
        RawRecord::Record(value) => Cow::Owned(value.to_string()),
    };
    // Equal records from two parents are two records.
    let parent = rejection.parent.as_ref().map(Value::to_string).unwrap_or_default();
    let cursor_id = rejection.cursor_id.as_deref().unwrap_or_default();
    short_digest(&[
        source.as_bytes(),
        delivery.as_bytes(),
        &number,
        raw.as_bytes(),
        parent.as_bytes(),
        cursor_id.as_bytes(),
    ])
}
