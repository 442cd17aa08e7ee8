//! A source of several streams, by hand.

use serde_json::Value;

use crate::support::{Folder, http, stderr, vendor};

const REGIONS: [&str; 2] = ["north", "south"];

fn source(origin: &str) -> String {
    format!(
        "source: acme
poll:
  schedule: rate(1 minute)
  partitions: {{ list: [north, south] }}
  request:
    get: {origin}/logs
    query: {{ region: \"{{partition}}\", since: \"{{window.start|rfc3339}}\", until: \"{{window.end|rfc3339}}\" }}
  records: items
  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}
event: {{ id: \"{{id}}\", map: {{ summary: \"{{id}}\" }} }}
"
    )
}

/// Each region has one record, at the start of each window asked for.
fn folder() -> Folder {
    let origin = vendor(|request| {
        let query = request.split(['?', ' ']).find(|part| part.contains("region=")).unwrap();
        let value = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name));
            pair.unwrap().trim_start_matches('=').replace("%3A", ":")
        };
        let (region, since) = (value("region"), value("since"));
        let body = format!(r#"{{"items":[{{"id":"{region} {since}","t":"{since}"}}]}}"#);
        http(200, "content-type: application/json\r\n", &body)
    });
    let folder = Folder::new();
    folder.write("acme/source.yml", &source(&origin));
    folder
}

fn json(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The partitions with their states, as `mef status` lists them.
fn states(folder: &Folder) -> Vec<(String, String)> {
    let lines = json(&folder.lines(&["status", "--json"]));
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines.iter().map(|line| (text(line, "partition"), text(line, "state"))).collect()
}

fn both(north: &str, south: &str) -> Vec<(String, String)> {
    REGIONS.iter().zip([north, south]).map(|(a, b)| ((*a).to_owned(), b.to_owned())).collect()
}

#[test]
fn the_status_has_every_partition_and_a_pause_holds_for_one_or_all() {
    let folder = folder();
    assert_eq!(states(&folder), both("never run", "never run"));
    folder.lines(&["pause", "acme/south"]);
    folder.lines(&["poll", "acme"]);
    assert_eq!(states(&folder), both("fresh", "paused"));
    assert_eq!(folder.lines(&["events"]).len(), 1);
    folder.lines(&["pause", "acme"]);
    assert_eq!(states(&folder), both("paused", "paused"));
    let run = folder.mef(&["poll", "acme", "--json"]);
    let line: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((run.status.code(), &line["end"]), (Some(75), &"paused".into()));
    folder.lines(&["resume", "acme"]);
    assert_eq!(states(&folder), both("fresh", "paused"), "one was paused by itself");
    folder.lines(&["resume", "acme/south"]);
    folder.lines(&["poll", "acme"]);
    assert_eq!(states(&folder), both("fresh", "fresh"));
    let typo = folder.mef(&["pause", "acme/nroth"]);
    assert!(stderr(&typo).contains("it has: north, south"), "{}", stderr(&typo));
}

#[test]
fn a_cursor_is_one_partitions() {
    let folder = folder();
    folder.lines(&["poll", "acme"]);
    for command in
        [&["set", "acme", "2026-11-01T00:00:00Z"][..], &["reset", "acme"], &["history", "acme"]]
    {
        let output = folder.mef(&[&["cursors"][..], command].concat());
        assert!(stderr(&output).contains("such as `acme/north`"), "{}", stderr(&output));
    }
    folder.lines(&["cursors", "reset", "acme/north"]);
    let done =
        |name: &str| json(&folder.lines(&["cursors", "show", name, "--json"]))[0]["done"].clone();
    assert!(done("acme/north").is_null() && !done("acme/south").is_null());
    assert_eq!(folder.lines(&["cursors", "history", "acme/north", "--json"]).len(), 1);
}

#[test]
fn a_dry_run_and_a_backfill_read_every_partition_beside_the_live_cursors() {
    let folder = folder();
    folder.lines(&["poll", "acme"]);
    let cursors = || {
        let mut live = json(&folder.lines(&["cursors", "list", "--json"]));
        live.retain(|cursor| !cursor["partition"].as_str().unwrap().starts_with("backfill "));
        live.iter_mut().for_each(|cursor| cursor["lag_s"] = Value::Null);
        live
    };
    let live = cursors();
    let dry = folder.mef(&["poll", "acme", "--dry-run"]);
    let words = stderr(&dry);
    assert!(REGIONS.iter().all(|region| words.contains(&format!("region={region}"))), "{words}");
    let stretch =
        ["--from", "2026-11-01T00:00:00Z", "--to", "2026-11-02T12:00:00Z", "--per-minute", "6000"];
    let backfill = [&["backfill", "acme"][..], &stretch].concat();
    folder.lines(&backfill);
    let events = json(&folder.lines(&["events", "--json"]));
    // The partitions are read side by side.
    let summary = |event: &Value| event["summary"].as_str().unwrap().to_owned();
    let mut ids: Vec<_> = events[2..].iter().map(summary).collect();
    ids.sort();
    assert_eq!(
        ids,
        [
            "north 2026-11-01T00:00:00Z",
            "north 2026-11-02T00:00:00Z",
            "south 2026-11-01T00:00:00Z",
            "south 2026-11-02T00:00:00Z",
        ]
    );
    assert_eq!(cursors(), live);
    let again = folder.mef(&backfill);
    assert!(stderr(&again).contains("already"), "{}", stderr(&again));
    assert_eq!(states(&folder), both("fresh", "fresh"), "a backfill is no stream of the source");
}

const EXCHANGES: &str = r#"
at: 2026-11-24T10:00:00Z
cursors:
  south: { done: { time: 2026-11-24T09:50:00Z } }
exchanges:
  - expect: { query: { region: north, since: "2026-11-24T09:00:00Z" } }
    respond: { status: 404 }
  - expect: { query: { region: south, since: "2026-11-24T09:49:00Z" } }
    respond: { json: { items: [{ id: 1, t: "2026-11-24T09:55:00Z" }] } }
"#;

#[test]
fn exchanges_begin_with_a_cursor_for_each_partition() {
    let folder = Folder::new();
    let rules = "  errors: [ { when: { status: 404 }, do: ignore } ]\n  records:";
    folder
        .write("acme/source.yml", &source("https://api.example.com").replace("  records:", rules))
        .write("acme/tests/run.exchanges.yml", EXCHANGES);
    folder.lines(&["test", "--update"]);
    let written = std::fs::read_to_string(folder.path("acme/tests/run.expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(
        (&expected["runs"][0]["end"], &expected["events"][0]["summary"]),
        (&"caught_up".into(), &"1".into())
    );
    for (index, region) in REGIONS.iter().enumerate() {
        let cursor = &expected["cursors"][index];
        assert_eq!(
            (&cursor["partition"], &cursor["done"]["time"]),
            (&(*region).into(), &"2026-11-24T10:00:00Z".into())
        );
    }
}
