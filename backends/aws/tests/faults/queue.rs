//! Sends of which a part fails.

use std::error::Error as _;

use mef_ports::{Message, Queue as _};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::stand_in::{StandIn, answer, error};

fn message(id: usize, body: &str) -> Message {
    Message { event_id: id.to_string(), source: "acme".to_owned(), body: body.to_owned() }
}

/// SQS, which takes every entry but those whose body says otherwise.
fn sqs(request: &Value) -> ResponseTemplate {
    let (mut stored, mut failed) = (Vec::new(), Vec::new());
    for entry in request["Entries"].as_array().unwrap() {
        let id = &entry["Id"];
        match entry["MessageBody"].as_str().unwrap() {
            "all fail" => return error(503, "ServiceUnavailable"),
            "busy" => failed.push(json!({"Id": id, "Code": "InternalError", "SenderFault": false})),
            "bad" => failed.push(
                json!({"Id": id, "Code": "InvalidMessageContents", "Message": "no", "SenderFault": true}),
            ),
            "forgotten" => {}
            _ => stored.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "d"})),
        }
    }
    answer(200, &json!({"Successful": stored, "Failed": failed}))
}

/// `o` stored, `t` refused for now, `p` refused for good.
fn results(results: &[Result<(), mef_ports::Refused>]) -> String {
    let letter = |result: &Result<(), mef_ports::Refused>| match result {
        Ok(()) => 'o',
        Err(refused) if refused.transient => 't',
        Err(_) => 'p',
    };
    results.iter().map(letter).collect()
}

#[tokio::test]
async fn a_request_that_fails_leaves_the_others_their_results() {
    let stand_in = StandIn::new(sqs).await;
    let body = |n| if n == 15 { "all fail" } else { "fine" };
    let batch: Vec<_> = (0..25).map(|n| message(n, body(n))).collect();
    let sent = stand_in.aws.queue().send(&batch).await.unwrap();
    assert_eq!(results(&sent), "oooooooooottttttttttooooo");
    let reason = sent[10].as_ref().unwrap_err().reason.clone();
    assert!(reason.starts_with("ServiceUnavailable: because (status 503"), "{reason}");
}

#[tokio::test]
async fn each_entry_has_its_own_result() {
    let stand_in = StandIn::new(sqs).await;
    let bodies = ["fine", "busy", "bad", "forgotten", "fine"];
    let batch: Vec<_> = bodies.iter().enumerate().map(|(n, body)| message(n, body)).collect();
    let sent = stand_in.aws.queue().send(&batch).await.unwrap();
    assert_eq!(results(&sent), "otpto");
    assert_eq!(sent[2].as_ref().unwrap_err().reason, "InvalidMessageContents: no");
    let attributes = &stand_in.requests()[0]["Entries"][1]["MessageAttributes"];
    assert_eq!(attributes["source"]["StringValue"], "acme");
    assert_eq!(attributes["event_id"]["StringValue"], "1");
}

#[tokio::test]
async fn where_every_request_fails_there_is_an_error() {
    let mut stand_in = StandIn::new(sqs).await;
    let queue = stand_in.aws.queue();
    let batch: Vec<_> = (0..25).map(|n| message(n, "all fail")).collect();
    assert!(queue.send(&batch).await.is_err());
    stand_in.go_away();
    let error = queue.send(&[message(1, "fine")]).await.unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.starts_with("dispatch failure: "), "{cause}");
}
