//! Refused records as dead letters.

use aws_lc_rs::digest::{Context as Digest, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mef_ports::{DeadLetter, RawRecord, Stage};
use serde_json::Value;

use crate::admitted::Context;
use crate::numbering::Place;

/// What a stage refused, and why.
pub(crate) struct Refusal {
    pub(crate) stage: Stage,
    pub(crate) reason: String,
    pub(crate) place: String,
    pub(crate) raw: RawRecord,
    pub(crate) parent: Option<Value>,
    pub(crate) at: Place,
    pub(crate) cursor_id: Option<String>,
}

/// Bytes as they came: as text where they are text.
pub(crate) fn raw_bytes(bytes: &[u8]) -> RawRecord {
    match std::str::from_utf8(bytes) {
        Ok(text) => RawRecord::Text(text.to_owned()),
        Err(_) => RawRecord::Base64(STANDARD.encode(bytes)),
    }
}

/// The bytes that [`raw_bytes`] kept.
pub(crate) fn kept_bytes(raw: &str, is_base64: bool) -> Option<Bytes> {
    if is_base64 {
        return STANDARD.decode(raw).ok().map(Bytes::from);
    }
    Some(Bytes::copy_from_slice(raw.as_bytes()))
}

/// Makes the dead letter of a refusal.
pub(crate) fn dead_letter(
    source: &str,
    source_version: &str,
    context: &Context,
    refusal: Refusal,
) -> DeadLetter {
    DeadLetter {
        id: letter_id(source, context, &refusal),
        source: source.to_owned(),
        stage: refusal.stage,
        reason: refusal.reason,
        place: refusal.place,
        raw: refusal.raw,
        headers: context.headers.clone(),
        query: context.query.clone(),
        parent: refusal.parent,
        delivery_id: context.delivery_id.clone(),
        cursor_id: refusal.cursor_id,
        index: refusal.at.index,
        part: refusal.at.part,
        received_at: context.received_at,
        source_version: source_version.to_owned(),
        channel: context.channel.to_string(),
        attempts: context.attempts,
    }
}

/// A record that is fetched again, or a delivery that is repeated, replaces
/// its letter instead of adding one. Deliveries without an id are told apart by
/// the moment they came, since two equal bodies may be two events.
fn letter_id(source: &str, context: &Context, refusal: &Refusal) -> String {
    let delivery = match (&context.delivery_id, context.channel) {
        (Some(id), _) => id.clone(),
        (None, crate::Channel::Webhook) => context.received_at.to_string(),
        (None, crate::Channel::Poll) => String::new(),
    };
    let place = match context.channel {
        crate::Channel::Webhook => refusal.at.bytes(),
        // A record's place in its page changes when the page is read again.
        crate::Channel::Poll => Place::default().bytes(),
    };
    let raw = match &refusal.raw {
        RawRecord::Text(text) | RawRecord::Base64(text) => text.clone(),
        RawRecord::Record(value) => value.to_string(),
    };
    // Equal records out of two larger ones are two records.
    let parent = refusal.parent.as_ref().map(Value::to_string).unwrap_or_default();
    let cursor_id = refusal.cursor_id.as_deref().unwrap_or_default();
    let mut digest = Digest::new(&SHA256);
    for part in [
        source.as_bytes(),
        delivery.as_bytes(),
        &place,
        raw.as_bytes(),
        parent.as_bytes(),
        cursor_id.as_bytes(),
    ] {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut hex = hex::encode(digest.finish());
    hex.truncate(32);
    hex
}
