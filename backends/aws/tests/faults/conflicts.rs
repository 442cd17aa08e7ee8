//! Writes that meet a transaction on the same item.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mef_ports::{
    Clock as _, Commit, CommitError, CursorRecord, Cursors as _, Lease, SeenChange, SeenId,
    StreamKey,
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::stand_in::{StandIn, answer, error};

/// DynamoDB, in which the first `conflicts` writes meet another transaction.
async fn dynamodb(conflicts: u32) -> StandIn {
    let met = AtomicU32::new(0);
    StandIn::new(move |request: &Value| {
        let conflict = met.fetch_add(1, Ordering::Relaxed) < conflicts;
        let transaction = request.get("TransactItems").is_some();
        match (conflict, transaction) {
            (true, true) => cancelled("TransactionConflict"),
            (true, false) => error(400, "TransactionConflictException"),
            (false, _) => answer(200, &json!({"Attributes": {"fence": {"N": "7"}}})),
        }
    })
    .await
}

fn cancelled(code: &str) -> ResponseTemplate {
    answer(
        400,
        &json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "cancelled",
            "CancellationReasons": [{"Code": code, "Message": "m"}, {"Code": "None"}],
        }),
    )
}

fn stream() -> StreamKey {
    StreamKey { source: "okta".to_owned(), partition: String::new() }
}

async fn lease(stand_in: &StandIn) -> Result<Lease, mef_ports::LeaseError> {
    let ttl = Duration::from_secs(60);
    stand_in.aws.table().lease(&stream(), stand_in.clock.now(), ttl).await
}

async fn commit(stand_in: &StandIn) -> Result<(), CommitError> {
    let lease = Lease { stream: stream(), fence: 7, until: stand_in.clock.now() };
    let seen = [SeenId { time_ms: 1, hash: 2 }];
    let record = CursorRecord::default();
    stand_in
        .aws
        .table()
        .commit(&lease, Commit { record: &record, seen: SeenChange::Replace(&seen) })
        .await
}

#[tokio::test]
async fn a_write_waits_for_the_transaction_that_it_meets() {
    let stand_in = dynamodb(2).await;
    commit(&stand_in).await.unwrap();
    assert_eq!(stand_in.requests().len(), 3);
    let stand_in = dynamodb(2).await;
    assert_eq!(lease(&stand_in).await.unwrap().fence, 7);
    let requests = stand_in.requests();
    assert_eq!(requests.len(), 3);
    let holder = &requests[0]["ExpressionAttributeValues"][":holder"];
    assert_eq!(&requests[2]["ExpressionAttributeValues"][":holder"], holder, "it knows itself");
}

#[tokio::test]
async fn a_write_does_not_wait_for_ever() {
    let stand_in = dynamodb(u32::MAX).await;
    let commit = commit(&stand_in).await;
    assert!(matches!(commit, Err(CommitError::Store(_))), "{commit:?}");
    assert_eq!(stand_in.requests().len(), 5);
}

#[tokio::test]
async fn a_lost_lease_is_no_conflict() {
    let stand_in = StandIn::new(|_: &Value| cancelled("ConditionalCheckFailed")).await;
    let commit = commit(&stand_in).await;
    assert!(matches!(commit, Err(CommitError::LeaseLost)), "{commit:?}");
    assert_eq!(stand_in.requests().len(), 1);
}
