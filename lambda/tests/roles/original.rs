//! Events as the original framework's unit tests have them: a deployment of
//! this one in its place answers them as its documentation promises.

use serde_json::{Value, json};

use crate::support::{Stack, status};

const ZOOM: &str = "source: zoom\nwebhook:\n  rejected_status: 400\n  verify: [ { token: { from: header.Authorization, secrets: [token] } } ]\nevent:\n  schema: schema.json\n  map: { category: zoom, summary: \"{event}\", details: \"{/}\" }\n";
const SCHEMA: &str = r#"{"type":"object","required":["event","payload"]}"#;
const ARN: &str = "arn:aws:execute-api:test-region:test-account:test-resource";

fn stack() -> Stack {
    Stack::new(
        &[("zoom/source.yml", ZOOM), ("zoom/schema.json", SCHEMA)],
        &[("zoom/token", "test-token")],
    )
}

async fn ask(event: Value) -> Value {
    stack().gate().invoke(&event.to_string()).await.output.unwrap()
}

#[tokio::test]
async fn a_token_is_answered_with_a_policy_for_what_was_asked() {
    for (token, effect) in [("test-token", "Allow"), ("another", "Deny")] {
        let event = json!({ "type": "TOKEN", "authorizationToken": token, "methodArn": ARN });
        let expected = json!({
            "principalId": "webhook_service",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    { "Action": "execute-api:Invoke", "Effect": effect, "Resource": ARN },
                ],
            },
        });
        assert_eq!(ask(event).await, expected);
    }
}

#[tokio::test]
async fn a_token_event_without_a_token_is_unauthorized() {
    let expected = json!({ "statusCode": 403, "body": "\"Unauthorized.\"" });
    for event in [
        json!({ "type": "TOKEN", "methodArn": ARN }),
        json!({ "type": "TOKEN", "authorizationToken": null, "methodArn": ARN }),
        json!({ "type": "TOKEN", "authorizationToken": "", "methodArn": ARN }),
        json!({ "type": "TOKEN", "authorizationToken": "test-token" }),
        json!({}),
    ] {
        assert_eq!(ask(event).await, expected);
    }
}

fn user_created() -> Value {
    json!({
        "event": "user.created",
        "payload": {
            "account_id": "abc",
            "operator": "admin@example.com",
            "creation_type": "create",
            "object": {
                "id": "u1", "first_name": "Ann", "last_name": "Lee",
                "email": "ann@example.com", "type": 1,
            },
        },
    })
}

fn call(body: &Value) -> Value {
    json!({
        "method": "POST", "path": {}, "query": {},
        "headers": { "Authorization": "test-token" },
        "body": body,
    })
}

async fn handle(event: &Value) -> (u64, Vec<Value>) {
    let stack = stack();
    let done = stack.intake().invoke(&event.to_string()).await;
    (status(&done), stack.events().await)
}

#[tokio::test]
async fn a_zoom_event_becomes_a_mozdef_event() {
    let (status, events) = handle(&call(&json!(user_created().to_string()))).await;
    assert_eq!(status, 200);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event["summary"], "user.created");
    assert_eq!(event["category"], "zoom");
    assert_eq!(event["details"], user_created());
}

#[tokio::test]
async fn a_missing_body_or_payload_is_a_bad_request() {
    let mut without = call(&Value::Null);
    assert_eq!(handle(&without).await, (400, vec![]));
    without.as_object_mut().unwrap().remove("body");
    assert_eq!(handle(&without).await, (400, vec![]));
    let no_payload = json!({ "event": "user.created" }).to_string();
    assert_eq!(handle(&call(&json!(no_payload))).await, (400, vec![]));
    assert_eq!(handle(&call(&json!("no JSON"))).await, (400, vec![]));
}

#[tokio::test]
async fn the_handler_asks_for_the_token_again() {
    let mut event = call(&json!(user_created().to_string()));
    event["headers"]["Authorization"] = json!("another");
    assert_eq!(handle(&event).await, (401, vec![]));
    event["headers"] = json!({});
    assert_eq!(handle(&event).await, (401, vec![]));
}
