//! What the queue of dead letters promises beyond the port: nobody's junk and
//! no lost object stops the others.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use mef_aws::QueueCounts;
use mef_ports::{DeadLetter, DeadLetters as _, RawRecord, Settled, Stage};

use crate::support::World;

const HOLD: Duration = Duration::from_secs(300);

fn letter(id: &str, raw: String) -> DeadLetter {
    DeadLetter {
        id: id.to_owned(),
        source: "okta".to_owned(),
        stage: Stage::Decode,
        reason: "no JSON".to_owned(),
        place: String::new(),
        raw: RawRecord::Text(raw),
        headers: BTreeMap::new(),
        query: BTreeMap::new(),
        parent: None,
        delivery_id: None,
        cursor_id: None,
        index: 0,
        part: Vec::new(),
        received_at: Timestamp::UNIX_EPOCH,
        source_version: "abc".to_owned(),
        channel: "webhook".to_owned(),
        attempts: 1,
    }
}

fn large(id: &str) -> DeadLetter {
    letter(id, "x".repeat(2 << 20))
}

impl World {
    async fn send_raw(&self, body: &str) {
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let url = &self.settings.rejected_queue_url;
        sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
    }

    async fn bodies(&self) -> Vec<String> {
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let url = &self.settings.rejected_queue_url;
        let request = sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let messages =
            request.visibility_timeout(0).send().await.unwrap().messages.unwrap_or_default();
        messages.into_iter().filter_map(|message| message.body).collect()
    }

    async fn empty_bucket(&self) -> Vec<String> {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        let bucket = &self.settings.bucket;
        let objects = s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        let keys = objects.contents().iter().filter_map(|object| object.key().map(str::to_owned));
        let keys: Vec<_> = keys.collect();
        for key in &keys {
            s3.delete_object().bucket(bucket).key(key).send().await.unwrap();
        }
        keys
    }
}

