//! What becomes of webhooks in each payload format.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mef_lambda::Metric;
use mef_ports::DeadLetters as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Stack, status};

const SIGNED: &str = "source: signed\nwebhook:\n  max_body: 1KiB\n  delivery_id: header.X-Id\n  verify:\n    - hmac: { hash: sha256, secrets: [key], text: \"{body}\", signature: { from: header.X-Sig, encoding: hex } }\nevent:\n  schema: schema.json\n";
const SCHEMA: &str = r#"{"type":"object","required":["user"]}"#;

fn stack() -> Stack {
    Stack::new(
        &[
            ("signed/source.yml", SIGNED),
            ("signed/schema.json", SCHEMA),
            ("broken/source.yml", "source: broken\nwebhook: {}\n"),
            (
                "schema/source.yml",
                "source: schema\nwebhook: { unauthenticated: \"a test\" }\nevent: { schema: schema.json }\n",
            ),
            ("schema/schema.json", r#"{"type":"no such type"}"#),
        ],
        &[("signed/key", "k")],
    )
}

fn sign(body: &[u8]) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"k");
    hex::encode(aws_lc_rs::hmac::sign(&key, body))
}

fn rest(source: &str, headers: &Value, body: &[u8]) -> Value {
    let mut many = serde_json::Map::new();
    for (name, value) in headers.as_object().unwrap() {
        many.insert(name.clone(), json!([value]));
    }
    json!({
        "resource": "/{proxy+}", "path": format!("/events/{source}"), "httpMethod": "POST",
        "headers": headers, "multiValueHeaders": many,
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "requestContext": { "stage": "prod", "path": format!("/prod/events/{source}") },
        "body": STANDARD.encode(body), "isBase64Encoded": true,
    })
}

fn http_1_0(source: &str, headers: &Value, body: &[u8]) -> Value {
    json!({
        "version": "1.0", "resource": "/events/{source}", "path": format!("/events/{source}"),
        "httpMethod": "POST", "headers": headers,
        "requestContext": { "stage": "$default", "path": format!("/events/{source}") },
        "body": String::from_utf8(body.to_vec()).unwrap(), "isBase64Encoded": false,
    })
}

fn http_2_0(source: &str, headers: &Value, body: &[u8]) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": format!("/events/{source}"),
        "rawQueryString": "", "headers": headers,
        "requestContext": { "stage": "$default", "http": { "method": "POST", "path": format!("/events/{source}") } },
        "body": String::from_utf8(body.to_vec()).unwrap(), "isBase64Encoded": false,
    })
}

/// The event of a function URL, as AWS documents it:
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.
fn function_url(source: &str, headers: &Value, body: &[u8]) -> Value {
    let mut lower = serde_json::Map::new();
    for (name, value) in headers.as_object().unwrap() {
        lower.insert(name.to_ascii_lowercase(), value.clone());
    }
    let path = format!("/events/{source}");
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": lower,
        "requestContext": {
            "accountId": "anonymous", "apiId": "abcdefghijklmnopqrstuvwxyz234567",
            "domainName": "abcdefghijklmnopqrstuvwxyz234567.lambda-url.eu-west-1.on.aws",
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz234567",
            "http": {
                "method": "POST", "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "a vendor",
            },
            "requestId": "0e5e2a1c-0000-4000-8000-000000000000", "routeKey": "$default",
            "stage": "$default", "time": "01/Dec/2026:10:00:00 +0000", "timeEpoch": 1_796_119_200_000_i64,
        },
        "body": STANDARD.encode(body), "isBase64Encoded": true,
    })
}

type Format = fn(&str, &Value, &[u8]) -> Value;
const FORMATS: [Format; 4] = [rest, http_1_0, http_2_0, function_url];

