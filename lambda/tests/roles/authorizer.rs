//! What the gate lets through, in each of its three forms.

use std::sync::atomic::Ordering;

use mef_lambda::{Failed, Metric};
use serde_json::{Value, json};

use crate::support::Stack;

const TOKEN: &str = "source: vendor\nwebhook:\n  max_body: 1KiB\n  verify: [ { token: { from: header.Authorization, prefix: \"Bearer \", secrets: [token] } } ]\n";
const SIGNED: &str = "source: signed\nwebhook:\n  verify:\n    - hmac: { hash: sha256, secrets: [key], text: \"{timestamp}.{body}\", signature: { from: header.X-Sig, encoding: hex }, timestamp: { from: header.X-Time, unit: s, max_age: 60s } }\n";
const PATIENT: &str = "source: patient\nwebhook:\n  early_refusal: false\n  verify: [ { token: { from: header.Authorization, secrets: [token] } } ]\n";
const OPEN: &str = "source: open\nwebhook: { unauthenticated: \"a test\" }\n";
const PULLED: &str = "source: pulled\npoll:\n  schedule: rate(1 minute)\n  request: { get: \"https://api.example.com/log\", query: { since: \"{window.start}\" } }\n  records: \"\"\n  cursor: { time: at, id: id, start: 1d }\n";
const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/events/";

fn stack() -> Stack {
    Stack::new(
        &[
            ("vendor/source.yml", TOKEN),
            ("signed/source.yml", SIGNED),
            ("patient/source.yml", PATIENT),
            ("open/source.yml", OPEN),
            ("pulled/source.yml", PULLED),
            ("broken/source.yml", "source: broken\nwebhook: {}\n"),
        ],
        &[("vendor/token", "right"), ("patient/token", "right"), ("signed/key", "k")],
    )
}

/// The same head in the forms that carry one.
fn forms(method: &str, source: &str, headers: &Value) -> [Value; 3] {
    let path = format!("/events/{source}");
    let arn = format!("arn:aws:execute-api:us-east-1:1:abc/prod/{method}{path}");
    [
        json!({ "version": "2.0", "type": "REQUEST", "routeArn": arn, "rawPath": path,
            "rawQueryString": "", "headers": headers,
            "requestContext": { "stage": "$default", "http": { "method": method, "path": path } } }),
        json!({ "type": "REQUEST", "methodArn": arn, "path": path, "httpMethod": method,
            "headers": headers, "requestContext": { "stage": "prod", "path": format!("/prod{path}") } }),
        json!({ "version": "1.0", "type": "REQUEST", "methodArn": arn, "path": path,
            "httpMethod": method, "headers": headers, "authorizationToken": "ignored",
            "requestContext": { "stage": "$default", "path": path } }),
    ]
}

fn token(token: &str, arn: &str) -> Value {
    json!({ "type": "TOKEN", "authorizationToken": token, "methodArn": arn })
}

/// Whether `event` is let through; its answer has the form that it asks for.
async fn allowed(stack: &Stack, event: &Value) -> bool {
    let done = stack.gate().invoke(&event.to_string()).await;
    // What is for no source is counted as that.
    let denials = done.metrics.as_ref().and_then(|m| match m.source() {
        Some(_) => m.get(Metric::AuthorizerDenied),
        None => m.get(Metric::NotTaken),
    });
    let answer = done.output.unwrap();
    let allowed = match event.get("version").and_then(Value::as_str) {
        Some("2.0") => answer["isAuthorized"].as_bool().unwrap(),
        _ => {
            assert_eq!(answer["principalId"], "webhook_service");
            assert_eq!(answer["policyDocument"]["Version"], "2012-10-17");
            let statements = answer["policyDocument"]["Statement"].as_array().unwrap();
            assert_eq!(statements.len(), 1);
            assert_eq!(statements[0]["Action"], "execute-api:Invoke");
            assert_eq!(statements[0]["Resource"], event["methodArn"]);
            statements[0]["Effect"] == "Allow"
        }
    };
    assert_eq!(denials, (!allowed).then_some(1), "{event}");
    allowed
}

#[tokio::test]
async fn a_head_is_judged_alike_in_every_form() {
    let stack = stack();
    let now = crate::support::NOW.to_string();
    for (method, source, headers, expected) in [
        ("POST", "vendor", json!({ "Authorization": "Bearer right" }), true),
        ("POST", "vendor", json!({ "authorization": "bearer right" }), true),
        ("POST", "vendor", json!({ "Authorization": "Bearer wrong" }), false),
        ("POST", "vendor", json!({}), false),
        ("GET", "vendor", json!({ "Authorization": "Bearer right" }), false),
        (
            "POST",
            "vendor",
            json!({ "Authorization": "Bearer right", "Content-Length": "1024" }),
            true,
        ),
        (
            "POST",
            "vendor",
            json!({ "Authorization": "Bearer right", "Content-Length": "1025" }),
            false,
        ),
        ("POST", "vendor", json!({ "Authorization": "Bearer right", "Content-Length": "x" }), true),
        ("POST", "signed", json!({ "X-Sig": "00", "X-Time": now }), true),
        ("POST", "signed", json!({ "X-Time": now }), false),
        ("POST", "signed", json!({ "X-Sig": "00", "X-Time": "1" }), false),
        ("POST", "signed", json!({ "X-Sig": "zz", "X-Time": now }), false),
        ("POST", "patient", json!({}), true),
        ("GET", "patient", json!({}), false),
        ("POST", "open", json!({}), true),
        ("POST", "pulled", json!({}), false),
        ("POST", "nobody", json!({}), false),
        ("POST", "..", json!({}), false),
        ("POST", "%2e%2e%2fvendor", json!({ "Authorization": "Bearer right" }), false),
        // The handler answers 503, so that the sender comes again.
        ("POST", "broken", json!({}), true),
    ] {
        for event in forms(method, source, &headers) {
            assert_eq!(allowed(&stack, &event).await, expected, "{event}");
        }
    }
}

