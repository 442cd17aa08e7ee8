//! Bodies with many records, and with damaged ones.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify};
use mef_pipeline::{Admitted, Outcome, Pipeline};
use mef_ports::RawRecord;
use mef_source::Source;
use serde_json::{Value, json};

fn source(event: &str) -> Source {
    let file = format!("source: acme\nwebhook: {{ unauthenticated: test }}\nevent: {event}\n");
    mef_source::load(&file, &|_| Err(String::new())).unwrap().source
}

fn admitted(source: &Source, content_type: &str, body: &[u8]) -> Admitted {
    let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    let request = Request::new("POST", "/acme", "", headers, body.to_vec());
    let webhook = source.webhook.as_ref().unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let verified = verify(webhook, request, &LiveSecrets::default(), now).unwrap();
    Admitted::webhook(&verified, webhook, now).of_delivery(Some("d-1".to_owned()))
}

fn run(source: &Source, content_type: &str, body: &[u8]) -> Outcome {
    Pipeline::for_webhook(source).unwrap().run(admitted(source, content_type, body))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn ids(outcome: &Outcome) -> Vec<String> {
    outcome.events.iter().map(|event| event.message.event_id.clone()).collect()
}

fn details(outcome: &Outcome) -> Vec<Value> {
    let event = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let details = |text: &str| event(text).pointer("/details/acme").unwrap().clone();
    outcome.events.iter().map(|event| details(&event.message.body)).collect()
}

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

#[test]
fn a_body_goes_through_in_parts_with_the_ids_that_it_has_as_a_whole() {
    let lines = (0..1234).map(|n| format!("{{\"n\":{n}}}\n")).collect::<String>();
    let list = format!("[{}]", lines.trim_end().replace('\n', ","));
    let nested = format!("{{\"org\":7,\"in\":{{\"events\":{list}}}}}");
    for (event, content_type, body) in
        [("{}", NDJSON, &lines), ("{}", JSON, &list), ("{ split: in.events }", JSON, &nested)]
    {
        let source = source(event);
        let pipeline = Pipeline::for_webhook(&source).unwrap();
        let mut running = pipeline.start(admitted(&source, content_type, &gzip(body.as_bytes())));
        let mut parts = Vec::new();
        while let Some(part) = running.next_part() {
            assert!(part.events.len() <= 500, "{}", part.events.len());
            parts.extend(ids(&part));
        }
        assert_eq!(parts.len(), 1234);
        assert_eq!(parts, ids(&run(&source, content_type, body.as_bytes())));
    }
}

#[test]
fn a_part_of_large_records_has_few_of_them() {
    let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(300_000));
    let source = source("{}");
    let pipeline = Pipeline::for_webhook(&source).unwrap();
    let mut running = pipeline.start(admitted(&source, NDJSON, line.repeat(10).as_bytes()));
    assert_eq!(running.next_part().unwrap().events.len(), 4);
}

#[test]
fn a_body_with_too_many_records_is_one_dead_letter_as_small_as_it_came() {
    for (content_type, body) in
        [(NDJSON, "{}\n".repeat(800_000)), (JSON, format!("[{}{{}}]", "{},".repeat(799_999)))]
    {
        let packed = gzip(body.as_bytes());
        assert!(packed.len() < 10_000);
        let outcome = run(&source("{}"), content_type, &packed);
        assert_eq!((outcome.events.len(), outcome.letters.len()), (0, 1));
        let letter = &outcome.letters[0];
        assert_eq!(letter.raw, RawRecord::Base64(STANDARD.encode(&packed)));
        assert_eq!(letter.reason, "more than 200000 records");
    }
    let nested = format!("{{\"events\":[{}{{}}]}}", "{},".repeat(799_999));
    let outcome = run(&source("{ split: events }"), JSON, &gzip(nested.as_bytes()));
    assert_eq!((outcome.events.len(), outcome.letters.len()), (0, 1));
}

#[test]
fn a_record_with_too_many_values_is_a_dead_letter_and_its_neighbours_go_on() {
    let body = format!("{{\"a\":1}}\n[[{}1]]\n{{\"a\":2}}\n", "1,".repeat(600_000));
    let outcome = run(&source("{}"), NDJSON, body.as_bytes());
    assert_eq!((outcome.events.len(), outcome.letters.len()), (2, 1));
    assert_eq!(outcome.letters[0].reason, "more than 500000 values");
}

/// Records that a parser refuses, and whose ends can be found.
const DAMAGED: [&[u8]; 6] = [
    b"{\"a\":\"\xff\"}",
    b"{\"a\":\"\\ud83d\"}",
    b"{\"a\":\"\x00\"}",
    b"{\"a\":\"\\x41\"}",
    b"{\"a\":NaN}",
    b"{\"a\":01}",
];

#[test]
fn a_damaged_record_of_a_list_spoils_no_other() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100)).into_bytes();
    for damaged in DAMAGED.into_iter().chain([deep.as_slice()]) {
        let list = [b"[{\"n\":0}, ", damaged, b" ,{\"n\":2}]"].concat();
        let nested = [b"{\"org\":7,\"events\":", list.as_slice(), b"}"].concat();
        let lines = [b"{\"n\":0}\n", damaged, b"\n{\"n\":2}\n"].concat();
        let mut all = Vec::new();
        for (event, content_type, body, place) in [
            ("{}", JSON, &list, "/1"),
            ("{ split: events }", JSON, &nested, "/events/1"),
            ("{}", NDJSON, &lines, "line 2"),
        ] {
            let outcome = run(&source(event), content_type, body);
            assert_eq!(details(&outcome), [json!({"n": 0}), json!({"n": 2})]);
            let [letter] = outcome.letters.as_slice() else { panic!("{outcome:?}") };
            assert_eq!((letter.place.as_str(), letter.index), (place, 1));
            let raw = match &letter.raw {
                RawRecord::Text(text) => text.clone().into_bytes(),
                RawRecord::Base64(text) => STANDARD.decode(text).unwrap(),
                RawRecord::Record(_) => panic!("{letter:?}"),
            };
            assert_eq!(raw, damaged);
            assert_eq!(letter.parent.is_some(), event != "{}");
            all.push(ids(&outcome));
        }
        // A record's number counts the damaged ones.
        assert_eq!(all[0], all[2]);
    }
}

#[test]
fn a_list_whose_records_cannot_be_told_apart_is_refused_whole() {
    let outcome = run(&source("{}"), JSON, b"[{\"a\":\"x}, {\"a\":1}]");
    assert_eq!((outcome.events.len(), outcome.letters.len()), (0, 1));
    let reason = &outcome.letters[0].reason;
    assert!(reason.starts_with("where its records end cannot be found: "), "{reason}");
}

#[test]
fn a_nul_behind_the_text_does_not_matter() {
    for (content_type, body) in
        [(JSON, &b"{\"n\":0}\0"[..]), (JSON, b"[{\"n\":0}]\n\0"), (NDJSON, b"{\"n\":0}\n\0")]
    {
        let outcome = run(&source("{}"), content_type, body);
        assert_eq!(details(&outcome), [json!({"n": 0})]);
        assert!(outcome.letters.is_empty(), "{outcome:?}");
    }
}
