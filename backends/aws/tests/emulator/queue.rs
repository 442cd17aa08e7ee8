//! What the queue promises beyond the port: large events, refused ones, and
//! the other end.

use std::error::Error;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use mef_aws::{Aws, QueueCounts, Settings};
use mef_ports::{Message, Queue as _};
use serde_json::Value;

use crate::support::World;

fn message(id: &str, details: &str) -> Message {
    let body = format!(
        r#"{{"category":"okta","details":{{"text":"{details}"}},"hostname":"h","processid":"none","processname":"okta","severity":"INFO","source":"api_aws_lambda","summary":"1.10 \ufffe","tags":["okta"],"timestamp":"2026-11-24T10:00:00Z","eventsource":"okta_api"}}"#
    );
    Message { event_id: id.to_owned(), source: "okta".to_owned(), body }
}

fn large(id: &str) -> Message {
    message(id, &"é".repeat(1 << 20))
}

async fn receive(aws: &Aws) -> Vec<Message> {
    let received = aws.queue().receive(100, Duration::ZERO).await.unwrap();
    let mut messages: Vec<_> = received.into_iter().map(|received| received.message).collect();
    messages.sort_by(|one, other| one.event_id.cmp(&other.event_id));
    messages
}

#[tokio::test]
async fn an_event_too_large_for_a_message_leaves_a_claim() {
    let World { aws, config, settings, .. } = World::new().await;
    let batch = [message("1", "small"), large("2"), message("3", "small")];
    assert_eq!(aws.queue().send(&batch).await.unwrap(), [Ok(()), Ok(()), Ok(())]);
    let arrived = receive(&aws).await;
    assert_eq!((&arrived[0], &arrived[2]), (&batch[0], &batch[2]));
    let event: Value = serde_json::from_str(&arrived[1].body).unwrap();
    let claim = &event["details"];
    let sha256 = hex::encode(digest(&SHA256, batch[1].body.as_bytes()));
    let key = format!("claims/okta/2-{sha256}.json");
    assert_eq!(claim["claim"], format!("s3://{}/{key}", settings.bucket));
    assert_eq!(claim["bytes"], batch[1].body.len());
    assert_eq!(claim["sha256"], sha256);
    // All but the details is as it was written.
    let (before, after) = batch[1].body.split_once(r#"{"text":""#).unwrap();
    assert!(arrived[1].body.starts_with(before), "{}", arrived[1].body);
    assert!(arrived[1].body.ends_with(after.trim_start_matches('é').strip_prefix("\"}").unwrap()));
    let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    let object = aws_sdk_s3::Client::from_conf(s3)
        .get_object()
        .bucket(&settings.bucket)
        .key(key)
        .send()
        .await
        .unwrap();
    let object = object.body.collect().await.unwrap().into_bytes();
    assert!(object == batch[1].body.as_bytes(), "the object is not the event");
}

#[tokio::test]
async fn without_its_object_a_large_event_is_not_sent() {
    let world = World::new().await;
    let settings = Settings { bucket: "no-such-bucket".to_owned(), ..world.settings.clone() };
    let aws = Aws::new(world.config.clone(), settings, world.clock.clone());
    let results = aws.queue().send(&[large("1"), message("2", "small")]).await.unwrap();
    assert!(results[0].as_ref().is_err_and(|refused| refused.transient), "{results:?}");
    assert_eq!(results[1], Ok(()));
    assert_eq!(receive(&aws).await, [message("2", "small")]);
    let alone = aws.queue().send(&[large("1")]).await;
    assert!(alone.is_err(), "nothing is stored, so there is nothing to say of entries");
}

#[tokio::test]
async fn what_sqs_refuses_is_refused_alone_and_for_good() {
    let World { aws, .. } = World::new().await;
    let bad = Message { body: "\u{1}".to_owned(), ..message("1", "") };
    let results = aws.queue().send(&[bad, message("2", "small")]).await.unwrap();
    assert!(results[0].as_ref().is_err_and(|refused| !refused.transient), "{results:?}");
    assert_eq!(results[1], Ok(()));
}

#[tokio::test]
async fn an_error_names_what_failed_and_not_what_was_sent() {
    let world = World::new().await;
    let queue_url = format!("{}-gone", world.settings.queue_url);
    let settings = Settings { queue_url, ..world.settings.clone() };
    let aws = Aws::new(world.config.clone(), settings, world.clock.clone());
    let error = aws.queue().send(&[message("1", "4711")]).await.unwrap_err();
    assert_eq!(error.to_string(), "send to the queue failed");
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("does not exist") && cause.contains("status 400"), "{cause}");
    assert!(!format!("{error:?}").contains("4711"), "{error:?}");
}

#[tokio::test]
async fn a_received_message_stays_until_it_is_deleted() {
    let World { aws, .. } = World::new().await;
    let batch: Vec<_> = (10..35).map(|id| message(&id.to_string(), "x")).collect();
    aws.queue().send(&batch).await.unwrap();
    let counts = aws.queue().counts().await.unwrap();
    assert_eq!(counts, QueueCounts { waiting: 25, in_flight: 0 });
    let received = aws.queue().receive(12, Duration::ZERO).await.unwrap();
    assert_eq!(received.len(), 12);
    assert!(received.iter().all(|one| one.receives == 1 && one.sent_at.is_some()));
    let counts = aws.queue().counts().await.unwrap();
    assert_eq!(counts, QueueCounts { waiting: 13, in_flight: 12 });
    aws.queue().delete(received.iter().map(|one| one.receipt.as_str())).await.unwrap();
    let counts = aws.queue().counts().await.unwrap();
    assert_eq!(counts, QueueCounts { waiting: 13, in_flight: 0 });
    assert!(aws.queue().delete(["no receipt"]).await.is_err());
}

#[tokio::test]
async fn the_queue_of_what_the_consumer_failed_is_another() {
    let World { aws, .. } = World::new().await;
    let dlq = aws.dlq().unwrap();
    dlq.send(&[message("1", "x")]).await.unwrap();
    assert_eq!(dlq.counts().await.unwrap().waiting, 1);
    assert_eq!(aws.queue().counts().await.unwrap().waiting, 0);
}