#[tokio::test]
async fn an_event_is_accepted_in_every_format() {
    for format in FORMATS {
        let stack = stack();
        let body = br#"{"user":"ann"}"#;
        let event = format("signed", &json!({ "X-Sig": sign(body), "X-Id": "1" }), body);
        let intake = stack.intake();
        let done = intake.invoke(&event.to_string()).await;
        let answer = done.output.as_ref().unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        assert_eq!(answer["isBase64Encoded"], false);
        assert_eq!(answer["headers"]["content-type"], "application/json");
        assert_eq!(answer["body"], r#"{"accepted":1,"rejected":0}"#);
        let metrics = done.metrics.unwrap();
        assert_eq!(metrics.source().unwrap().as_str(), "signed");
        assert_eq!(metrics.get(Metric::Accepted), Some(1));
        assert_eq!(metrics.get(Metric::Rejected), Some(0));
        assert_eq!(metrics.get(Metric::DurationMs), Some(0));
        let events = stack.events().await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["details"], json!({ "signed": { "user": "ann" } }));
        let again = intake.invoke(&event.to_string()).await;
        assert_eq!(status(&again), 200);
        assert_eq!(again.metrics.unwrap().get(Metric::Duplicate), Some(1));
        assert_eq!(stack.events().await.len(), 1);
    }
}

/// One source file, deployed to two stages: each knows the URL that its vendor was given.
#[tokio::test]
async fn a_url_below_the_endpoint_is_the_deployments() {
    let text = SIGNED
        .replace("webhook:\n", "webhook:\n  public_url: \"{endpoint}/signed\"\n")
        .replace("{body}", "{url}{body}");
    let body = br#"{"user":"ann"}"#;
    let event = |endpoint: &str| {
        let text = [format!("{endpoint}/signed").as_bytes(), body].concat();
        http_2_0("signed", &json!({ "X-Sig": sign(&text), "X-Id": "1" }), body).to_string()
    };
    let (dev, prod) = ("https://dev.example.com/events", "https://hooks.example.com/events");
    for (endpoint, signed, code) in
        [(dev, dev, 200), (prod, prod, 200), (prod, dev, 401), ("", dev, 503)]
    {
        let mut stack = Stack::new(
            &[("signed/source.yml", &text), ("signed/schema.json", SCHEMA)],
            &[("signed/key", "k")],
        );
        stack.environment.endpoint = endpoint.parse().ok();
        let done = stack.intake().invoke(&event(signed)).await;
        assert_eq!(status(&done), code, "{endpoint} {signed}");
    }
}

