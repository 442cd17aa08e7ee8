//! What an earlier version stored.

use std::time::Duration;

use bytes::Bytes;
use mef_aws::Table;
use mef_ports::conformance::stored::Stored;
use mef_ports::{
    Captures as _, Clock as _, Limits as _, StreamKey, TokenClaim, Tokens as _, Wakeups as _,
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::stand_in::{StandIn, answer};

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn items() -> Vec<Value> {
    serde_json::from_str(include_str!("../stored/items.json")).unwrap()
}

fn messages() -> Value {
    fixture(include_str!("../stored/messages.json"))
}

/// DynamoDB, S3 and SQS, which give what is stored and keep nothing.
async fn stored() -> StandIn {
    let (items, messages) = (items(), messages());
    let objects = fixture(include_str!("../stored/objects.json"));
    StandIn::new(move |request: &Value| {
        if let Some(path) = request.as_str() {
            let object = path.strip_prefix("/bucket/").and_then(|key| objects.get(key)?.as_str());
            return ResponseTemplate::new(200).set_body_string(object.unwrap_or_default());
        }
        if let Some(values) = request.get("KeyConditionExpression") {
            assert_eq!(values, "#pk = :pk");
            let pk = request.pointer("/ExpressionAttributeValues/:pk");
            let found: Vec<_> = items.iter().filter(|item| item.get("pk") == pk).collect();
            return answer(200, &json!({ "Items": found }));
        }
        if let Some(key) = request.get("Key") {
            let found =
                items.iter().find(|item| item["pk"] == key["pk"] && item["sk"] == key["sk"]);
            // The same to whoever writes: no attribute changes.
            return answer(
                200,
                &found.map_or(json!({}), |item| json!({ "Item": item, "Attributes": item })),
            );
        }
        let queue = request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap();
        answer(200, &json!({ "Messages": messages.get(queue), "Successful": [], "Failed": [] }))
    })
    .await
}

#[tokio::test]
async fn what_the_first_version_stored_is_read() {
    let stand_in = stored().await;
    let aws = &stand_in.aws;
    let (table, dead_letters, blobs) = (aws.table(), aws.rejected(), aws.blobs());
    Stored { table: &table, dead_letters: &dead_letters, blobs: &blobs }.is_read().await;
}

#[tokio::test]
async fn messages_of_the_first_version_are_received() {
    let stand_in = stored().await;
    let received = stand_in.aws.queue().receive(2, Duration::ZERO).await.unwrap();
    let messages = messages();
    for ((received, stored), event_id) in
        received.iter().zip(messages["events"].as_array().unwrap()).zip(["e-1", "e-2"])
    {
        let message = &received.message;
        assert_eq!((message.source.as_str(), message.event_id.as_str()), ("okta", event_id));
        assert_eq!(message.body, stored["Body"]);
    }
}

/// DynamoDB compares these attributes by itself: a write has to name those that are there.
#[tokio::test]
async fn claims_limits_and_counts_go_on_from_what_is_stored() {
    let stand_in = stored().await;
    let (table, end) = (stand_in.aws.table(), Stored::<Table>::end());
    let claim = TokenClaim("claim-1".to_owned());
    table.claim(&Stored::<Table>::token(), &claim, stand_in.clock.now(), end).await.unwrap();
    table.hold("okta/api_token", end).await.unwrap();
    let hour = stand_in.clock.now();
    let file = Bytes::from_static(b"a request");
    assert!(stand_in.aws.captures().keep("okta", hour, 20, file).await.unwrap().is_some());
    let requests = stand_in.requests();
    let kept = json!("/bucket/captured/okta/2026-11-24T10/1.request.json");
    assert_eq!(requests.last(), Some(&kept));
    let updates: Vec<_> = requests.iter().filter(|request| request.get("Key").is_some()).collect();
    assert_eq!(updates.len(), 3);
    for update in updates {
        let item = items()
            .into_iter()
            .find(|item| item["pk"] == update["Key"]["pk"] && item["sk"] == update["Key"]["sk"]);
        let mut attributes = item.unwrap();
        attributes.as_object_mut().unwrap().retain(|name, _| name != "pk" && name != "sk");
        let names = update["ExpressionAttributeNames"].as_object().unwrap();
        for (name, value) in attributes.as_object().unwrap() {
            assert_eq!(names[&format!("#{name}")], *name);
            if name != "count" {
                assert_eq!(update["ExpressionAttributeValues"][format!(":{name}")], *value);
            }
        }
    }
}

#[tokio::test]
async fn a_schedule_is_that_of_the_first_version() {
    let stand_in = StandIn::new(|_: &Value| answer(200, &json!({"ScheduleArn": "arn"}))).await;
    let stream = StreamKey { source: "okta".to_owned(), partition: "org/a".to_owned() };
    let when = "2026-11-24T11:02:03.5Z".parse().unwrap();
    stand_in.aws.wakeups().unwrap().wake(&stream, when).await.unwrap();
    let mut schedule = stand_in.requests().remove(0);
    schedule.as_object_mut().unwrap().remove("ClientToken");
    assert_eq!(schedule, fixture(include_str!("../stored/schedule.json")));
}
