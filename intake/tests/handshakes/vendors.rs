//! What each vendor asks for, and what it gets.

use serde_json::json;

use crate::support::{Bench, NOW, bench, bench_with, hmac_base64, hmac_hex, request};

/// The layout that Slack and Zoom share: `v0:{timestamp}:{body}`.
pub(crate) fn v0(header: &str, time: &str) -> String {
    format!(
        r#"  verify:
    - hmac: {{ hash: sha256, secrets: [webhook_secret], text: "v0:{{timestamp}}:{{body}}",
              signature: {{ from: header.{header}, pair: "=", take: [v0], encoding: hex }},
              timestamp: {{ from: header.{time}, unit: s, max_age: 300s }} }}
"#
    )
}

/// The body alone, in hexadecimal.
pub(crate) fn plain(header: &str, encoding: &str) -> String {
    format!(
        "  verify: [ {{ hmac: {{ hash: sha256, secrets: [webhook_secret], text: \"{{body}}\", \
         signature: {{ from: header.{header}, encoding: {encoding} }} }} }} ]\n"
    )
}

pub(crate) fn slack() -> Bench {
    let verify = v0("X-Slack-Signature", "X-Slack-Request-Timestamp");
    bench(
        &(verify
            + r#"  handshake:
    - when: { method: POST, equals: { type: url_verification } }
      respond: { text: "{challenge}" }
"#),
    )
}

pub(crate) fn signed_v0(header: &str, time: &str, secret: &str, body: &str) -> mef_auth::Request {
    let signature = format!("v0={}", hmac_hex(secret, &format!("v0:{NOW}:{body}")));
    request("POST", "", &[(header, &signature), (time, &NOW.to_string())], body)
}

pub(crate) fn from_slack(secret: &str, body: &str) -> mef_auth::Request {
    signed_v0("X-Slack-Signature", "X-Slack-Request-Timestamp", secret, body)
}

pub(crate) const ZOOM: &str = r#"  handshake:
    - when: { method: POST, equals: { event: endpoint.url_validation } }
      respond: { json: { plainToken: "{payload.plainToken}", encryptedToken: "{payload.plainToken|hmac_hex}" } }
"#;

pub(crate) fn from_zoom(secret: &str, body: &str) -> mef_auth::Request {
    signed_v0("x-zm-signature", "x-zm-request-timestamp", secret, body)
}

pub(crate) const X: &str = r#"  handshake:
    - when: { method: GET, present: [query.crc_token] }
      auth: none
      constrain: { query.crc_token: "[A-Za-z0-9_-]{1,128}" }
      respond: { json: { response_token: "sha256={query.crc_token|hmac_base64}" } }
"#;

pub(crate) fn x() -> Bench {
    bench(&(plain("x-twitter-webhooks-signature", "base64") + X))
}

pub(crate) const META: &str = r#"  handshake:
    - when: { method: GET, equals: { query.hub.mode: subscribe }, present: [query.hub.challenge] }
      auth: { token: { from: query.hub.verify_token, secrets: [verify_token] } }
      respond: { text: "{query.hub.challenge}" }
"#;

pub(crate) const GRAPH: &str = r#"  verify: [ { token: { from: /value/*/clientState, secrets: [webhook_secret] } } ]
  handshake:
    - when: { method: POST, present: [query.validationToken] }
      auth: none
      respond: { text: "{query.validationToken}" }
"#;

#[tokio::test]
async fn slack_gets_its_challenge_back_as_text() {
    let body = r#"{"token":"x","challenge":"3eZbrw1aB10FEMAGAZd4FyFQ","type":"url_verification"}"#;
    let got = slack().shake(from_slack("s3cret", body)).await;
    assert_eq!((got.status, got.body.as_str()), (200, "3eZbrw1aB10FEMAGAZd4FyFQ"));
    assert_eq!(got.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn zoom_gets_its_token_signed_with_the_secret_that_signed_the_request() {
    let verify = v0("x-zm-signature", "x-zm-request-timestamp");
    // While the secret is being changed, the one that signed counts.
    let bench = bench_with(&(verify + ZOOM), &[("webhook_secret", &["new", "old"])]);
    let body = r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1,"event":"endpoint.url_validation"}"#;
    for secret in ["old", "new"] {
        let got = bench.shake(from_zoom(secret, body)).await;
        let expected = json!({
            "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
            "encryptedToken": hmac_hex(secret, "qgg8vlvZRS6UYooatFL8Aw"),
        });
        assert_eq!((got.status, got.json()), (200, expected));
    }
}

#[tokio::test]
async fn okta_gets_its_verification_back_where_it_proves_itself() {
    let bench = bench(
        r#"  verify: [ { token: { from: header.authorization, secrets: [webhook_secret] } } ]
  handshake:
    - when: { method: GET, present: [header.X-Okta-Verification-Challenge] }
      respond: { json: { verification: "{header.x-okta-verification-challenge}" } }
"#,
    );
    let challenge = ("x-okta-verification-challenge", "t33n4Ax");
    let got = bench.shake(request("GET", "", &[("authorization", "s3cret"), challenge], "")).await;
    assert_eq!(got.json(), json!({ "verification": "t33n4Ax" }));
    assert_eq!(bench.refuse(request("GET", "", &[challenge], "")).await.0, 401);
    let wrong = request("GET", "", &[("authorization", "other"), challenge], "");
    assert_eq!(bench.refuse(wrong).await.0, 401);
}

#[tokio::test]
async fn graph_gets_its_token_back_decoded_for_an_empty_post() {
    let query = "validationToken=Validation%3a+Testing+client%2b&x=1";
    let got = bench(GRAPH).shake(request("POST", query, &[], "")).await;
    assert_eq!((got.status, got.body.as_str()), (200, "Validation: Testing client+"));
    assert_eq!(got.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn x_gets_its_token_signed_in_base64() {
    let got = x().shake(request("GET", "crc_token=Zm9v-_1&nonce=2", &[], "")).await;
    let token = format!("sha256={}", hmac_base64("s3cret", "Zm9v-_1"));
    assert_eq!(got.json(), json!({ "response_token": token }));
}

#[tokio::test]
async fn dropbox_and_nylas_get_their_challenge_back_as_text_and_adobe_as_json() {
    let rule = |respond: &str| {
        let rule = format!(
            "  handshake: [ {{ when: {{ method: GET, present: [query.challenge] }}, auth: none, respond: {{ {respond} }} }} ]\n"
        );
        bench(&(plain("X-Dropbox-Signature", "hex") + &rule))
    };
    let asked = || request("GET", "challenge=8082499f-369f%40", &[], "");
    let got = rule("text: \"{query.challenge}\"").shake(asked()).await;
    assert_eq!((got.status, got.body.as_str()), (200, "8082499f-369f@"));
    assert_eq!(got.header("content-type"), Some("text/plain"));
    let got = rule("json: { challenge: \"{query.challenge}\" }").shake(asked()).await;
    assert_eq!(got.json(), json!({ "challenge": "8082499f-369f@" }));
}

#[tokio::test]
async fn meta_gets_its_challenge_back_where_it_knows_the_verify_token() {
    let secrets: [(&str, &[&str]); 2] =
        [("webhook_secret", &["s3cret"]), ("verify_token", &["me4tball"])];
    let bench = bench_with(&(plain("X-Hub-Signature-256", "hex") + META), &secrets);
    let asked = |mode: &str, token: &str| {
        let query = format!("hub.mode={mode}&hub.challenge=1158201444&hub.verify_token={token}");
        request("GET", &query, &[], "")
    };
    let got = bench.shake(asked("subscribe", "me4tball")).await;
    assert_eq!((got.status, got.body.as_str()), (200, "1158201444"));
    assert_eq!(bench.refuse(asked("subscribe", "meatball")).await.0, 401);
    assert_eq!(bench.refuse(asked("subscribe", "")).await.0, 401);
    assert_eq!(bench.refuse(asked("unsubscribe", "me4tball")).await.0, 405);
}

#[tokio::test]
async fn discord_gets_a_pong_and_401_where_its_probe_is_not_signed() {
    let bench = bench(
        &(plain("x-signature", "hex")
            + "  handshake: [ { when: { method: POST, equals: { type: 1 } }, respond: { json: { type: 1 } } } ]\n"),
    );
    let body = r#"{"id":"1","type":1,"version":1}"#;
    let signed = |signature: &str| request("POST", "", &[("x-signature", signature)], body);
    let got = bench.shake(signed(&hmac_hex("s3cret", body))).await;
    assert_eq!((got.status, got.json()), (200, json!({ "type": 1 })));
    assert_eq!(bench.refuse(signed(&hmac_hex("other", body))).await.0, 401);
    assert_eq!(bench.refuse(request("POST", "", &[], body)).await.0, 401);
}

#[tokio::test]
async fn event_grid_gets_the_code_of_the_first_event_back() {
    let bench = bench(
        r#"  verify: [ { token: { from: query.code, secrets: [webhook_secret] } } ]
  handshake:
    - when: { method: POST, equals: { header.aeg-event-type: SubscriptionValidation } }
      respond: { json: { validationResponse: "{/0/data/validationCode}" } }
"#,
    );
    let body = r#"[{"id":"1","data":{"validationCode":"512d38b6"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}]"#;
    let headers = [("aeg-event-type", "SubscriptionValidation")];
    let got = bench.shake(request("POST", "code=s3cret", &headers, body)).await;
    assert_eq!(got.json(), json!({ "validationResponse": "512d38b6" }));
    assert_eq!(bench.refuse(request("POST", "code=guess", &headers, body)).await.0, 401);
}

#[tokio::test]
async fn cloudevents_senders_are_allowed_by_their_origin() {
    let bench = bench(
        &(plain("x-signature", "hex")
            + r#"  handshake:
    - when: { method: OPTIONS, present: [header.WebHook-Request-Origin] }
      auth: none
      constrain: { header.webhook-request-origin: "eventgrid\\.azure\\.net|emitter\\.example\\.com" }
      respond:
        empty: true
        headers: { WebHook-Allowed-Origin: "{header.webhook-request-origin}", WebHook-Allowed-Rate: "120" }
"#),
    );
    let asked = |origin: &str| request("OPTIONS", "", &[("webhook-request-origin", origin)], "");
    let got = bench.shake(asked("eventgrid.azure.net")).await;
    assert_eq!((got.status, got.body.as_str()), (200, ""));
    assert_eq!(got.header("webhook-allowed-origin"), Some("eventgrid.azure.net"));
    assert_eq!(got.header("webhook-allowed-rate"), Some("120"));
    assert_eq!(got.header("content-type"), None);
    for other in ["evil.example.com", "eventgridxazure.net", "emitter.example.com.evil.com"] {
        assert_eq!(bench.refuse(asked(other)).await.0, 401, "{other}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_the_content_type_that_it_says() {
    let bench = bench(
        &(plain("x-signature", "hex")
            + r#"  handshake:
    - when: { method: POST, equals: { type: 0 } }
      auth: none
      respond: { status: 204, empty: true, headers: { Content-Type: application/json } }
"#),
    );
    let got = bench.shake(request("POST", "", &[], r#"{"type":0}"#)).await;
    assert_eq!((got.status, got.body.as_str()), (204, ""));
    assert_eq!(got.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn monday_gets_its_challenge_back_as_json() {
    let bench = bench(
        r#"  verify: [ { token: { from: query.token, secrets: [webhook_secret] } } ]
  handshake:
    - when: { method: POST, present: [challenge], absent: [event] }
      auth: none
      respond: { json: { challenge: "{challenge}" } }
"#,
    );
    let got = bench.shake(request("POST", "", &[], r#"{"challenge":"3eZbrw"}"#)).await;
    assert_eq!(got.json(), json!({ "challenge": "3eZbrw" }));
    // An event stays one.
    let event = r#"{"challenge":"3eZbrw","event":{"type":"create_pulse"}}"#;
    assert_eq!(bench.refuse(request("POST", "", &[], event)).await.0, 401);
    let handled = bench.handle(request("POST", "token=s3cret", &[], event)).await;
    assert_eq!((handled.answer.status, bench.queued().await), (200, 1));
}

#[tokio::test]
async fn xero_gets_200_or_401_and_never_a_body() {
    let bench = bench(
        &(plain("x-xero-signature", "base64")
            + "  handshake: [ { when: { method: POST, equals: { firstEventSequence: 0, lastEventSequence: 0 } }, respond: { empty: true } } ]\n"),
    );
    let body = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3"}"#;
    let signed = |signature: String| request("POST", "", &[("x-xero-signature", &signature)], body);
    let got = bench.shake(signed(hmac_base64("s3cret", body))).await;
    assert_eq!((got.status, got.body.as_str()), (200, ""));
    let refused = bench.handle(signed(hmac_base64("other", body))).await.answer;
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
}

#[tokio::test]
async fn intercom_and_trello_get_200_for_head() {
    let bench = bench(
        &(plain("X-Hub-Signature", "hex")
            + "  handshake: [ { when: { method: HEAD }, auth: none, respond: { empty: true } } ]\n"),
    );
    let got = bench.shake(request("HEAD", "", &[], "")).await;
    assert_eq!((got.status, got.body.as_str()), (200, ""));
    assert_eq!(bench.refuse(request("GET", "", &[], "")).await.0, 405);
}
