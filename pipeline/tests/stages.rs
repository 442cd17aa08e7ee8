//! Runs good and bad records through every stage.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and stands in for the poller"
)]

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify};
use mef_pipeline::{Admitted, Fetched, Outcome, Pipeline};
use mef_ports::RawRecord;
use mef_source::Source;
use serde_json::{Value, json};

fn source(webhook: &str, event: &str) -> Source {
    let file =
        format!("source: acme\nwebhook: {{ unauthenticated: test{webhook} }}\nevent: {event}\n");
    let schema =
        |_: &str| Ok(r#"{"required":["id"],"properties":{"id":{"type":"integer"}}}"#.to_owned());
    mef_source::load(&file, &schema).unwrap().source
}

fn run(source: &Source, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Outcome {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
    let request = Request::new("POST", "/acme", "q=one&secret=x", headers, body.into());
    let webhook = source.webhook.as_ref().unwrap();
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let verified = verify(webhook, request, &LiveSecrets::default(), now).unwrap();
    let delivery = Some("d-1".to_owned());
    let admitted = Admitted::webhook(&verified, webhook, now).of_delivery(delivery);
    Pipeline::for_webhook(source).unwrap().run(admitted)
}

fn events(outcome: &Outcome) -> Vec<Value> {
    outcome.events.iter().map(|e| serde_json::from_str(&e.message.body).unwrap()).collect()
}

#[test]
fn an_event_without_a_map_has_the_original_defaults() {
    let outcome = run(&source("", "{}"), &[], r#"{"a":1}"#);
    assert_eq!(
        events(&outcome),
        [json!({
            "category": "acme", "details": {"acme": {"a": 1}}, "hostname": "acme_host", "processid": "none",
            "processname": "acme", "severity": "INFO", "source": "api_aws_lambda",
            "summary": "acme_event", "tags": ["acme"], "timestamp": "2026-11-24T10:00:00Z",
            "eventsource": "acme_api"
        })]
    );
    assert_eq!(outcome.fallbacks.total(), 0);
}

#[test]
fn what_a_record_lacks_falls_back_and_is_counted() {
    let event = r#"{ map: { summary: "{a} by {b}", severity: "{c|upper}", tags: "{d}", details: { pick: [x.y, z] } } }"#;
    let outcome =
        run(&source("", event), &[], r#"{"a":1,"d":"one","x":{"y":1,"n":2},"z":null,"q":3}"#);
    let event = &events(&outcome)[0];
    assert_eq!((&event["summary"], &event["severity"]), (&json!("acme_event"), &json!("INFO")));
    assert_eq!(event["tags"], json!(["one"]));
    assert_eq!(event["details"], json!({"acme": {"x": {"y": 1}, "z": null}}));
    assert_eq!(outcome.fallbacks.total(), 2);
}

#[test]
fn an_events_severity_is_a_word_of_mozdef_or_the_default() {
    let source = source("", r#"{ map: { severity: "{s}" } }"#);
    for (record, severity, fallbacks) in [
        (r#"{"s":"CRITICAL"}"#, "CRITICAL", 0),
        (r#"{"s":"warning"}"#, "WARNING", 0),
        (r#"{"s":"banana"}"#, "INFO", 1),
        (r#"{"s":""}"#, "INFO", 1),
        (r#"{"s":7}"#, "INFO", 1),
        (r#"{"s":["ERROR"]}"#, "INFO", 1),
        (r#"{"s":null}"#, "INFO", 1),
    ] {
        let outcome = run(&source, &[], record);
        assert_eq!(events(&outcome)[0]["severity"], severity, "{record}");
        assert_eq!(outcome.fallbacks.total(), fallbacks, "{record}");
    }
}

#[test]
fn a_map_of_details_is_as_it_is_written_without_what_is_missing() {
    let event = r#"{ map: { details: { username: "{user}", none: null, acme: "{/}", in: { a: "{a}", b: "{b}" } } } }"#;
    let outcome = run(&source("", event), &[], r#"{"a":1,"b":null}"#);
    let details = json!({"none": null, "acme": {"a": 1, "b": null}, "in": {"a": 1}});
    assert_eq!(events(&outcome)[0]["details"], details);
    let fields: Vec<_> = outcome.fallbacks.into_fields().into_keys().collect();
    assert_eq!(fields, ["details.in.b", "details.username"]);
}

#[test]
fn an_events_time_is_a_time_or_the_receipt() {
    let source = source("", r#"{ map: { timestamp: "{t}" } }"#);
    let received = "2026-11-24T10:00:00Z";
    for (record, timestamp, fallbacks) in [
        (r#"{"t":"2026-11-24T09:00:00.250+01:00"}"#, "2026-11-24T09:00:00.250+01:00", 0),
        (r#"{"t":"2026-11-24 09:00:00"}"#, "2026-11-24T09:00:00Z", 0),
        (r#"{"t":1795514400250}"#, "2026-11-24T10:00:00.25Z", 0),
        (r#"{"t":"2026-11-24T09:00:00ZZ"}"#, received, 1),
        (r#"{"t":"24.11.2026"}"#, received, 1),
        (r#"{"t":["2026-11-24T09:00:00Z"]}"#, received, 1),
        (r#"{"t":null}"#, received, 1),
    ] {
        let outcome = run(&source, &[], record);
        assert_eq!(events(&outcome)[0]["timestamp"], timestamp, "{record}");
        assert_eq!(outcome.fallbacks.total(), fallbacks, "{record}");
    }
}

#[test]
fn what_stands_for_nothing_is_no_tag() {
    let event = r#"{ map: { tags: [acme, "{kind}", "{user.group}"] } }"#;
    let outcome =
        run(&source("", event), &[], r#"[{"kind":"login"},{"kind":"a","user":{"group":"b"}}]"#);
    let tags: Vec<_> = events(&outcome).iter().map(|event| event["tags"].clone()).collect();
    assert_eq!(tags, [json!(["acme", "login"]), json!(["acme", "a", "b"])]);
}

#[test]
fn a_nested_list_is_split_and_what_encloses_it_is_kept() {
    let event = r#"{ split: data.events, id: "{parent.org}-{n}", map: { summary: "{parent.org} {n}", details: { o: "{parent.org}", n: "{n}" } } }"#;
    let body = r#"[{"org":"x","data":{"events":[{"n":1},{"n":2}]}},{"org":"y","data":{}}]"#;
    let outcome = run(&source("", event), &[], body);
    let events = events(&outcome);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["details"], json!({"o": "x", "n": 2}));
    let letter = &outcome.letters[0];
    assert_eq!(
        (letter.stage.to_string(), letter.place.as_str()),
        ("split".to_owned(), "/data/events")
    );
    assert_eq!(letter.raw, RawRecord::Record(json!({"org": "y", "data": {}})));
}

#[test]
fn a_refused_record_keeps_all_that_a_redrive_needs() {
    let event = r#"{ schema: schema.json, map: { summary: "{header.x-kind} {query.q}" } }"#;
    let headers =
        [("x-kind", "k"), ("authorization", "Bearer hidden"), ("content-type", "application/json")];
    let outcome = run(&source("", event), &headers, r#"[{"id":1},{"id":"no"},{"id":3}]"#);
    assert_eq!((outcome.events.len(), outcome.letters.len()), (2, 1));
    let letter = &outcome.letters[0];
    assert_eq!(
        (letter.stage.to_string(), letter.place.as_str(), letter.index),
        ("validate".to_owned(), "/id", 1)
    );
    assert_eq!(letter.headers.keys().collect::<Vec<_>>(), ["content-type", "x-kind"]);
    assert_eq!(letter.query.get("q").map(String::as_str), Some("one"));
    assert!(!format!("{letter:?}").contains("hidden"));
    assert_eq!((letter.delivery_id.as_deref(), letter.attempts), (Some("d-1"), 1));
    assert_eq!(letter.source_version, source("", event).version);
}

#[test]
fn bytes_that_cannot_be_read_are_kept_as_they_came() {
    let source = source("", "{}");
    let text = run(&source, &[], r#"{"a":"#);
    assert_eq!(text.letters[0].raw, RawRecord::Text(r#"{"a":"#.to_owned()));
    let bytes = run(&source, &[], b"\"\xff\"".to_vec());
    assert_eq!(bytes.letters[0].raw, RawRecord::Base64("Iv8i".to_owned()));
    let gzip = run(&source, &[("content-encoding", "gzip")], b"no gzip".to_vec());
    assert_eq!(gzip.letters[0].stage.to_string(), "decode");
    let unknown = run(&source, &[("content-encoding", "br")], b"{}".to_vec());
    assert!(unknown.letters[0].reason.contains("`br`"), "{}", unknown.letters[0].reason);
    for outcome in [text, bytes, gzip, unknown] {
        assert_eq!((outcome.events.len(), outcome.letters.len()), (0, 1));
    }
}

#[test]
fn event_ids_are_stable_and_tell_records_apart() {
    let ids = |event: &str, body: &str| -> Vec<String> {
        run(&source("", event), &[], body)
            .events
            .iter()
            .map(|e| e.message.event_id.clone())
            .collect()
    };
    let by_delivery = ids("{}", "[1,1]");
    assert_ne!(by_delivery[0], by_delivery[1]);
    assert_eq!(by_delivery, ids("{}", "[1,1]"));
    let declared = r#"{ id: "{id}" }"#;
    let by_id = ids(declared, r#"[{"id":1,"x":1},{"id":1,"x":2},{"id":2}]"#);
    assert_eq!(by_id[0], by_id[1]);
    assert_ne!(by_id[0], by_id[2]);
}

#[test]
fn a_push_and_a_pull_of_one_event_have_one_id() {
    let file = "source: acme\nwebhook: { unauthenticated: test }\npoll:\n  schedule: rate(1 minute)\n  \
                request: { get: \"https://a.example.com\", query: { s: \"{window.start}\" } }\n  records: \"\"\n  \
                cursor: { time: t, id: id, overlap: 1m }\n  event: { id: \"{uid}\" }\nevent: { id: \"{id}\" }\n";
    let source = mef_source::load(file, &|_| Err(String::new())).unwrap().source;
    let pushed = run(&source, &[], r#"{"id":"e-7"}"#);
    let fetched = Fetched::new(json!({"uid": "e-7"}), None);
    let pulled = Pipeline::for_poll(&source).unwrap().page(Timestamp::UNIX_EPOCH, [fetched]);
    assert_eq!(pushed.events[0].message.event_id, pulled.events[0].message.event_id);
}

#[test]
fn a_record_that_is_fetched_again_replaces_its_letter_and_deliveries_do_not() {
    let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
                request: { get: \"https://a.example.com\", query: { s: \"{window.start}\" } }\n  records: \"\"\n  \
                cursor: { time: t, overlap: 1m }\nevent: { split: x }\n";
    let source = mef_source::load(file, &|_| Err(String::new())).unwrap().source;
    let pipeline = Pipeline::for_poll(&source).unwrap();
    let letters = |seconds: i64| {
        let records =
            vec![Fetched::new(json!({"a": 1}), None), Fetched::new(json!({"a": 2}), None)];
        let at = Timestamp::from_second(seconds).unwrap();
        let ids: Vec<_> = pipeline.page(at, records).letters.into_iter().map(|l| l.id).collect();
        ids
    };
    assert_eq!(letters(1), letters(2));
    assert_ne!(letters(1)[0], letters(1)[1]);
}

#[test]
fn details_that_are_no_object_go_under_value() {
    let outcome = run(&source("", "{}"), &[], "[7]");
    assert_eq!(events(&outcome)[0]["details"], json!({"acme": {"value": 7}}));
}

#[test]
fn a_vendors_key_is_never_a_command_of_our_reader() {
    for name in ["Number", "RawValue"] {
        let body = format!(r#"{{"$serde_json::private::{name}":"[1]","id":1}}"#);
        let outcome = run(&source("", "{}"), &[], body.clone());
        let [event] = outcome.events.as_slice() else { panic!("{outcome:?}") };
        let details = format!("\"details\":{{\"acme\":{body}}}");
        assert!(event.message.body.contains(&details), "{}", event.message.body);
    }
}
