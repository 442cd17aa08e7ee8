//! AWS's messages may repeat what they refuse.

use std::error::Error as _;

use mef_ports::{AccessToken, Secret, SecretRef, StoreError, TokenKey, Tokens as _};
use serde_json::{Value, json};

use crate::stand_in::{StandIn, answer};

async fn repeating() -> StandIn {
    StandIn::new(|request: &Value| {
        let message = format!("1 validation error detected in {request}");
        answer(400, &json!({"__type": "ValidationException", "message": message}))
    })
    .await
}

fn assert_masked(error: &StoreError) {
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("ValidationException: 1 validation error"), "{cause}");
    assert!(cause.contains("***") && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
}

#[tokio::test]
async fn a_secret_that_is_refused_is_not_in_the_error() {
    let stand_in = repeating().await;
    let secrets = stand_in.aws.secrets();
    let reference = SecretRef { source: "okta".to_owned(), name: "api_token".to_owned() };
    assert_masked(&secrets.put(&reference, "s3cr3t").await.unwrap_err());
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_in_the_error() {
    let stand_in = repeating().await;
    let table = stand_in.aws.table();
    let token = AccessToken { token: Secret::new("s3cr3t"), expires: None };
    assert_masked(&table.put(&TokenKey("k".to_owned()), &token).await.unwrap_err());
}
