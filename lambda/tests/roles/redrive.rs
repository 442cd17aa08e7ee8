//! Rejected records, once the source file is mended.

use mef_lambda::{Failed, Metric};
use mef_ports::DeadLetters as _;
use serde_json::json;

use crate::support::{Stack, with_seconds};

const OPEN: &str =
    "source: open\nwebhook: { unauthenticated: \"a test\" }\nevent: { schema: schema.json }\n";

/// A stack that has rejected two records, one of which lacks even `a`.
async fn rejected() -> Stack {
    let stack = Stack::new(
        &[
            ("open/source.yml", OPEN),
            ("open/schema.json", r#"{"required":["a","b"]}"#),
            ("other/source.yml", "source: other\nwebhook: { unauthenticated: \"a test\" }\n"),
        ],
        &[],
    );
    let event = json!({ "path": "/events/open", "body": r#"[{"a":1},{"c":1}]"# });
    stack.intake().invoke(&event.to_string()).await.output.unwrap();
    assert_eq!(stack.store.list(None, 10).await.unwrap().len(), 2);
    stack
}

#[tokio::test]
async fn what_passes_today_is_delivered_and_the_rest_stays() {
    let stack = rejected().await;
    stack.write("open/schema.json", r#"{"required":["a"]}"#);
    let done = stack.redrives().invoke("{}", with_seconds(900)).await;
    let answer = done.output.unwrap();
    let expected = json!({
        "redriven": 1, "delivered": 1, "refused_again": 1, "no_source": 0, "unfinished": false,
    });
    assert_eq!(answer, expected);
    let metrics = done.metrics.unwrap();
    assert_eq!(metrics.source(), None);
    assert_eq!(metrics.get(Metric::Redriven), Some(1));
    assert_eq!(metrics.get(Metric::RefusedAgain), Some(1));
    let events = stack.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["details"], json!({ "open": { "a": 1 } }));
    assert_eq!(stack.store.list(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_source_alone_can_be_redriven() {
    let stack = rejected().await;
    stack.write("open/schema.json", "{}");
    let other = stack.redrives().invoke(r#"{"source":"other"}"#, with_seconds(900)).await;
    assert_eq!(other.output.unwrap()["redriven"], 0);
    let open = stack.redrives().invoke(r#"{"source":"open"}"#, with_seconds(900)).await;
    assert_eq!(open.metrics.unwrap().source().unwrap().as_str(), "open");
    assert_eq!(open.output.unwrap()["redriven"], 2);
    assert_eq!(stack.events().await.len(), 2);
}

#[tokio::test]
async fn a_source_that_is_gone_keeps_its_letters() {
    let stack = rejected().await;
    stack.write("open/source.yml", "source: open\nwebhook: {}\n");
    let answer = stack.redrives().invoke("{}", with_seconds(900)).await.output.unwrap();
    assert_eq!((&answer["no_source"], &answer["redriven"]), (&json!(2), &json!(0)));
    assert_eq!(stack.store.list(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_redrive_out_of_time_says_that_it_is_unfinished() {
    let stack = rejected().await;
    stack.write("open/schema.json", "{}");
    let answer = stack.redrives().invoke("{}", with_seconds(0)).await.output.unwrap();
    assert_eq!(answer["unfinished"], true);
    assert!(stack.events().await.is_empty());
}

#[tokio::test]
async fn an_event_that_is_not_understood_fails_the_call() {
    let stack = rejected().await;
    for (event, failed) in [
        ("null", Failed::Event),
        ("[null]", Failed::Event),
        (r#"{"source":7}"#, Failed::Event),
        (r#"{"source":"../open"}"#, Failed::Source),
        (r#"{"source":"nobody"}"#, Failed::Source),
    ] {
        let done = stack.redrives().invoke(event, with_seconds(900)).await;
        assert_eq!(done.output, Err(failed), "{event}");
    }
}
