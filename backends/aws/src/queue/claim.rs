//! The message of an event that is too large for one: SQS takes 1 MiB (SendMessage).
//!
//! The event goes into the bucket as a whole. The message stays a complete MozDef
//! event, whose `details` say where the whole is: the reader of the queue needs no
//! change.

use aws_lc_rs::digest::{SHA256, digest};
use mef_ports::{Message, queue_text};
use serde_json::value::{RawValue, to_raw_value};

use crate::bucket::objects::{Claim, key_part};
use crate::queue::fields::Fields;
use crate::queue::packing::MESSAGE_LIMIT;

/// The largest field beside the claim, in bytes. An event has a dozen fields, so all
/// fit into a message even if each is that large.
const FIELD_LIMIT: usize = 16 << 10;

/// Room for the attributes of the message.
const ATTRIBUTES: usize = 1 << 10;

/// Returns the key of the event, which depends on its bytes: the same event may come
/// again with another time of arrival, and each message must find its own.
pub(crate) fn object_key(message: &Message) -> String {
    let sha256 = hex::encode(digest(&SHA256, message.body.as_bytes()));
    format!("claims/{}/{}-{sha256}.json", key_part(&message.source), key_part(&message.event_id))
}

/// Writes the event of `message` with `claim` as its details.
///
/// Every other field keeps its bytes. One that is large itself gets its default; the
/// object has the whole.
pub(crate) fn claimed_body(message: &Message, claim: &Claim) -> serde_json::Result<String> {
    let claim = to_raw_value(claim)?;
    // A body that is not an object has no field to keep.
    let mut fields = serde_json::from_str(&message.body).unwrap_or(Fields(Vec::new()));
    fields.0.retain(|(name, value)| name != "details" && value.get().len() <= FIELD_LIMIT);
    fields.0.truncate(MESSAGE_LIMIT / FIELD_LIMIT);
    let mut event = complete(fields, &message.source, &claim)?;
    let mut body = queue_text(&event)?;
    if body.len() > MESSAGE_LIMIT - ATTRIBUTES {
        event = complete(Fields(Vec::new()), &message.source, &claim)?;
        body = queue_text(&event)?;
    }
    Ok(body)
}

/// Adds the claim and the defaults of missing fields, in the order of an event.
fn complete<'a>(
    mut kept: Fields<'a>,
    source: &str,
    claim: &RawValue,
) -> serde_json::Result<Fields<'a>> {
    let mut event = Fields(Vec::new());
    for (name, default) in [
        ("category", Some(source.to_owned())),
        ("details", None),
        ("hostname", Some(format!("{source}_host"))),
        ("processid", Some("none".to_owned())),
        ("processname", Some(source.to_owned())),
        ("severity", Some("INFO".to_owned())),
        ("source", Some("api_aws_lambda".to_owned())),
        ("summary", Some(format!("{source}_event"))),
        ("tags", None),
        // The consumer sets the time of arrival if there is none.
        ("timestamp", None),
        ("eventsource", Some(format!("{source}_api"))),
    ] {
        if let Some(at) = kept.0.iter().position(|(kept, _)| kept == name) {
            event.0.push(kept.0.remove(at));
        } else if let Some(default) = default {
            event.set(name, to_raw_value(&default)?);
        } else if name == "details" {
            event.set(name, claim.to_owned());
        } else if name == "tags" {
            event.set(name, to_raw_value(&[source])?);
        }
    }
    event.0.append(&mut kept.0);
    Ok(event)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn claim() -> Claim {
        Claim { claim: "s3://b/claims/acme/1.json".to_owned(), sha256: "ab".to_owned(), bytes: 7 }
    }

    fn claimed(body: String) -> String {
        let message = Message { event_id: "1".to_owned(), source: "acme".to_owned(), body };
        claimed_body(&message, &claim()).unwrap()
    }

    const DETAILS: &str = r#"{"claim":"s3://b/claims/acme/1.json","sha256":"ab","bytes":7}"#;

    #[test]
    fn every_field_but_the_details_keeps_its_bytes() {
        let event = |details: &str| {
            format!(
                r#"{{"category":"a \u00e9","details":{details},"hostname":"h","processid":1.10,"processname":"p","severity":"WARN","source":"s","summary":"9007199254740993 \ufffe","tags":["x", "y"],"timestamp":"2026-11-24T10:00:00Z","eventsource":"e"}}"#
            )
        };
        let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(MESSAGE_LIMIT));
        assert_eq!(claimed(event(&large)), event(DETAILS));
    }

    #[test]
    fn a_large_field_falls_back_to_its_default() {
        let large = "x".repeat(MESSAGE_LIMIT);
        let body = format!(r#"{{"summary":"{large}","tags":["{large}"],"category":"kept"}}"#);
        let event: Value = serde_json::from_str(&claimed(body)).unwrap();
        assert_eq!(event["summary"], "acme_event");
        assert_eq!(event["tags"], serde_json::json!(["acme"]));
        assert_eq!(event["category"], "kept");
        assert_eq!(event["details"]["bytes"], 7);
    }

    #[test]
    fn whatever_the_body_is_the_message_is_an_event_that_fits() {
        let many = (0..100_000).map(|n| format!(r#""field-{n}":"{n:0>20}""#));
        let many = format!("{{{}}}", many.collect::<Vec<_>>().join(","));
        let wide = (0..100).map(|n| format!(r#""{n}":"{}""#, "x".repeat(FIELD_LIMIT - 2)));
        let wide = format!("{{{}}}", wide.collect::<Vec<_>>().join(","));
        let key = format!(r#"{{"{}":1}}"#, "k".repeat(MESSAGE_LIMIT));
        for body in [many, wide, key, "[]".to_owned(), "\"text\"".to_owned(), "no JSON".to_owned()]
        {
            let body = claimed(body);
            assert!(body.len() < MESSAGE_LIMIT - ATTRIBUTES);
            let event: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(event["hostname"], "acme_host");
            assert_eq!(event["details"]["sha256"], "ab");
        }
    }

    #[test]
    fn each_form_of_an_event_has_an_object_of_its_own() {
        let key = |body: &str| {
            object_key(&Message {
                event_id: "a/b".to_owned(),
                source: "acme".to_owned(),
                body: body.to_owned(),
            })
        };
        // SHA-256 of nothing.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(key(""), format!("claims/acme/a%2Fb-{empty}.json"));
        assert_ne!(key("{}"), key(""));
    }
}
