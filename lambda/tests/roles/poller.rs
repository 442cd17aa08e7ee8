//! Runs against a vendor on loopback.

use mef_lambda::{Failed, Metric};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{NOW, Stack, with_seconds};

fn source(url: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {{ header: {{ name: Authorization, value: \"Bearer {{secret.key}}\" }} }}\n  request:\n    get: \"{url}/log\"\n    query: {{ since: \"{{window.start|rfc3339}}\", until: \"{{window.end|rfc3339}}\" }}\n  records: \"\"\n  cursor: {{ time: at, id: id, start: 1h, max_window: 2h }}\n"
    )
}

async fn vendor(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let log = Mock::given(method("GET")).and(path("/log")).and(header("authorization", "Bearer k"));
    log.respond_with(answer).mount(&server).await;
    server
}

fn stack(url: &str) -> Stack {
    Stack::new(
        &[
            ("acme/source.yml", &source(url)),
            ("pushed/source.yml", "source: pushed\nwebhook: { unauthenticated: \"a test\" }\n"),
            ("broken/source.yml", "source: broken\npoll: {}\n"),
        ],
        &[("acme/key", "k")],
    )
}

fn records() -> serde_json::Value {
    let at = jiff::Timestamp::from_second(NOW - 600).unwrap().to_string();
    json!([{ "id": "1", "at": at }, { "id": "2", "at": at }])
}

#[tokio::test]
async fn a_run_pulls_commits_and_says_what_it_did() {
    let server = vendor(ResponseTemplate::new(200).set_body_json(records())).await;
    let stack = stack(&server.uri());
    let pulls = stack.pulls();
    let done = pulls.invoke(r#"{"source":"acme"}"#, with_seconds(900)).await;
    let answer = done.output.unwrap();
    assert_eq!(answer["source"], "acme");
    assert_eq!(answer["end"], "caught_up", "{answer}");
    assert_eq!(answer["delivered"], 2);
    let metrics = done.metrics.unwrap();
    assert_eq!(metrics.get(Metric::Delivered), Some(2));
    assert_eq!(metrics.get(Metric::Pages), answer["pages"].as_i64());
    assert_eq!(metrics.get(Metric::Failed), Some(0));
    assert_eq!(metrics.get(Metric::LagSeconds), answer["lag_s"].as_i64());
    assert!(answer["lag_s"].is_i64(), "{answer}");
    assert_eq!(stack.events().await.len(), 2);
}

#[tokio::test]
async fn a_run_that_fails_fails_the_call() {
    let server = vendor(ResponseTemplate::new(401)).await;
    let stack = stack(&server.uri());
    let done = stack.pulls().invoke(r#"{"source":"acme"}"#, with_seconds(900)).await;
    assert_eq!(done.output, Err(Failed::Run));
    assert_eq!(done.metrics.unwrap().get(Metric::Failed), Some(1));
}

#[tokio::test]
async fn a_run_at_the_vendors_limit_is_no_failure() {
    let limit = ResponseTemplate::new(429).insert_header("retry-after", "120");
    let server = vendor(limit).await;
    let stack = stack(&server.uri());
    let done = stack.pulls().invoke(r#"{"source":"acme"}"#, with_seconds(900)).await;
    assert_eq!(done.output.unwrap()["end"], "limited");
    let metrics = done.metrics.unwrap();
    assert_eq!(metrics.get(Metric::LimitWaits), Some(1));
    assert_eq!(metrics.get(Metric::Failed), Some(0));
}

#[tokio::test]
async fn a_run_without_time_left_asks_for_nothing() {
    let server = vendor(ResponseTemplate::new(200).set_body_json(records())).await;
    let stack = stack(&server.uri());
    let done = stack.pulls().invoke(r#"{"source":"acme"}"#, with_seconds(0)).await;
    assert_eq!(done.output.unwrap()["end"], "out_of_time");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_of_nothing_that_can_be_pulled_fails_the_call() {
    let stack = stack("http://127.0.0.1:1");
    for (event, failed) in [
        ("{}", Failed::Event),
        (r#"["acme"]"#, Failed::Event),
        (r#"{"source":7}"#, Failed::Event),
        (r#"{"source":"../acme"}"#, Failed::Event),
        (r#"{"source":"nobody"}"#, Failed::Source),
        (r#"{"source":"pushed"}"#, Failed::Source),
        (r#"{"source":"broken"}"#, Failed::Source),
    ] {
        let done = stack.pulls().invoke(event, with_seconds(900)).await;
        assert_eq!(done.output, Err(failed), "{event}");
        let counted = done.metrics.and_then(|metrics| metrics.get(Metric::Failed));
        assert_eq!(counted, event.contains("broken").then_some(1), "{event}");
    }
}
