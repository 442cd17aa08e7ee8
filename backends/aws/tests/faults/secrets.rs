//! Parameter Store that is overloaded, away, or asked by many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use mef_ports::{Secret, SecretRef, Secrets as _, SecretsError};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::stand_in::{StandIn, answer, error};

fn secret(name: &str) -> SecretRef {
    SecretRef { source: "okta".to_owned(), name: name.to_owned() }
}

fn names(request: &Value) -> Vec<&str> {
    request["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// Parameter Store, which has every parameter but `missing`.
fn ssm(request: &Value) -> ResponseTemplate {
    assert_eq!(request["WithDecryption"], true);
    let there = names(request).into_iter().filter(|name| !name.ends_with("missing"));
    let parameters: Vec<_> = there
        .map(|name| {
            let (name, selector) = match name.split_once(':') {
                Some((name, version)) => (name, json!(format!(":{version}"))),
                None => (name, Value::Null),
            };
            json!({
                "Name": name, "Selector": selector, "Type": "SecureString", "Version": 7,
                "Value": format!("value of {name}"), "LastModifiedDate": 1_795_514_400.5,
            })
        })
        .collect();
    answer(200, &json!({"Parameters": parameters, "InvalidParameters": []}))
}

#[tokio::test]
async fn those_who_ask_at_once_share_one_request() {
    let stand_in = StandIn::new(ssm).await;
    let secrets = stand_in.aws.secrets();
    let all = [secret("a"), secret("b"), secret("a"), secret("missing"), secret("c")];
    let found = futures::future::join_all(all.iter().map(|one| secrets.get(one))).await;
    assert_eq!(found[2].as_ref().unwrap().value.expose(), "value of /p/okta/dev/a");
    assert!(matches!(&found[3], Err(SecretsError::Missing { .. })));
    let requests = stand_in.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let names = names(&requests[0]);
    assert_eq!(names, ["/p/okta/dev/a", "/p/okta/dev/b", "/p/okta/dev/c", "/p/okta/dev/missing"]);
    futures::future::join_all(all.iter().map(|one| secrets.get(one))).await;
    assert_eq!(stand_in.requests().len(), 1, "all of it is known");
}

#[tokio::test]
async fn one_request_asks_for_ten() {
    let stand_in = StandIn::new(ssm).await;
    let secrets = stand_in.aws.secrets();
    let all: Vec<_> = (0..25).map(|n| secret(&format!("s{n:02}"))).collect();
    let found = futures::future::join_all(all.iter().map(|one| secrets.get(one))).await;
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    let mut asked: Vec<_> =
        stand_in.requests().iter().map(|request| names(request).len()).collect();
    asked.sort();
    assert_eq!(asked, [5, 10, 10]);
}

#[tokio::test]
async fn a_failure_is_met_once_by_all_who_wait() {
    let stand_in = StandIn::new(|_: &Value| error(400, "ThrottlingException")).await;
    let secrets = stand_in.aws.secrets();
    let one = secret("a");
    let found = futures::future::join_all((0..10).map(|_| secrets.get(&one))).await;
    for found in found {
        let error = found.unwrap_err();
        assert!(matches!(error, SecretsError::Store(_)), "{error:?}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with("ThrottlingException: because"), "{cause}");
    }
    assert_eq!(stand_in.requests().len(), 1);
}

/// Answers well until it is told to fail with a status and a code.
async fn failing(status: u16, code: &'static str) -> (StandIn, Arc<AtomicU8>) {
    let fails = Arc::new(AtomicU8::new(0));
    let told = Arc::clone(&fails);
    let stand_in = StandIn::new(move |request: &Value| match told.load(Ordering::Relaxed) {
        0 => ssm(request),
        _ => error(status, code),
    });
    (stand_in.await, fails)
}

#[tokio::test]
async fn a_store_that_is_overloaded_or_away_stops_nothing_that_has_a_value() {
    for (status, code) in [(400, "ThrottlingException"), (500, "InternalServerError")] {
        let (mut stand_in, fails) = failing(status, code).await;
        let secrets = stand_in.aws.secrets();
        secrets.get(&secret("a")).await.unwrap();
        fails.store(1, Ordering::Relaxed);
        stand_in.clock.advance(3_600);
        let found = secrets.get(&secret("a")).await.unwrap();
        assert_eq!(found.value.expose(), "value of /p/okta/dev/a");
        assert!(secrets.get(&secret("b")).await.is_err(), "what was never read is not there");
        secrets.get(&secret("a")).await.unwrap();
        assert_eq!(stand_in.requests().len(), 3, "not every read meets the outage");
        stand_in.go_away();
        stand_in.clock.advance(3_600);
        let found = secrets.get(&secret("a")).await.unwrap();
        assert_eq!(found.value.expose(), "value of /p/okta/dev/a");
    }
}

#[tokio::test]
async fn a_permission_that_was_taken_away_is_no_outage() {
    let (stand_in, fails) = failing(400, "AccessDeniedException").await;
    let secrets = stand_in.aws.secrets();
    secrets.get(&secret("a")).await.unwrap();
    fails.store(1, Ordering::Relaxed);
    stand_in.clock.advance(3_600);
    assert!(secrets.get(&secret("a")).await.is_err());
}

#[tokio::test]
async fn a_parameter_that_may_not_be_read_fails_alone() {
    let stand_in = StandIn::new(|request: &Value| {
        match names(request).iter().any(|name| name.ends_with("forbidden")) {
            true => error(400, "AccessDeniedException"),
            false => ssm(request),
        }
    })
    .await;
    let secrets = stand_in.aws.secrets();
    let all = [secret("a"), secret("forbidden"), secret("z")];
    let found = futures::future::join_all(all.iter().map(|one| secrets.get(one))).await;
    assert!(found[0].is_ok() && found[1].is_err() && found[2].is_ok(), "{found:?}");
}

#[tokio::test]
async fn the_version_before_is_asked_for_once() {
    let stand_in = StandIn::new(ssm).await;
    let secrets = stand_in.aws.secrets();
    let now = mef_ports::Clock::now(&*stand_in.clock);
    for _ in 0..3 {
        assert_eq!(secrets.live(&secret("a"), now).await.unwrap().len(), 2);
    }
    let requests = stand_in.requests();
    let names: Vec<_> = requests.iter().flat_map(names).collect();
    assert_eq!(names, ["/p/okta/dev/a", "/p/okta/dev/a:6"]);
}

#[tokio::test]
async fn nobody_is_let_in_by_half_the_secrets() {
    let stand_in = StandIn::new(|request: &Value| match names(request)[0].contains(':') {
        true => error(500, "InternalServerError"),
        false => ssm(request),
    })
    .await;
    let now = mef_ports::Clock::now(&*stand_in.clock);
    let live = stand_in.aws.secrets().live(&secret("a"), now).await;
    assert!(matches!(live, Err(SecretsError::Store(_))), "{live:?}");
}

/// Parameter Store with the parameter of a stack that says `more`, where everything can be stored.
async fn stack(more: &'static str) -> StandIn {
    StandIn::new(move |request: &Value| match request.get("Names") {
        Some(_) => {
            let names = r#""queue_url": "q", "dlq_url": "d", "rejected_queue_url": "r", "table": "t", "bucket": "b",
                           "poller_arn": "p", "wake_role_arn": "w", "schedule_group": "g""#;
            let stack = json!({"Name": "/p-s-dev", "Value": format!("{{{names}{more}}}")});
            answer(200, &json!({"Parameters": [stack]}))
        }
        None => answer(200, &json!({"Version": 1, "Tier": "Standard"})),
    })
    .await
}

#[tokio::test]
async fn whatever_stores_a_secret_does_it_under_the_stacks_key() {
    let key = "arn:aws:kms:us-east-1:000000000000:key/own";
    let with = r#", "secrets_key_arn": "arn:aws:kms:us-east-1:000000000000:key/own""#;
    let without = [r#", "secrets_key_arn": """#, ""];
    for (more, expected) in [(with, Some(key)), (without[0], None), (without[1], None)] {
        let stand_in = stack(more).await;
        let secrets = stand_in.with(stand_in.stack().await).secrets();
        secrets.put(&secret("set"), "value").await.unwrap();
        secrets.put_if_absent(&secret("enrolled"), &Secret::new("value")).await.unwrap();
        secrets.replace(&secret("rotated"), &Secret::new("value")).await.unwrap();
        let stored = stand_in.requests().split_off(1);
        assert_eq!(stored.len(), 3);
        for request in stored {
            assert_eq!(request["KeyId"].as_str(), expected, "{request}");
            assert_eq!(request["Type"], "SecureString");
        }
    }
}