#[tokio::test]
async fn what_is_refused_is_refused_with_the_right_status_and_counted_so() {
    let stack = stack();
    let good = br#"{"user":"ann"}"#.as_slice();
    let large = vec![b' '; 1025];
    let no_user = b"{}".as_slice();
    for format in FORMATS {
        for (source, signature, body, code, metric) in [
            ("signed", sign(no_user), good, 401, Metric::Denied),
            ("signed", String::new(), good, 401, Metric::Denied),
            ("signed", sign(&large), &large, 413, Metric::NotTaken),
            ("signed", sign(b""), b"", 400, Metric::NotTaken),
            ("signed", sign(no_user), no_user, 202, Metric::Rejected),
            ("nobody", sign(good), good, 404, Metric::NotTaken),
            ("..", sign(good), good, 404, Metric::NotTaken),
            ("broken", sign(good), good, 503, Metric::Unavailable),
            ("schema", sign(good), good, 503, Metric::Unavailable),
        ] {
            let event = format(source, &json!({ "X-Sig": signature }), body);
            let done = stack.intake().invoke(&event.to_string()).await;
            assert_eq!(status(&done), code, "{event}");
            let metrics = done.metrics.unwrap();
            assert_eq!(metrics.get(metric), Some(1), "{event}");
            // A name that somebody sent must not become a metric of its own.
            assert_eq!(metrics.source().is_some(), code != 404, "{event}");
        }
    }
    assert!(stack.events().await.is_empty());
    // The same body at the same moment is the same letter.
    assert_eq!(stack.store.list(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_method_that_brings_no_events_is_told_which_do() {
    let stack = stack();
    let mut event = http_2_0("signed", &json!({}), b"");
    event["requestContext"]["http"]["method"] = json!("GET");
    let done = stack.intake().invoke(&event.to_string()).await;
    assert_eq!(status(&done), 405);
    assert_eq!(done.metrics.unwrap().get(Metric::NotTaken), Some(1));
    assert_eq!(done.output.unwrap()["headers"]["allow"], "POST");
}

#[tokio::test]
async fn a_path_leads_to_the_same_source_however_it_is_written() {
    let stack = stack();
    for (path, code) in [
        ("/events/signed/", 200),
        ("/events//signed", 200),
        ("/%65vents/%73igned", 200),
        ("/signed", 200),
        ("/events/Signed", 404),
        ("/events/signed/x", 404),
    ] {
        let body = br#"{"user":"ann"}"#;
        let mut event = http_2_0("signed", &json!({ "X-Sig": sign(body) }), body);
        event["rawPath"] = json!(path);
        assert_eq!(status(&stack.intake().invoke(&event.to_string()).await), code, "{path}");
        // To HEAD nobody answers with a body.
        event["requestContext"]["http"]["method"] = json!("HEAD");
        let output = stack.intake().invoke(&event.to_string()).await.output.unwrap();
        assert_eq!(output["body"], "", "{path}");
    }
}

#[tokio::test]
async fn an_unreadable_payload_is_400() {
    let stack = stack();
    for text in ["null", "[]", r#"{"body":{}}"#, r#"{"body":"%","isBase64Encoded":true}"#] {
        let done = stack.intake().invoke(text).await;
        assert_eq!(status(&done), 400, "{text}");
        assert_eq!(done.metrics.unwrap().get(Metric::NotTaken), Some(1), "{text}");
    }
}

#[tokio::test]
async fn a_secret_store_that_is_away_is_503() {
    let stack = stack();
    stack.vault.away.store(true, Ordering::Relaxed);
    let body = br#"{"user":"ann"}"#;
    let event = http_2_0("signed", &json!({ "X-Sig": sign(body) }), body);
    let done = stack.intake().invoke(&event.to_string()).await;
    assert_eq!(status(&done), 503);
    assert_eq!(done.output.unwrap()["headers"]["retry-after"], "30");
    assert_eq!(done.metrics.unwrap().get(Metric::Unavailable), Some(1));
}

#[tokio::test]
async fn a_broken_file_that_is_mended_serves_again() {
    let stack = stack();
    let intake = stack.intake();
    let event = http_2_0("broken", &json!({}), b"{\"a\":1}").to_string();
    assert_eq!(status(&intake.invoke(&event).await), 503);
    stack.write("broken/source.yml", "source: broken\nwebhook: { unauthenticated: \"a test\" }\n");
    assert_eq!(status(&intake.invoke(&event).await), 200);
}

/// What a gateway's authorizer, or somebody who says to be one, may put beside
/// a request.
fn authorizer_says() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!({ "lambda": { "source": "signed" } })),
        Just(json!({ "isAuthorized": true, "principalId": "webhook_service" })),
        Just(json!({ "principalId": "webhook_service", "source": "signed", "verified": "true" })),
        ".{0,10}".prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nobody_is_let_in_by_what_an_authorizer_said(
        says in authorizer_says(),
        format in 0_usize..3,
        is_signed: bool,
    ) {
        let body = br#"{"user":"ann"}"#;
        let signature = if is_signed { sign(body) } else { sign(b"another body") };
        let mut event = FORMATS[format]("signed", &json!({ "X-Sig": signature }), body);
        event["requestContext"]["authorizer"] = says.clone();
        event["authorizer"] = says;
        event["isAuthorized"] = json!(true);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let stack = stack();
        // The gate lets the forged one through too: only the body could tell.
        let status = runtime.block_on(async {
            status(&stack.intake().invoke(&event.to_string()).await)
        });
        prop_assert_eq!(status, if is_signed { 200 } else { 401 });
        prop_assert_eq!(runtime.block_on(stack.events()).len(), usize::from(is_signed));
    }
}
