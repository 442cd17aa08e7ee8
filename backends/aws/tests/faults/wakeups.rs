//! A schedule that changes while it is being replaced.

use std::sync::Mutex;

use mef_ports::{Clock as _, StoreError, StreamKey, Wakeups as _};
use serde_json::{Value, json};

use crate::stand_in::{StandIn, answer, error};

/// The scheduler, which gives these codes one after the other; an empty one is
/// success.
async fn scheduler(codes: &[&'static str]) -> StandIn {
    let codes = Mutex::new(codes.to_vec());
    StandIn::new(move |_: &Value| match codes.lock().unwrap().remove(0) {
        "" => answer(200, &json!({"ScheduleArn": "arn"})),
        code @ "ConflictException" => error(409, code),
        code => error(404, code),
    })
    .await
}

async fn wake(stand_in: &StandIn) -> Result<(), StoreError> {
    let stream = StreamKey { source: "okta".to_owned(), partition: String::new() };
    stand_in.aws.wakeups().unwrap().wake(&stream, stand_in.clock.now()).await
}

#[tokio::test]
async fn one_that_ran_meanwhile_is_made_anew() {
    let stand_in = scheduler(&["ConflictException", "ResourceNotFoundException", ""]).await;
    wake(&stand_in).await.unwrap();
    let requests = stand_in.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request["ActionAfterCompletion"] == "DELETE"));
}

#[tokio::test]
async fn one_that_keeps_changing_is_an_error() {
    let stand_in = scheduler(&["ConflictException"; 5]).await;
    let error = wake(&stand_in).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("keeps changing"), "{cause}");
    assert_eq!(stand_in.requests().len(), 4);
}
