//! The queue of dead letters, where SQS fails or gives what nobody wants.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use mef_ports::{DeadLetters as _, Settled};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::stand_in::{StandIn, answer};

const HOLD: Duration = Duration::from_secs(300);

fn letter(source: &str) -> Value {
    json!({
        "id": "1", "source": source, "stage": "decode", "reason": "", "place": "",
        "raw": {"text": "x"}, "index": 0, "received_at": "2026-11-24T10:00:00Z",
        "source_version": "", "channel": "poll", "attempts": 1,
    })
}

async fn put(stand_in: &StandIn) -> Result<(), mef_ports::StoreError> {
    let letter: mef_ports::DeadLetter = serde_json::from_value(letter("acme")).unwrap();
    stand_in.aws.rejected().put(&[letter.clone(), letter]).await
}

/// SQS, which takes every entry but the last, of which it says `of_the_last`.
async fn all_but_the_last(of_the_last: Option<Value>) -> StandIn {
    StandIn::new(move |request: &Value| {
        let last = request["Entries"].as_array().unwrap().len() - 1;
        let stored =
            |id: usize| json!({"Id": id.to_string(), "MessageId": "m", "MD5OfMessageBody": "d"});
        let failed: Vec<_> = of_the_last.iter().cloned().collect();
        let stored: Vec<_> = (0..last).map(stored).collect();
        answer(200, &json!({"Successful": stored, "Failed": failed}))
    })
    .await
}

#[tokio::test]
async fn letters_are_kept_all_or_the_call_fails() {
    let failed = json!({"Id": "1", "Code": "InternalError", "SenderFault": false});
    let error = put(&all_but_the_last(Some(failed)).await).await.unwrap_err();
    assert_eq!(error.to_string(), "put a dead letter failed");
}

#[tokio::test]
async fn a_letter_that_the_answer_does_not_name_is_not_kept() {
    assert!(put(&all_but_the_last(None).await).await.is_err());
}

fn message(id: usize, body: &Value) -> Value {
    json!({"MessageId": format!("m{id}"), "ReceiptHandle": format!("r{id}"), "Body": body.to_string()})
}

/// SQS, which receives as `messages` says, given how often it was asked.
async fn receiving(messages: impl Fn(usize) -> Vec<Value> + Send + Sync + 'static) -> StandIn {
    let asked = Mutex::new(0);
    StandIn::new(move |_: &Value| -> ResponseTemplate {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        answer(200, &json!({ "Messages": messages(*asked - 1) }))
    })
    .await
}

#[tokio::test]
async fn a_take_among_others_letters_is_short_and_says_that_there_were_some() {
    let ten = |asked| (0..10).map(|n| message(asked * 10 + n, &letter("other"))).collect();
    let stand_in = receiving(ten).await;
    let now = Timestamp::UNIX_EPOCH;
    let taken = stand_in.aws.rejected().take(Some("acme"), 10, now, HOLD).await.unwrap();
    assert!(taken.letters.is_empty());
    let receives = stand_in.requests().len();
    assert!(receives <= 20, "{receives} receives in one take");
    assert_eq!(taken.passed_over.len(), receives * 10);
}

#[tokio::test]
async fn a_take_waits_only_for_its_first_letter() {
    let one = |asked| if asked == 0 { vec![message(1, &letter("acme"))] } else { Vec::new() };
    let stand_in = receiving(one).await;
    let rejected = stand_in.aws.rejected();
    for letters in [1, 0] {
        let taken = rejected.take(None, 10, Timestamp::UNIX_EPOCH, HOLD).await.unwrap();
        assert_eq!((taken.letters.len(), taken.passed_over.len()), (letters, 0));
    }
    let waits: Vec<_> =
        stand_in.requests().iter().map(|request| request["WaitTimeSeconds"].clone()).collect();
    assert_eq!(waits, [1, 0, 1]);
}

