//! Writes a dead letter as the body of a message, and reads it.
//!
//! The body is the letter's JSON, so that a person can read it in the console. A
//! letter that is too large for a message goes into the bucket as a whole; its
//! message keeps every small field and says where the letter is.

use jiff::Timestamp;
use mef_ports::{DeadLetter, queue_text};
use serde::Deserialize;
use serde_json::value::to_raw_value;

use crate::bucket::objects::{Claim, Objects, key_part};
use crate::error::AwsError;
use crate::queue::fields::Fields;

/// The field that says where a large letter is. No field of a letter has that name.
const CLAIM: &str = "claim";

/// The largest field in the message of a large letter, in bytes. A letter has 17 fields.
const FIELD_LIMIT: usize = 16 << 10;

/// The part of a letter that is in every message: a queue is searched by it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stub {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) received_at: Timestamp,
    pub(crate) attempts: u32,
    #[serde(default)]
    pub(crate) claim: Option<Claim>,
}

/// Writes the letter as JSON, in characters that SQS takes.
pub(crate) fn letter_text(letter: &DeadLetter) -> Result<String, AwsError> {
    queue_text(letter).map_err(|error| AwsError::new(error.to_string()))
}

/// Returns a new key for a large letter. An earlier message still stands for the
/// object under the earlier key.
pub(crate) fn object_key(letter: &DeadLetter) -> String {
    let (source, id) = (key_part(&letter.source), key_part(&letter.id));
    format!("rejected/{source}/{id}-{:016x}.json", fastrand::u64(..))
}

/// Writes the message that stands for the large letter `text`.
pub(crate) fn claimed_body(text: &str, claim: &Claim) -> serde_json::Result<String> {
    let mut fields: Fields<'_> = serde_json::from_str(text)?;
    fields.0.retain(|(name, value)| {
        !matches!(name.as_str(), "raw" | "parent") && value.get().len() <= FIELD_LIMIT
    });
    fields.set(CLAIM, to_raw_value(claim)?);
    queue_text(&fields)
}

/// Reads the stub of a message's body.
pub(crate) fn stub(body: &str) -> serde_json::Result<Stub> {
    serde_json::from_str(body)
}

/// Reads the letter of a message. The inner error says why it will never have one.
pub(crate) async fn letter(
    objects: &Objects,
    stub: &Stub,
    body: &str,
) -> Result<Result<DeadLetter, String>, AwsError> {
    let found = match &stub.claim {
        None => serde_json::from_str(body),
        Some(claim) => match objects.redeem(claim).await? {
            Ok(bytes) => serde_json::from_slice(&bytes),
            Err(reason) => return Ok(Err(reason)),
        },
    };
    Ok(found.map_err(|error| unreadable(&error)))
}

/// Says where `error` is. Its own text may hold a part of the letter, which no log may
/// show.
pub(crate) fn unreadable(error: &serde_json::Error) -> String {
    format!("it is no dead letter (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mef_ports::{RawRecord, Stage};

    use super::*;

    fn large() -> DeadLetter {
        DeadLetter {
            id: "1".to_owned(),
            source: "acme".to_owned(),
            stage: Stage::Validate,
            reason: "r".repeat(1 << 20),
            place: "/id".to_owned(),
            raw: RawRecord::Text("x".repeat(1 << 20)),
            headers: BTreeMap::from([("x-event".to_owned(), "ping\u{ffff}".to_owned())]),
            query: BTreeMap::new(),
            parent: Some(serde_json::json!({"org": "x".repeat(1 << 20)})),
            delivery_id: None,
            cursor_id: None,
            index: u64::MAX,
            part: Vec::new(),
            received_at: "2026-11-24T10:00:00.123456789Z".parse().unwrap(),
            source_version: "abc".to_owned(),
            channel: "webhook".to_owned(),
            attempts: 3,
        }
    }

    #[test]
    fn a_large_letter_leaves_what_a_person_needs_in_its_message() {
        let letter = large();
        let claim = Claim { claim: "s3://b/k".to_owned(), sha256: "ab".to_owned(), bytes: 9 };
        let body = claimed_body(&letter_text(&letter).unwrap(), &claim).unwrap();
        assert!(body.len() < 1_000, "{} bytes", body.len());
        for part in [r#""stage":"validate""#, r#""x-event":"ping\uffff""#, r#""claim":"s3://b/k""#]
        {
            assert!(body.contains(part), "{part} in {body}");
        }
        let Stub { id, source, received_at, attempts, claim: found } = stub(&body).unwrap();
        assert_eq!((id, source, attempts), (letter.id, letter.source, 3));
        assert_eq!((received_at, found), (letter.received_at, Some(claim)));
    }

    #[test]
    fn a_letter_is_put_to_another_place_each_time() {
        let (one, other) = (object_key(&large()), object_key(&large()));
        assert!(one.starts_with("rejected/acme/1-") && one != other);
    }
}
