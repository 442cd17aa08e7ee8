//! Commits of which only a part is done.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use mef_ports::{
    Clock as _, Commit, CommitError, CursorRecord, Cursors as _, Lease, SeenChange, SeenId,
    StreamKey,
};
use serde_json::{Value, json};

use crate::stand_in::{StandIn, answer, error};

const IDS: [SeenId; 1] = [SeenId { time_ms: 1, hash: 2 }];

/// DynamoDB, in which a cursor has ids in two items. A write of the cursor is refused if another run
/// has the lease.
async fn dynamodb(is_lost: bool) -> StandIn {
    StandIn::new(move |request: &Value| match request.get("UpdateExpression") {
        Some(_) if is_lost => error(400, "ConditionalCheckFailedException"),
        Some(_) => answer(200, &json!({"Attributes": {"seen": {"L": [{"N": "7"}, {"N": "8"}]}}})),
        None => answer(200, &json!({})),
    })
    .await
}

async fn commit(stand_in: &StandIn, seen: SeenChange<'_>) -> Result<(), CommitError> {
    let stream = StreamKey { source: "okta".to_owned(), partition: String::new() };
    let lease = Lease { stream, fence: 7, until: stand_in.clock.now() };
    let commit = Commit { record: &CursorRecord::default(), seen };
    stand_in.aws.table().commit(&lease, commit).await
}

/// The requests that are not about the history, which is written when it is not known.
fn requests(stand_in: &StandIn) -> Vec<Value> {
    let is_other =
        |request: &Value| request.pointer("/Key/pk/S").is_none_or(|pk| pk != "cursor-history#okta");
    stand_in.requests().into_iter().filter(is_other).collect()
}

/// The `sk` of each item that is dropped.
fn dropped(stand_in: &StandIn) -> Vec<String> {
    let is_delete = |request: &&Value| {
        request.get("Key").is_some() && request.get("UpdateExpression").is_none()
    };
    let requests = stand_in.requests();
    let keys = requests.iter().filter(is_delete).map(|request| request.pointer("/Key/sk/S"));
    let mut keys: Vec<_> = keys.map(|key| key.unwrap().as_str().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn ids_that_count_no_more_are_dropped_once_the_cursor_has_moved() {
    let stand_in = dynamodb(false).await;
    commit(&stand_in, SeenChange::Replace(&IDS)).await.unwrap();
    assert_eq!(dropped(&stand_in), ["0000000000000007", "0000000000000008"]);
    let requests = requests(&stand_in);
    assert!(requests[0].get("Item").is_some(), "the new ids are there before they count");
    assert!(requests[1].get("UpdateExpression").is_some());
    for keeps in [SeenChange::Add(&IDS), SeenChange::Keep] {
        let stand_in = dynamodb(false).await;
        commit(&stand_in, keeps).await.unwrap();
        assert!(dropped(&stand_in).is_empty(), "{keeps:?}");
    }
}

#[tokio::test]
async fn a_run_that_lost_its_lease_drops_no_ids_but_its_own() {
    for change in [SeenChange::Replace(&IDS), SeenChange::Add(&IDS), SeenChange::Keep] {
        let stand_in = dynamodb(true).await;
        let committed = commit(&stand_in, change).await;
        assert!(matches!(committed, Err(CommitError::LeaseLost)), "{committed:?}");
        let requests = stand_in.requests();
        let put = requests.iter().filter_map(|request| request["Item"]["sk"]["S"].as_str());
        assert_eq!(dropped(&stand_in), put.collect::<Vec<_>>(), "{change:?}");
    }
}

/// The response of the first attempt was lost, and the second finds what that has written.
#[tokio::test]
async fn a_commit_that_is_sent_again_drops_no_ids_that_it_has_written() {
    let written = Mutex::new(Value::Null);
    let stand_in = StandIn::new(move |request: &Value| {
        let mut written = written.lock().unwrap();
        if let Some(number) = request["Item"]["sk"]["S"].as_str() {
            let number = u64::from_str_radix(number, 16).unwrap().to_string();
            *written = json!({"seen": {"L": [{"N": number}]}});
        }
        answer(200, &json!({ "Attributes": *written }))
    })
    .await;
    commit(&stand_in, SeenChange::Replace(&IDS)).await.unwrap();
    assert_eq!(dropped(&stand_in), Vec::<String>::new());
}

/// Its response was lost, and another run has taken the lease that it ended.
#[tokio::test]
async fn a_last_commit_that_is_refused_when_it_is_sent_again_drops_no_ids_that_count() {
    for change in [SeenChange::Replace(&IDS), SeenChange::Add(&IDS)] {
        let written = Mutex::new(Value::Null);
        let stand_in = StandIn::new(move |request: &Value| {
            let mut written = written.lock().unwrap();
            if let Some(number) = request["Item"]["sk"]["S"].as_str() {
                let number = u64::from_str_radix(number, 16).unwrap().to_string();
                *written = json!({"seen": {"L": [{"N": number}]}});
            }
            let refused = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            match request.get("UpdateExpression") {
                Some(_) => answer(400, &json!({ "__type": refused, "Item": *written })),
                None => answer(200, &json!({})),
            }
        })
        .await;
        let committed = commit(&stand_in, change).await;
        assert!(matches!(committed, Err(CommitError::LeaseLost)), "{committed:?}");
        assert_eq!(dropped(&stand_in), Vec::<String>::new(), "{change:?}");
    }
}

#[tokio::test]
async fn a_commit_without_new_ids_is_one_request() {
    for change in [SeenChange::Keep, SeenChange::Add(&[])] {
        let stand_in = dynamodb(false).await;
        commit(&stand_in, change).await.unwrap();
        assert_eq!(requests(&stand_in).len(), 1);
    }
}

/// The cursor is what counts.
#[tokio::test]
async fn ids_that_cannot_be_dropped_fail_no_commit() {
    let failed = AtomicBool::new(false);
    let stand_in = StandIn::new(move |request: &Value| {
        if request.get("UpdateExpression").is_some() {
            return answer(200, &json!({"Attributes": {"seen": {"L": [{"N": "7"}]}}}));
        }
        match request.get("Key") {
            Some(_) if !failed.swap(true, Ordering::Relaxed) => error(500, "InternalServerError"),
            _ => answer(200, &json!({})),
        }
    })
    .await;
    commit(&stand_in, SeenChange::Replace(&[])).await.unwrap();
    assert_eq!(dropped(&stand_in), ["0000000000000007"], "it was tried");
}