#[tokio::test]
async fn entries_of_one_request_have_names_of_their_own() {
    let stand_in =
        StandIn::new(|_: &Value| answer(200, &json!({"Successful": [], "Failed": []}))).await;
    let rejected = stand_in.aws.rejected();
    let gone = |receipt: &str| Settled { receipt: receipt.to_owned(), remains: Vec::new() };
    rejected.settle(&[gone("r"), gone("s"), gone("r")]).await.unwrap();
    rejected.give_back(&["r".to_owned(), "s".to_owned()]).await.unwrap();
    assert_eq!(stand_in.requests().len(), 2);
    for request in stand_in.requests() {
        assert_eq!(request["Entries"].as_array().unwrap().len(), 2, "{request}");
        assert_ne!(request["Entries"][0]["Id"], request["Entries"][1]["Id"], "{request}");
    }
}

#[tokio::test]
async fn a_letter_that_cannot_be_given_back_is_told_unless_nobody_holds_it() {
    for (code, is_told) in [("MessageNotInflight", false), ("InternalError", true)] {
        let failed = json!({"Id": "0", "Code": code, "SenderFault": true});
        let stand_in = StandIn::new(move |_: &Value| {
            answer(200, &json!({"Successful": [], "Failed": [failed]}))
        })
        .await;
        let given = stand_in.aws.rejected().give_back(&["r".to_owned()]).await;
        assert_eq!(given.is_err(), is_told, "{given:?}");
    }
}

/// `mef dlq discard` drops what is passed over by the id that the log names.
#[tokio::test]
async fn a_letter_that_cannot_be_read_is_passed_over_by_its_id_and_can_be_dropped() {
    let mut broken = letter("acme");
    broken["id"] = json!("broken");
    broken.as_object_mut().unwrap().remove("raw");
    let answers = json!({
        "Messages": [message(1, &broken), message(2, &letter("acme"))],
        "Successful": [], "Failed": [],
    });
    let stand_in = StandIn::new(move |_: &Value| answer(200, &answers)).await;
    let rejected = stand_in.aws.rejected();
    let taken = rejected.take(None, 1, Timestamp::UNIX_EPOCH, HOLD).await.unwrap();
    assert_eq!(taken.letters.len(), 1);
    let [passed_over] = taken.passed_over.as_slice() else { panic!("{taken:?}") };
    assert_eq!((passed_over.id.as_str(), passed_over.receipt.as_str()), ("broken", "r1"));
    let dropped = Settled { receipt: passed_over.receipt.clone(), remains: Vec::new() };
    rejected.settle(&[dropped]).await.unwrap();
    let requests = stand_in.requests();
    assert_eq!(requests.last().unwrap()["Entries"][0]["ReceiptHandle"], "r1");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// S3 has no such object, and says so to a role that may list the bucket.
#[tokio::test]
async fn a_letter_whose_bytes_are_gone_is_told_once_and_blocks_no_other() {
    let mut large = letter("acme");
    large["claim"] = json!({"claim": "s3://bucket/rejected/acme/1.json", "sha256": "", "bytes": 1});
    let sqs = json!({ "Messages": [message(1, &large), message(2, &letter("acme"))] });
    let stand_in = StandIn::new(move |request: &Value| match request.is_string() {
        true => ResponseTemplate::new(404).set_body_raw(
            "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>",
            "application/xml",
        ),
        false => answer(200, &sqs),
    })
    .await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let rejected = stand_in.aws.rejected();
    for _ in 0..2 {
        let taken = rejected.take(None, 2, Timestamp::UNIX_EPOCH, HOLD).await.unwrap();
        assert!(!taken.letters.is_empty() && !taken.passed_over.is_empty(), "{taken:?}");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let told = log.lines().filter(|line| line.contains("rejected/acme/1.json"));
    assert_eq!(told.count(), 1, "{log}");
    assert!(log.contains("cannot be read and is passed over"), "{log}");
}
