//! What stands in the table, as a person or DynamoDB itself sees it.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use mef_ports::conformance::receipt;
use mef_ports::{
    AccessToken, Commit, CursorRecord, Cursors as _, Deliveries as _, DeliveryKey, Limits as _,
    Position, Secret, SeenChange, SeenId, StreamKey, TokenKey, Tokens as _,
};

use crate::support::World;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stream(partition: &str) -> StreamKey {
    StreamKey { source: "okta".to_owned(), partition: partition.to_owned() }
}

type Item = HashMap<String, AttributeValue>;

impl World {
    async fn items(&self) -> Vec<Item> {
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let scan = client.scan().table_name(&self.settings.table).send().await.unwrap();
        let mut items = scan.items.unwrap();
        items.sort_by_key(|item| item["pk"].as_s().unwrap().clone());
        items
    }
}

fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    item[name].as_s().unwrap()
}

#[tokio::test]
async fn a_cursor_can_be_read_in_the_console() {
    let world = World::new().await;
    let table = world.aws.table();
    let now = at("2026-11-24T10:00:00.123456789Z");
    let lease = table.lease(&stream("org/a"), now, Duration::from_secs(60)).await.unwrap();
    let record = CursorRecord::at(Position::Time(now));
    let seen = [SeenId { time_ms: 1, hash: 2 }];
    table
        .commit(&lease, Commit { record: &record, seen: SeenChange::Replace(&seen) })
        .await
        .unwrap();
    let items = world.items().await;
    let below = |pk: &str| items.iter().find(|item| text(item, "pk") == pk).unwrap();
    let (cursor, ids) = (below("cursor#okta"), below("seen#okta/org/a"));
    assert_eq!(text(cursor, "sk"), "okta/org/a");
    assert_eq!((text(cursor, "source"), text(cursor, "partition")), ("okta", "org/a"));
    assert_eq!(cursor["fence"].as_n().unwrap(), "1");
    assert_eq!(text(cursor, "leased_until"), "2026-11-24T10:01:00.123456789Z");
    let done = &cursor["record"].as_m().unwrap()["done"].as_m().unwrap()["time"];
    assert_eq!(done.as_s().unwrap(), "2026-11-24T10:00:00.123456789Z");
    let number = cursor["seen"].as_l().unwrap()[0].as_n().unwrap().parse::<u64>().unwrap();
    assert_eq!(text(ids, "sk"), format!("{number:016x}"));
    assert_eq!(ids["ids"].as_b().unwrap().as_ref().len(), 16);
    table.release(&lease).await.unwrap();
    assert!(!world.items().await[0].contains_key("leased_until"));
}

#[tokio::test]
async fn more_cursors_than_a_page_of_the_table_has_are_listed() {
    let world = World::new().await;
    let table = world.aws.table();
    // One page is 1 MB.
    let token = Position::Token("x".repeat(300_000));
    let record = CursorRecord::at(token);
    for partition in ["a", "b", "c", "d", "e"] {
        table.set(&stream(partition), &record).await.unwrap();
    }
    let listed = table.list().await.unwrap();
    assert_eq!(listed.len(), 5);
    assert!(listed.iter().all(|cursor| cursor.record == record));
}

#[tokio::test]
async fn a_partition_of_any_length_has_a_cursor() {
    let table = World::new().await.aws.table();
    let long = stream(&"é".repeat(2_000));
    table.set(&long, &CursorRecord::default()).await.unwrap();
    assert_eq!(table.read(&long).await.unwrap().unwrap().stream, long);
    assert_eq!(table.list().await.unwrap()[0].stream, long);
}

#[tokio::test]
async fn what_ends_is_dropped_by_dynamodb_when_it_has_ended() {
    let world = World::new().await;
    let table = world.aws.table();
    let end = at("2026-11-24T10:00:00.5Z");
    let delivery = DeliveryKey {
        source: "okta".to_owned(),
        delivery_id: "1".to_owned(),
        body_sha256: "ab".to_owned(),
    };
    table.mark_done(&delivery, end, &receipt()).await.unwrap();
    table.hold("okta/secret", end).await.unwrap();
    let token = AccessToken { token: Secret::new("t"), expires: Some(end) };
    table.put(&TokenKey("k".to_owned()), &token).await.unwrap();
    let items = world.items().await;
    let keys: Vec<_> = items.iter().map(|item| text(item, "pk")).collect();
    assert!(keys[0].starts_with("delivery#okta#"), "{keys:?}");
    assert_eq!(keys[1..], ["limit#okta/secret", "token#k"]);
    for item in &items {
        assert_eq!(item["ttl"].as_n().unwrap(), &(end.as_second() + 1).to_string());
    }
    let endless = AccessToken { token: Secret::new("t"), expires: None };
    table.put(&TokenKey("k".to_owned()), &endless).await.unwrap();
    assert!(!world.items().await[2].contains_key("ttl"), "a token without an end stays");
}

#[tokio::test]
async fn an_error_does_not_tell_the_token() {
    let world = World::new().await;
    let settings = mef_aws::Settings { table: "no-such".to_owned(), ..world.settings.clone() };
    let table = mef_aws::Aws::new(world.config.clone(), settings, world.clock.clone()).table();
    let token = AccessToken { token: Secret::new("s3cr3t"), expires: None };
    let error = table.put(&TokenKey("k".to_owned()), &token).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("ResourceNotFound"), "{cause}");
    assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
}
