//! What secrets in Parameter Store promise beyond the port.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::{SecretRef, SecretVersion, Secrets as _};

use crate::support::World;

fn token() -> SecretRef {
    SecretRef { source: "okta".to_owned(), name: "api_token".to_owned() }
}

fn values(live: &[SecretVersion]) -> Vec<&str> {
    live.iter().map(|version| version.value.expose()).collect()
}

#[tokio::test]
async fn for_a_day_the_secret_before_is_live_too() {
    let world = World::new().await;
    let secrets = world.aws.secrets();
    let now = |after: i64, since: Option<Timestamp>| {
        since.unwrap().checked_add(SignedDuration::from_secs(after)).unwrap()
    };
    assert_eq!(secrets.put(&token(), "first").await.unwrap(), "1");
    let first = secrets.get(&token()).await.unwrap();
    assert_eq!(first.version, "1");
    let live = secrets.live(&token(), now(0, first.since)).await.unwrap();
    assert_eq!(values(&live), ["first"], "there is none before it");
    assert_eq!(secrets.put(&token(), "second").await.unwrap(), "2");
    assert_eq!(secrets.put(&token(), "third").await.unwrap(), "3");
    let since = secrets.get(&token()).await.unwrap().since;
    let live = secrets.live(&token(), now(86_399, since)).await.unwrap();
    assert_eq!(values(&live), ["third", "second"]);
    assert_eq!((live[0].version.as_str(), live[1].version.as_str()), ("3", "2"));
    let live = secrets.live(&token(), now(86_400, since)).await.unwrap();
    assert_eq!(values(&live), ["third"]);
}

#[tokio::test]
async fn a_change_is_seen_when_the_value_has_had_its_time() {
    let world = World::new().await;
    let (secrets, elsewhere) = (world.aws.secrets(), world.another().secrets());
    elsewhere.put(&token(), "first").await.unwrap();
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "first");
    elsewhere.put(&token(), "second").await.unwrap();
    world.clock.advance(Duration::from_secs(269));
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "first");
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "second");
}

#[tokio::test]
async fn a_refresh_shows_a_change_at_once() {
    let world = World::new().await;
    let (secrets, elsewhere) = (world.aws.secrets(), world.another().secrets());
    elsewhere.put(&token(), "first").await.unwrap();
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "first");
    elsewhere.put(&token(), "second").await.unwrap();
    let now = mef_ports::Clock::now(&*world.clock);
    assert!(secrets.refresh(&[token()], now).await);
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "second");
    assert!(!secrets.refresh(&[token()], now).await, "once a minute");
}

#[tokio::test]
async fn a_secret_that_is_set_soon_comes_without_a_restart() {
    let world = World::new().await;
    let (secrets, elsewhere) = (world.aws.secrets(), world.another().secrets());
    let missing = secrets.get(&token()).await.unwrap_err().to_string();
    let name = format!("/{}/okta/test/api_token", world.settings.project);
    assert!(missing.contains(&name) && missing.contains("mef secrets set okta"), "{missing}");
    elsewhere.put(&token(), "first").await.unwrap();
    world.clock.advance(Duration::from_secs(33));
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "first");
}

#[tokio::test]
async fn more_secrets_than_one_request_takes_are_read() {
    let world = World::new().await;
    let secrets = world.aws.secrets();
    let references: Vec<_> =
        (0..23).map(|n| SecretRef { name: format!("s{n}"), ..token() }).collect();
    for reference in &references[..22] {
        secrets.put(reference, &format!("value of {reference}")).await.unwrap();
    }
    let found = references.iter().map(|reference| secrets.get(reference));
    let mut found = futures::future::join_all(found).await;
    assert!(found.pop().unwrap().is_err());
    for (found, reference) in found.into_iter().zip(&references) {
        assert_eq!(found.unwrap().value.expose(), format!("value of {reference}"));
    }
}

#[tokio::test]
async fn a_blank_secret_is_missing() {
    let world = World::new().await;
    let ssm = aws_sdk_ssm::Client::new(&world.config);
    let name = format!("/{}/okta/test/api_token", world.settings.project);
    let put = ssm.put_parameter().name(name).value(" \n").overwrite(true);
    put.r#type(aws_sdk_ssm::types::ParameterType::SecureString).send().await.unwrap();
    let secrets = world.aws.secrets();
    let found = secrets.get(&token()).await;
    assert!(matches!(found, Err(mef_ports::SecretsError::Missing { .. })), "{found:?}");
    assert!(secrets.put(&token(), " \t\n").await.is_err());
}