#[tokio::test]
async fn a_secret_store_that_is_away_denies_nobody() {
    let stack = stack();
    let wrong = json!({ "Authorization": "Bearer wrong" });
    stack.vault.away.store(true, Ordering::Relaxed);
    for event in forms("POST", "vendor", &wrong) {
        assert!(allowed(&stack, &event).await);
    }
    assert!(allowed(&stack, &token("Bearer wrong", &format!("{ARN}vendor"))).await);
    stack.vault.away.store(false, Ordering::Relaxed);
    stack.vault.values.lock().unwrap().clear();
    for event in forms("POST", "vendor", &wrong) {
        assert!(allowed(&stack, &event).await, "a secret that is not set");
    }
}

#[tokio::test]
async fn a_mistake_in_the_sources_own_secrets_is_left_to_the_handler() {
    let stack = stack();
    let check = "token: { from: header.Authorization, secrets: [ { name: token, not_after: \"2020-01-01T00:00:00Z\" } ] }";
    stack.write(
        "retired/source.yml",
        &format!("source: retired\nwebhook:\n  verify: [ {{ {check} }} ]\n"),
    );
    for event in forms("POST", "retired", &json!({ "Authorization": "right" })) {
        assert!(allowed(&stack, &event).await);
    }
    assert_eq!(stack.vault.reads.load(Ordering::Relaxed), 0, "a retired secret is read");
}

#[tokio::test]
async fn only_the_secrets_of_checks_without_a_body_are_read() {
    let stack = stack();
    let headers = json!({ "X-Sig": "00", "X-Time": crate::support::NOW.to_string() });
    for event in forms("POST", "signed", &headers) {
        assert!(allowed(&stack, &event).await);
    }
    assert_eq!(stack.vault.reads.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_secret_that_was_changed_is_read_again_before_a_denial() {
    let stack = stack();
    let right = json!({ "Authorization": "Bearer right" });
    for event in forms("POST", "vendor", &right) {
        stack.vault.outdated.lock().unwrap().replace("before".to_owned());
        assert!(allowed(&stack, &event).await);
        assert!(!allowed(&stack, &forms("POST", "vendor", &json!({}))[0]).await);
    }
    stack.vault.outdated.lock().unwrap().replace("before".to_owned());
    assert!(allowed(&stack, &token("Bearer right", &format!("{ARN}vendor"))).await);
}

#[tokio::test]
async fn a_token_event_is_judged_by_its_token() {
    let stack = stack();
    for (source, credential, expected) in [
        ("vendor", "Bearer right", true),
        ("vendor", "Bearer wrong", false),
        ("vendor", "right", false),
        // What the head and the body hold is not there to see.
        ("signed", "anything", true),
        ("patient", "wrong", true),
        ("open", "anything", true),
        ("pulled", "anything", false),
        ("nobody", "anything", false),
    ] {
        let event = token(credential, &format!("{ARN}{source}"));
        assert_eq!(allowed(&stack, &event).await, expected, "{event}");
    }
    let get = format!("{ARN}vendor").replace("POST", "GET");
    assert!(!allowed(&stack, &token("Bearer right", &get)).await);
}

#[tokio::test]
async fn a_policy_never_allows_more_than_was_asked() {
    let stack = stack();
    for arn in [
        "arn:aws:execute-api:us-east-1:1:abc/prod/POST/events/*/vendor",
        "arn:aws:execute-api:us-east-1:1:*/prod/POST/events/vendor",
        "arn:aws:execute-api:us-east-1:1:abc/prod/POST/event?/vendor",
    ] {
        assert!(!allowed(&stack, &token("Bearer right", arn)).await, "{arn}");
    }
}

#[tokio::test]
async fn an_event_that_is_none_fails_closed() {
    let stack = stack();
    for text in ["null", "[]", "7", "\"x\"", "{\"headers\":{},\"type\":\"REQUEST\"}"] {
        let done = stack.gate().invoke(text).await;
        assert_eq!(done.output, Err(Failed::Event), "{text}");
    }
}

#[tokio::test]
async fn a_name_that_somebody_sent_is_no_dimension() {
    let stack = stack();
    let source = async |name: &str| {
        let [event, ..] = forms("POST", name, &json!({}));
        let done = stack.gate().invoke(&event.to_string()).await;
        done.metrics.unwrap().source().map(ToString::to_string)
    };
    assert_eq!(source("vendor").await.as_deref(), Some("vendor"));
    assert_eq!(source("nobody").await, None);
    assert_eq!(source("pulled").await, None);
}
