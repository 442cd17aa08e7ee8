//! Cursors that an older program left below the key of all.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use mef_aws::Table;
use mef_ports::{
    Commit, CommitError, CursorRecord, Cursors as _, Lease, LeaseError, Position, SeenChange,
    StreamKey,
};

use crate::support::World;

const TTL: Duration = Duration::from_secs(30);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_514_400 + seconds).unwrap()
}

fn okta() -> StreamKey {
    StreamKey { source: "okta".to_owned(), partition: "org/a".to_owned() }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A table with a cursor as the first version wrote it, leased until `leased` seconds.
async fn left(leased: Option<i64>) -> (World, Table) {
    let world = World::new().await;
    let run = AttributeValue::M(
        [
            ("ended".to_owned(), text("2026-11-24T09:00:00Z")),
            ("delivered".to_owned(), AttributeValue::N("7".to_owned())),
        ]
        .into(),
    );
    let time = AttributeValue::M([("time".to_owned(), text("2026-11-24T09:00:00Z"))].into());
    let record = [("done".to_owned(), time), ("history".to_owned(), AttributeValue::L(vec![run]))];
    let client = aws_sdk_dynamodb::Client::new(&world.config);
    let mut put = client
        .put_item()
        .table_name(&world.settings.table)
        .item("pk", text("cursor"))
        .item("sk", text("okta/org/a"))
        .item("source", text("okta"))
        .item("partition", text("org/a"))
        .item("fence", AttributeValue::N("4".to_owned()))
        .item("record", AttributeValue::M(record.into()));
    if let Some(leased) = leased {
        put = put
            .item("leased_until", text(&at(leased).to_string()))
            .item("leased_until_ns", AttributeValue::N(at(leased).as_nanosecond().to_string()))
            .item("holder", text("an older program"));
    }
    put.send().await.unwrap();
    let table = world.aws.table();
    (world, table)
}

/// The item that the older program left.
async fn old_item(world: &World) -> Option<HashMap<String, AttributeValue>> {
    let client = aws_sdk_dynamodb::Client::new(&world.config);
    let get = client.get_item().table_name(&world.settings.table);
    get.key("pk", text("cursor")).key("sk", text("okta/org/a")).send().await.unwrap().item
}

fn done() -> Option<Position> {
    Some(Position::Time("2026-11-24T09:00:00Z".parse().unwrap()))
}

fn commit(record: &CursorRecord) -> Commit<'_> {
    Commit { record, seen: SeenChange::Keep }
}

#[tokio::test]
async fn it_is_found_before_it_is_moved_and_after() {
    let (world, table) = left(None).await;
    let left_behind = old_item(&world).await;
    let before = table.read(&okta()).await.unwrap().unwrap();
    assert_eq!((before.record.done().cloned(), before.record.history.len()), (done(), 1));
    assert_eq!(table.list().await.unwrap(), std::slice::from_ref(&before));
    assert_eq!(table.list_of("okta").await.unwrap(), std::slice::from_ref(&before));
    assert!(table.list_of("okt").await.unwrap().is_empty());

    let lease = table.lease(&okta(), at(0), TTL).await.unwrap();
    assert!(lease.fence > before.fence);
    let after = table.read(&okta()).await.unwrap().unwrap();
    assert_eq!(after.record, before.record, "history and all");
    assert_eq!(table.list().await.unwrap(), std::slice::from_ref(&after), "and only once");
    table.commit(&lease, commit(&CursorRecord::default())).await.unwrap();
    assert_eq!(old_item(&world).await, left_behind, "a roll back goes on from it");
}

#[tokio::test]
async fn who_holds_it_there_holds_it_here() {
    let (_world, table) = left(Some(20)).await;
    let held = table.lease(&okta(), at(0), TTL).await;
    assert!(matches!(held, Err(LeaseError::Held { until }) if until == at(20)), "{held:?}");
    table.lease(&okta(), at(21), TTL).await.unwrap();
}

#[tokio::test]
async fn setting_it_by_hand_counts_whoever_holds_it_there() {
    let (_world, table) = left(Some(20)).await;
    let by_hand = CursorRecord::at(Position::Token("t".to_owned()));
    table.set(&okta(), &by_hand).await.unwrap();
    assert_eq!(table.read(&okta()).await.unwrap().unwrap().record, by_hand);
}

#[tokio::test]
async fn a_move_that_broke_off_is_done_again() {
    let (world, table) = left(None).await;
    // As if it had ended before the last request.
    let client = aws_sdk_dynamodb::Client::new(&world.config);
    table.lease(&okta(), at(0), TTL).await.unwrap();
    let drop = client.delete_item().table_name(&world.settings.table);
    drop.key("pk", text("cursor#okta")).key("sk", text("okta/org/a")).send().await.unwrap();
    let again = table.lease(&okta(), at(40), TTL).await.unwrap();
    assert_eq!(again.fence, 5);
    assert_eq!(table.read(&okta()).await.unwrap().unwrap().record.done().cloned(), done());
}

#[tokio::test]
async fn a_history_is_written_when_it_has_changed_and_not_with_each_commit() {
    let (world, table) = left(None).await;
    let lease = table.lease(&okta(), at(0), TTL).await.unwrap();
    let mut record = table.read(&okta()).await.unwrap().unwrap().record;
    // If it were written again, it would be there again.
    let client = aws_sdk_dynamodb::Client::new(&world.config);
    let drop = client.delete_item().table_name(&world.settings.table);
    drop.key("pk", text("cursor-history#okta")).key("sk", text("okta/org/a")).send().await.unwrap();
    table.commit(&lease, commit(&record)).await.unwrap();
    assert!(table.read(&okta()).await.unwrap().unwrap().record.history.is_empty());

    record.history.push(mef_ports::PastRun { delivered: 9, ..record.history[0].clone() });
    table.commit_last(&lease, commit(&record)).await.unwrap();
    let stored = table.read(&okta()).await.unwrap().unwrap();
    assert_eq!((stored.record, stored.leased_until), (record, None));
    let stale = Lease { fence: lease.fence - 1, ..lease };
    let lost = table.commit_last(&stale, commit(&CursorRecord::default())).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    assert_eq!(table.read(&okta()).await.unwrap().unwrap().record.history.len(), 2);
}