#[tokio::test]
async fn a_message_can_be_read_in_the_console() {
    let world = World::new().await;
    let both = [letter("1", "a\u{ffff}b\u{0}".to_owned()), large("2")];
    world.aws.rejected().put(&both).await.unwrap();
    let bodies = world.bodies().await;
    let small = bodies.iter().find(|body| body.contains(r#""id":"1""#)).unwrap();
    assert!(small.contains(r#""raw":{"text":"a\uffffb\u0000"}"#), "{small}");
    let large = bodies.iter().find(|body| body.contains(r#""id":"2""#)).unwrap();
    assert!(large.len() < 1_000 && large.contains(r#""reason":"no JSON""#), "{large}");
    let keys = world.empty_bucket().await;
    assert!(keys.len() == 1 && keys[0].starts_with("rejected/okta/2-"), "{keys:?}");
    assert!(large.contains(&keys[0]), "{large}");
}

#[tokio::test]
async fn a_look_leaves_the_letters_free() {
    let world = World::new().await;
    let rejected = world.aws.rejected();
    let letters: Vec<_> = (0..25).map(|n| letter(&format!("{n:02}"), "x".to_owned())).collect();
    rejected.put(&letters).await.unwrap();
    assert_eq!(rejected.list(None, 100).await.unwrap(), letters);
    assert_eq!(rejected.list(None, 3).await.unwrap(), letters[..3]);
    assert_eq!(rejected.counts().await.unwrap(), QueueCounts { waiting: 25, in_flight: 0 });
    assert_eq!(rejected.take(None, 7, Timestamp::UNIX_EPOCH, HOLD).await.unwrap().letters.len(), 7);
    assert_eq!(rejected.counts().await.unwrap(), QueueCounts { waiting: 18, in_flight: 7 });
    assert_eq!(rejected.list(None, 100).await.unwrap().len(), 18);
}

#[tokio::test]
async fn of_two_with_one_id_the_one_that_was_refused_more_often_counts() {
    let rejected = World::new().await.aws.rejected();
    let first = letter("1", "x".to_owned());
    let third = DeadLetter { attempts: 3, ..first.clone() };
    let second = DeadLetter { attempts: 2, ..first.clone() };
    for letter in [first, third.clone(), second] {
        rejected.put(&[letter]).await.unwrap();
    }
    assert_eq!(rejected.get("1").await.unwrap(), Some(third.clone()));
    assert_eq!(rejected.list(Some("okta"), 10).await.unwrap(), [third]);
}

#[tokio::test]
async fn what_is_no_letter_is_passed_over_and_stays() {
    let world = World::new().await;
    let rejected = world.aws.rejected();
    let good = letter("1", "x".to_owned());
    let foreign = |place: &str| {
        format!(
            r#"{{"id":"f","source":"okta","received_at":"2026-11-24T10:00:00Z","attempts":1,"claim":{{"claim":"{place}","sha256":"","bytes":1}}}}"#
        )
    };
    world.send_raw("hello").await;
    world.send_raw(r#"{"id":"2","source":"okta"}"#).await;
    world.send_raw(&foreign("s3://somebody-else/rejected/okta/1.json")).await;
    world.send_raw(&foreign(&format!("s3://{}/no-such-object", world.settings.bucket))).await;
    rejected.put(std::slice::from_ref(&good)).await.unwrap();
    assert_eq!(rejected.list(None, 10).await.unwrap(), std::slice::from_ref(&good));
    let taken = rejected.take(None, 10, Timestamp::UNIX_EPOCH, HOLD).await.unwrap();
    assert_eq!(taken.letters.iter().map(|taken| &taken.letter).collect::<Vec<_>>(), [&good]);
    assert_eq!(taken.passed_over.len(), 4);
    let counts = rejected.counts().await.unwrap();
    assert_eq!(
        counts,
        QueueCounts { waiting: 0, in_flight: 5 },
        "junk does not come again at once"
    );
}

#[tokio::test]
async fn a_letter_whose_object_is_gone_does_not_stop_the_others() {
    let world = World::new().await;
    let rejected = world.aws.rejected();
    rejected.put(&[large("1")]).await.unwrap();
    world.empty_bucket().await;
    rejected.put(&[large("2"), letter("3", "x".to_owned())]).await.unwrap();
    let ids = |letters: Vec<DeadLetter>| letters.into_iter().map(|l| l.id).collect::<Vec<_>>();
    assert_eq!(ids(rejected.list(None, 10).await.unwrap()), ["2", "3"]);
    let taken = rejected.take(None, 10, Timestamp::UNIX_EPOCH, HOLD).await.unwrap();
    assert_eq!(taken.passed_over.len(), 1);
    let mut taken = ids(taken.letters.into_iter().map(|taken| taken.letter).collect());
    taken.sort();
    assert_eq!(taken, ["2", "3"]);
}

#[tokio::test]
async fn an_object_that_was_changed_is_no_letter() {
    let world = World::new().await;
    let rejected = world.aws.rejected();
    rejected.put(&[large("1")]).await.unwrap();
    let key = world.empty_bucket().await.remove(0);
    let config = aws_sdk_s3::config::Builder::from(&world.config).force_path_style(true).build();
    let forged = serde_json::to_vec(&letter("1", "forged".to_owned())).unwrap();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let put = s3.put_object().bucket(&world.settings.bucket).key(&key);
    put.body(forged.into()).send().await.unwrap();
    assert!(rejected.list(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_letter_is_kept_until_what_remains_of_it_is() {
    let world = World::new().await;
    let rejected = world.aws.rejected();
    rejected.put(&[letter("1", "x".to_owned()), letter("2", "x".to_owned())]).await.unwrap();
    let taken = rejected.take(None, 10, Timestamp::UNIX_EPOCH, HOLD).await.unwrap();
    let settled: Vec<_> = taken
        .letters
        .iter()
        .map(|taken| Settled {
            receipt: taken.receipt.clone(),
            // What is too large cannot be stored without a bucket.
            remains: if taken.letter.id == "1" { vec![large("1")] } else { vec![] },
        })
        .collect();
    let settings =
        mef_aws::Settings { bucket: "no-such-bucket".to_owned(), ..world.settings.clone() };
    let broken = mef_aws::Aws::new(world.config.clone(), settings, world.clock.clone());
    assert!(broken.rejected().settle(&settled).await.is_err());
    let counts = rejected.counts().await.unwrap();
    assert_eq!(counts, QueueCounts { waiting: 0, in_flight: 1 }, "the other one is settled");
    rejected.settle(&settled[..0]).await.unwrap();
    let first = taken.letters.iter().find(|taken| taken.letter.id == "1").unwrap();
    rejected.give_back(std::slice::from_ref(&first.receipt)).await.unwrap();
    assert_eq!(rejected.list(None, 10).await.unwrap(), [letter("1", "x".to_owned())]);
}

#[tokio::test]
async fn a_letter_that_is_settled_twice_at_once_is_gone() {
    let rejected = World::new().await.aws.rejected();
    let letters = [letter("1", "x".to_owned()), letter("2", "x".to_owned())];
    rejected.put(&letters).await.unwrap();
    let taken = rejected.take(None, 10, Timestamp::UNIX_EPOCH, HOLD).await.unwrap().letters;
    let gone = |taken: &mef_ports::TakenLetter| Settled {
        receipt: taken.receipt.clone(),
        remains: Vec::new(),
    };
    rejected.settle(&[gone(&taken[0]), gone(&taken[1]), gone(&taken[0])]).await.unwrap();
    assert_eq!(rejected.counts().await.unwrap(), QueueCounts { waiting: 0, in_flight: 0 });
}

#[tokio::test]
async fn a_hold_that_has_ended_can_be_given_back() {
    let rejected = World::new().await.aws.rejected();
    rejected.put(&[letter("1", "x".to_owned())]).await.unwrap();
    let taken = rejected.take(None, 10, Timestamp::UNIX_EPOCH, HOLD).await.unwrap().letters;
    let receipts = [taken[0].receipt.clone()];
    rejected.give_back(&receipts).await.unwrap();
    rejected.give_back(&receipts).await.unwrap();
}
