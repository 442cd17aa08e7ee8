//! What a request with events is answered, as the source file says it, and events that travel in tokens.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use mef_auth::Request;
use mef_auth::verify::without_credentials;
use serde_json::json;

use crate::support::{NOW, bench, bench_with, got, hmac_hex, request};

const FIREHOSE: &str = r#"
  verify: [ { token: { from: header.X-Amz-Firehose-Access-Key, secrets: [webhook_secret] } } ]
  respond:
    accepted: { json: { requestId: "{requestId}", timestamp: "{received_at|epoch_ms}" } }
    denied: { status: 403, headers: { X-Request: "{header.x-amz-firehose-request-id}" },
              json: { requestId: "{requestId}", timestamp: "{received_at|epoch_ms}", errorMessage: "{denied}" } }
"#;

fn firehose(key: &str, body: impl Into<Bytes>) -> Request {
    let headers = [("X-Amz-Firehose-Access-Key", key), ("X-Amz-Firehose-Request-Id", "ed4acda5")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    Request::new("POST", "/hook", "", headers.into(), body)
}

#[tokio::test]
async fn an_event_is_answered_with_values_of_its_own() {
    // https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html
    let bench = bench(FIREHOSE);
    let body = r#"{"requestId":"ed4acda5","timestamp":1578090901599,"records":[]}"#;
    let handled = bench.handle(firehose("s3cret", body)).await;
    let answer = got(handled);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({ "requestId": "ed4acda5", "timestamp": NOW * 1000 }));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    // What was delivered is answered in the usual way if it has no such value.
    let without = got(bench.handle(firehose("s3cret", r#"{"records":[1]}"#)).await);
    assert_eq!((without.status, without.json()), (200, json!({ "accepted": 1, "rejected": 0 })));
    assert_eq!(bench.queued().await, 2);
}

/// Firehose compresses what it sends if it is told to (`ContentEncoding: GZIP`).
#[tokio::test]
async fn an_answer_reads_the_body_as_its_events_are_read() {
    let bench = bench(FIREHOSE);
    let plain = r#"{"requestId":"ed4acda5","timestamp":1578090901599,"records":[]}"#;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(plain.as_bytes()).unwrap();
    let with_mark = format!("\u{feff}{plain}");
    for (body, status) in [
        (packed.finish().unwrap(), 200),
        (with_mark.into_bytes(), 200),
        (br#"{"requestId":"ed4acda5","rate":NaN}"#.to_vec(), 200),
    ] {
        let answer = got(bench.handle(firehose("s3cret", body.clone())).await);
        let expected = json!({ "requestId": "ed4acda5", "timestamp": NOW * 1000 });
        assert_eq!((answer.status, answer.json()), (status, expected), "{body:?}");
    }
}

#[tokio::test]
async fn a_refused_request_is_answered_with_values_of_its_own() {
    let bench = bench(FIREHOSE);
    let body = r#"{"requestId":"a\"b\u0000","records":[]}"#;
    let answer = got(bench.handle(firehose("guess", body)).await);
    assert_eq!((answer.status, answer.header("x-request")), (403, Some("ed4acda5")));
    assert_eq!(
        answer.json(),
        json!({ "requestId": "a\"b\u{0}", "timestamp": NOW * 1000, "errorMessage": "authentication_failed" })
    );
    let long = format!(r#"{{"requestId":"{}"}}"#, "x".repeat(5000));
    let digits = format!(r#"{{"requestId":{}}}"#, "1".repeat(5000));
    for body in ["", "{}", "[", r#"{"requestId":[1]}"#, long.as_str(), digits.as_str()] {
        let answer = got(bench.handle(firehose("guess", body.to_owned())).await);
        assert_eq!(
            (answer.status, answer.json()),
            (401, json!({ "error": "unauthorized" })),
            "{body}"
        );
    }
    assert_eq!(bench.queued().await, 0);
}

#[tokio::test]
async fn a_status_that_was_chosen_for_rejected_records_stays() {
    let file = FIREHOSE.replace("  respond:", "  rejected_status: 422\n  respond:");
    let bench = bench(&file);
    let bad = got(bench.handle(firehose("s3cret", "no JSON")).await);
    assert_eq!((bad.status, bad.json()), (422, json!({ "accepted": 0, "rejected": 1 })));
}

const SSF: &str = r#"
  verify:
    - jwt: { from: body, record: claims, type: secevent+jwt, algorithms: [HS256], secrets: [webhook_secret],
             issuer: "https://idp.example.com", audience: us, required: [iat, jti, events], max_age: 7d }
  respond:
    accepted: { status: 202, empty: true }
    denied: { status: 400, json: { err: "{denied}", description: "not taken" } }
  event: { map: { summary: "{jti}", tags: ["{iss}"] } }
"#;

/// A security event token of `claims`, signed with `secret`.
fn set(claims: &serde_json::Value, secret: &str) -> Request {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    let text = format!(
        "{}.{}",
        B64.encode(r#"{"alg":"HS256","typ":"secevent+jwt"}"#),
        B64.encode(claims.to_string())
    );
    let signature = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    let headers = vec![("content-type".to_owned(), b"application/secevent+jwt".to_vec())];
    Request::new("POST", "/hook", "", headers, format!("{text}.{}", B64.encode(signature)))
}

#[tokio::test]
async fn a_security_event_token_is_pushed_as_rfc_8935_says() {
    let bench = bench(SSF);
    // The bench's sources find the delivery's id in `id`.
    let claims = |jti: &str| json!({ "iss": "https://idp.example.com", "aud": "us", "iat": NOW, "jti": jti, "id": jti, "events": { "urn:x": {} } });
    for _ in 0..2 {
        let taken = got(bench.handle(set(&claims("1"), "s3cret")).await);
        assert_eq!((taken.status, taken.body.as_str()), (202, ""));
        assert_eq!(bench.queued().await, 1, "a token that is sent again brings nothing new");
    }
    let forged = got(bench.handle(set(&claims("2"), "guess")).await);
    assert_eq!(
        (forged.status, forged.json()),
        (400, json!({ "err": "invalid_key", "description": "not taken" }))
    );
    let mut other = claims("3");
    other["aud"] = json!("them");
    assert_eq!(got(bench.handle(set(&other, "s3cret")).await).json()["err"], "invalid_audience");
    assert_eq!(bench.queued().await, 1);
}

const NOTION: &str = r#"
  verify: [ { hmac: { hash: sha256, secrets: [verification_token], text: "{body}",
                      signature: { from: header.X-Notion-Signature, pair: "=", take: [sha256], encoding: hex } } } ]
  handshake:
    - when: { method: POST, present: [/verification_token], absent: [header.X-Notion-Signature] }
      auth: none
      respond: { builtin: stored_secret, from: /verification_token, secret: verification_token, enrol_until: 2099-01-01T00:00:00Z }
"#;

#[tokio::test]
async fn a_secret_that_the_first_request_brings_in_its_body_verifies_the_next() {
    // https://developers.notion.com/reference/webhooks#step-2-verifying-the-subscription
    let bench = bench_with(NOTION, &[]);
    let token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    let first = format!(r#"{{"verification_token":"{token}"}}"#);
    let enrolled = bench.shake(request("POST", "", &[], &first)).await;
    assert_eq!((enrolled.status, enrolled.body.as_str()), (200, ""), "it is not sent back");
    assert!(enrolled.headers.values().all(|value| !value.contains(token)));
    let event = r#"{"id":"367cba44","type":"page.created"}"#;
    let signature = format!("sha256={}", hmac_hex(token, event));
    let sent = request("POST", "", &[("X-Notion-Signature", &signature)], event);
    assert_eq!(bench.handle(sent).await.answer.status, 200);
    assert_eq!(bench.queued().await, 1);
    // Whoever comes second is refused, and what is kept of the request does not show its secret.
    let second = request("POST", "", &[], &first.replace("tMrl", "uMrl"));
    assert_eq!(bench.handle(second.clone()).await.answer.status, 401);
    let shown = without_credentials(&bench.webhook(), &second);
    assert_eq!(shown.body(), r#"{"verification_token":"***"}"#);
}

const PING: &str = r#"
  verify: [ { hmac: { hash: sha256, secrets: [webhook_secret], text: "{body}",
                      signature: { from: header.X-WC-Webhook-Signature, encoding: base64 } } } ]
  handshake:
    - when: { method: POST, present: [form.webhook_id], absent: [header.X-WC-Webhook-Signature] }
      auth: none
      respond: { empty: true }
"#;

#[tokio::test]
async fn an_unsigned_ping_is_told_by_a_field_of_its_form() {
    // https://woocommerce.com/document/webhooks/: the first request is a form with the webhook's number.
    let bench = bench(PING);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(bench.shake(request("POST", "", &[form], "webhook_id=8")).await.status, 200);
    for (headers, body) in [
        (&[form][..], "webhook=8"),
        (&[form], "webhook_id="),
        (&[form], "webhook_id=8&webhook_id=9"),
        // An event whose JSON could be read as a form is no ping.
        (&[("Content-Type", "application/json")], r#"{"a":"&webhook_id=8&"}"#),
        (&[], "webhook_id=8"),
    ] {
        assert_eq!(
            bench.refuse(request("POST", "", headers, body)).await.0,
            401,
            "{headers:?} {body}"
        );
    }
}
