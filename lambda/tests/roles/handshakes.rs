//! Handshakes through the gate and the handler, in each payload format.

use mef_lambda::Metric;
use serde_json::{Value, json};

use crate::support::{Stack, status};

const ASKED: &str = "source: asked\nwebhook:\n  verify:\n    - hmac: { hash: sha256, secrets: [key], text: \"{body}\", signature: { from: header.X-Sig, encoding: hex } }\n  handshake:\n    - when: { method: GET, present: [query.challenge] }\n      auth: none\n      respond: { text: \"{query.challenge}\", headers: { X-Seen: \"yes\" } }\n";

fn stack() -> Stack {
    Stack::new(&[("asked/source.yml", ASKED)], &[("asked/key", "k")])
}

/// A request with one query parameter and no body.
fn formats(method: &str, value: &str) -> [Value; 3] {
    let arn = format!("arn:aws:execute-api:us-east-1:1:abc/prod/{method}/events/asked");
    let context = json!({ "stage": "prod", "path": "/prod/events/asked" });
    [
        json!({
            "type": "REQUEST", "methodArn": arn, "path": "/events/asked", "httpMethod": method,
            "headers": { "host": "x" }, "multiValueHeaders": { "host": ["x"] },
            "queryStringParameters": { "challenge": value },
            "multiValueQueryStringParameters": { "challenge": [value] },
            "requestContext": context, "body": null, "isBase64Encoded": false,
        }),
        json!({
            "version": "1.0", "type": "REQUEST", "methodArn": arn, "path": "/events/asked",
            "httpMethod": method, "headers": { "host": "x" },
            "queryStringParameters": { "challenge": value },
            "requestContext": context, "isBase64Encoded": false,
        }),
        json!({
            "version": "2.0", "type": "REQUEST", "routeArn": arn, "rawPath": "/events/asked",
            "rawQueryString": format!("challenge={}", value.replace(' ', "%20")),
            "headers": { "host": "x" },
            "requestContext": { "stage": "$default", "http": { "method": method, "path": "/events/asked" } },
            "isBase64Encoded": false,
        }),
    ]
}

#[tokio::test]
async fn a_challenge_comes_through_and_is_counted_as_one() {
    for event in formats("GET", "a b/c=") {
        let stack = stack();
        let asked = stack.gate().invoke(&event.to_string()).await.output.unwrap();
        let effect = asked.pointer("/policyDocument/Statement/0/Effect");
        assert!(asked["isAuthorized"] == true || effect == Some(&json!("Allow")), "{asked}");
        let done = stack.intake().invoke(&event.to_string()).await;
        let answer = done.output.as_ref().unwrap();
        assert_eq!((answer["statusCode"].as_u64(), &answer["body"]), (Some(200), &json!("a b/c=")));
        assert_eq!(answer["headers"]["content-type"], "text/plain");
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff");
        assert_eq!(answer["headers"]["x-seen"], "yes");
        let metrics = done.metrics.unwrap();
        assert_eq!(metrics.get(Metric::Handshake), Some(1));
        // Anybody can ask, so it says nothing of the share of refused requests.
        assert_eq!((metrics.get(Metric::Denied), metrics.get(Metric::Accepted)), (None, None));
        assert!(stack.events().await.is_empty());
    }
}

#[tokio::test]
async fn a_method_that_no_rule_has_goes_no_further() {
    for event in formats("HEAD", "a") {
        let stack = stack();
        let done = stack.gate().invoke(&event.to_string()).await;
        assert_eq!(done.metrics.unwrap().get(Metric::AuthorizerDenied), Some(1));
        assert_eq!(status(&stack.intake().invoke(&event.to_string()).await), 405);
    }
}
