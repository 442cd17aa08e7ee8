//! Pulls by hand: tried out, traced, read back, paused, and tested offline.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;

use serde_json::Value;

use crate::support::{Folder, http, stderr, vendor};

/// A source whose vendor is at `origin`.
fn source(origin: &str) -> String {
    format!(
        "source: acme
poll:
  schedule: rate(1 minute)
  auth: {{ bearer: \"{{secret.token}}\" }}
  request:
    get: {origin}/logs
    query: {{ since: \"{{window.start|rfc3339}}\", until: \"{{window.end|rfc3339}}\" }}
  next: {{ url: next }}
  records: items
  cursor: {{ time: t, id: id, start: 1h, max_window: 1d }}
event: {{ id: \"{{id}}\", map: {{ summary: \"{{id}}\" }} }}
"
    )
}

/// A folder whose vendor has one record, at the start of each window asked for.
fn folder() -> Folder {
    let origin = vendor(|request| {
        let since = request.split("since=").nth(1).and_then(|rest| rest.split('&').next());
        let since = since.unwrap_or_default().replace("%3A", ":");
        http(
            200,
            "content-type: application/json\r\n",
            &format!(r#"{{"items":[{{"id":"{since}","t":"{since}","echo":"tok-123456"}}]}}"#),
        )
    });
    let folder = Folder::new();
    folder
        .write("acme/source.yml", &source(&origin))
        .write("secrets.env", "MEF_SECRET_ACME_TOKEN=tok-123456\n");
    folder
}

fn json(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The source's cursor, without how far behind the clock it is.
fn cursor(folder: &Folder) -> Value {
    let mut cursor = json(&folder.lines(&["cursors", "show", "acme", "--json"])).remove(0);
    cursor.as_object_mut().unwrap().remove("lag_s");
    cursor
}

#[test]
fn a_dry_run_shows_the_events_and_changes_nothing() {
    let folder = folder();
    let output = folder.mef(&["poll", "acme", "--dry-run"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let event: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(event["details"]["acme"]["echo"], "tok-123456", "an event is as it would be sent");
    assert!(stderr(&output).contains("GET http://127.0.0.1"), "{}", stderr(&output));
    assert!(folder.lines(&["events"]).is_empty());
    assert!(folder.lines(&["cursors", "list", "--json"]).is_empty());

    folder.lines(&["poll", "acme"]);
    let before = cursor(&folder);
    folder.lines(&["poll", "acme", "--dry-run", "--json"]);
    assert_eq!(cursor(&folder), before);
    assert_eq!(folder.lines(&["events"]).len(), 1);
}

/// The vendor put the token into the path of its next link, which is kept.
#[test]
fn a_secret_in_a_kept_link_is_not_shown() {
    let origin = vendor(|request| {
        let next = match request.starts_with("GET /more/tok-123456") {
            true => "null",
            false => "\"/more/tok-123456?after=1\"",
        };
        let body = format!(r#"{{"items":[{{"id":"{}"}}],"next":{next}}}"#, request.len());
        http(200, "content-type: application/json\r\n", &body)
    });
    let text = source(&origin)
        .replace("since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"", "n: \"1\"")
        .replace("time: t, id: id, start: 1h, max_window: 1d", "id: id, next_link: {}");
    let folder = Folder::new();
    folder
        .write("acme/source.yml", &text)
        .write("secrets.env", "MEF_SECRET_ACME_TOKEN=tok-123456\n");
    for arguments in [
        &["poll", "acme", "--json"][..],
        &["cursors", "show", "acme"],
        &["cursors", "show", "acme", "--json"],
        &["cursors", "list"],
        &["cursors", "list", "--json"],
        &["cursors", "history", "acme"],
        &["cursors", "history", "acme", "--json"],
    ] {
        let shown = folder.lines(arguments).join("\n");
        assert!(shown.contains("/more/***"), "{arguments:?}: {shown}");
        assert!(!shown.contains("tok-"), "{arguments:?}: {shown}");
    }
}

#[test]
fn an_error_moves_no_cursor_of_the_terminal() {
    let folder = folder();
    folder.mef(&["cursors", "set", "acme", "t\u{1b}[2Jx", "--token"]);
    let output = folder.mef(&["poll", "acme"]);
    let said = stderr(&output);
    assert!(said.contains("[2Jx") && !said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_trace_has_each_exchange_and_no_secret() {
    let folder = folder();
    folder.lines(&["poll", "acme", "--trace", "trace.jsonl"]);
    let trace = std::fs::read_to_string(folder.path("trace.jsonl")).unwrap();
    assert!(!trace.contains("tok-123456"), "{trace}");
    let exchange: Value = serde_json::from_str(trace.trim()).unwrap();
    assert_eq!(exchange["response"]["status"], 200);
    assert_eq!(exchange["response"]["body"]["items"][0]["echo"], "***");
    assert!(exchange["request"]["url"].as_str().unwrap().contains("/logs?since="));
    let again = folder.mef(&["poll", "acme", "--trace", "trace.jsonl"]);
    assert!(stderr(&again).contains("trace.jsonl"), "no trace is written over");
}

#[test]
fn a_backfill_goes_window_by_window_beside_the_live_cursor() {
    let folder = folder();
    folder.lines(&["poll", "acme"]);
    let live = cursor(&folder);
    let stretch =
        ["--from", "2026-11-01T00:00:00Z", "--to", "2026-11-03T12:00:00Z", "--per-minute", "6000"];
    let backfill = [&["backfill", "acme", "--json"][..], &stretch].concat();
    let report = json(&folder.lines(&backfill));
    assert_eq!((&report[0]["end"], &report[0]["pages"]), (&"caught_up".into(), &3.into()));
    let events = json(&folder.lines(&["events", "--attributes", "--json"]));
    let days: Vec<_> = events[1..].iter().map(|event| event["event"]["summary"].clone()).collect();
    assert_eq!(days, ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"]);
    assert_eq!(cursor(&folder), live);

    let again = folder.mef(&backfill);
    assert!(stderr(&again).contains("already"), "{}", stderr(&again));
    assert_eq!(folder.lines(&["events"]).len(), 4);

    // A stretch that overlaps brings what was there, under the same ids.
    let overlap = ["--from", "2026-11-02T00:00:00Z", "--to", "2026-11-02T12:00:00Z"];
    folder.lines(&[&["backfill", "acme"][..], &overlap].concat());
    let events = json(&folder.lines(&["events", "--attributes", "--json"]));
    assert_eq!(events[4]["event_id"], events[2]["event_id"]);
    assert!(events[4]["event_id"].is_string());

    let new = folder.mef(&[
        "backfill",
        "acme",
        "--from",
        "2026-11-01T00:00:00Z",
        "--to",
        "2999-01-01T00:00:00Z",
    ]);
    assert!(stderr(&new).contains("too recent"), "{}", stderr(&new));
}

#[test]
fn a_paused_source_is_not_read_and_loses_nothing() {
    let folder = folder();
    let state = |folder: &Folder| json(&folder.lines(&["status", "--json"]))[0]["state"].clone();
    assert_eq!(state(&folder), "never run");
    folder.lines(&["poll", "acme"]);
    assert_eq!(state(&folder), "fresh");
    folder.lines(&["pause", "acme"]);
    assert_eq!(state(&folder), "paused");
    let run = folder.mef(&["poll", "acme", "--json"]);
    assert_eq!(run.status.code(), Some(75));
    let run: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&run["end"], &run["requests"]), (&"paused".into(), &0.into()));
    // A cursor that is set by hand meanwhile stays paused.
    folder.lines(&["cursors", "set", "acme", "2026-11-01T00:00:00Z"]);
    assert_eq!(state(&folder), "paused");
    folder.lines(&["resume", "acme"]);
    assert_eq!(state(&folder), "never run");
    assert!(folder.lines(&["cursors", "show", "acme"]).join("").contains("2026-11-01T00:00:00Z"));
}

#[test]
fn the_history_has_what_delivered_or_failed() {
    let folder = folder();
    folder.lines(&["poll", "acme"]);
    folder.write("acme/source.yml", &source(&vendor(|_| http(404, "", "{}"))));
    assert!(!folder.mef(&["poll", "acme"]).status.success());
    let history = json(&folder.lines(&["cursors", "history", "acme", "--json"]));
    assert_eq!(history[0]["delivered"], 1);
    assert!(history[1]["error"].as_str().unwrap().contains("answered 404"), "{history:?}");
    assert_eq!(json(&folder.lines(&["status", "--json"]))[0]["state"], "failing");
    folder.lines(&["cursors", "reset", "acme"]);
    let cursor = &json(&folder.lines(&["cursors", "show", "acme", "--json"]))[0];
    assert!(cursor["done"].is_null(), "{cursor}");
    assert_eq!(folder.lines(&["cursors", "history", "acme", "--json"]).len(), 2);
}

const EXCHANGES: &str = r#"
at: 2026-11-24T10:00:00Z
exchanges:
  - expect:
      path: /logs
      query: { since: "2026-11-24T09:00:00Z", key: null }
      headers: { Authorization: "Bearer ***" }
    respond:
      json: { items: [{ id: 1, t: "2026-11-24T09:30:00Z" }], next: "/logs?page=2" }
  - expect: { query: { page: "2" } }
    respond: { broken: reset by peer }
  - respond: { file: page.json, after: 3s }
"#;

fn tested() -> Folder {
    let folder = Folder::new();
    folder
        .write("acme/source.yml", &source("https://api.example.com"))
        .write("acme/tests/secrets.env", "MEF_SECRET_ACME_TOKEN=tok-123456\n")
        .write("acme/tests/page.json", r#"{"items":[{"id":2,"t":"2026-11-24T09:40:00Z"}]}"#)
        .write("acme/tests/run.exchanges.yml", EXCHANGES);
    folder.lines(&["test", "--update"]);
    folder
}

#[test]
fn exchanges_are_played_to_the_real_engine() {
    let folder = tested();
    let written = std::fs::read_to_string(folder.path("acme/tests/run.expected.json")).unwrap();
    assert!(!written.contains("tok-123456"), "{written}");
    let expected: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(expected["cursors"][0]["done"]["time"], "2026-11-24T10:00:00Z");
    assert_eq!(expected["runs"][0]["requests"].as_array().unwrap().len(), 3);
    let summaries: Vec<_> =
        expected["events"].as_array().unwrap().iter().map(|event| &event["summary"]).collect();
    assert_eq!(summaries, ["1", "2"]);
    folder.lines(&["test"]);
}

/// Only the first was compared, so that a lost one went unnoticed.
#[test]
fn every_value_of_a_parameter_is_compared() {
    let folder = tested();
    let twice = EXCHANGES.replace("page=2", "page=2&page=3");
    for (expected, told) in [
        ("\"2\"", "the parameter `page` is `2`, `3`, not `2`"),
        ("[3, 2]", "the parameter `page` is `2`, `3`, not `3`, `2`"),
        ("null", "the parameter `page` is `2`, `3`, not nothing"),
    ] {
        let file = twice.replace("page: \"2\"", &format!("page: {expected}"));
        folder.write("acme/tests/run.exchanges.yml", &file);
        let output = folder.mef(&["test"]);
        assert!(stderr(&output).contains(told), "{told} in {}", stderr(&output));
    }
    folder.write("acme/tests/run.exchanges.yml", &twice.replace("page: \"2\"", "page: [2, \"3\"]"));
    folder.lines(&["test", "--update"]);
    folder.lines(&["test"]);
}

#[test]
fn what_is_not_as_expected_is_told() {
    let folder = tested();
    let fails = |from: &str, to: &str, told: &str| {
        assert!(EXCHANGES.contains(from), "{from}");
        folder.write("acme/tests/run.exchanges.yml", &EXCHANGES.replace(from, to));
        let output = folder.mef(&["test"]);
        assert_eq!(output.status.code(), Some(1), "{from}");
        let words = stderr(&output);
        assert!(words.contains(told), "{told} in {words}");
        assert!(!words.contains("tok-123456"), "{words}");
    };
    fails(
        "since: \"2026-11-24T09:00:00Z\"",
        "since: \"2026-11-24T08:00:00Z\"",
        "request 1: the parameter `since` is `2026-11-24T09:00:00Z`, not `2026-11-24T08:00:00Z`",
    );
    fails("key: null", "since: null", "duplicate");
    fails("path: /logs", "path: /log", "the path is `/logs`, not `/log`");
    fails("Bearer ***", "Bearer x", "the header `Authorization` is `Bearer ***`, not `Bearer x`");
    fails("page: \"2\"", "page: 3", "the parameter `page` is `2`, not `3`");
    fails("  - respond: { file: page.json, after: 3s }\n", "", "request 3 is one more");
    fails("next: \"/logs?page=2\"", "next: \"\"", "2 exchanges never came");
    fails("/logs?page=2\"", "https://evil.example/?page=2\"", "never came; the run failed: ");
    fails("\"2026-11-24T09:30:00Z\"", "\"2026-11-24T09:31:00Z\"", "is not what");
    fails("broken:", "brokne:", "brokne");
    fails("page.json", "nothing.json", "nothing.json");
}

/// A vendor that said "come back tomorrow" by mistake held the source for a day, whatever anybody did.
#[test]
fn a_limit_of_the_vendor_can_be_taken_back_by_hand() {
    let folder = folder();
    let good = std::fs::read_to_string(folder.path("acme/source.yml")).unwrap();
    let limits = vendor(|_| http(429, "retry-after: 80000\r\n", "{}"));
    folder.write("acme/source.yml", &source(&limits));
    let state = |folder: &Folder| json(&folder.lines(&["status", "--json"]))[0]["state"].clone();
    assert_eq!(folder.mef(&["poll", "acme", "--once"]).status.code(), Some(75));
    folder.write("acme/source.yml", &good);
    assert_eq!(
        (folder.mef(&["poll", "acme", "--once"]).status.code(), state(&folder)),
        (Some(75), "limited".into())
    );
    // To set the cursor does not change what the vendor said, and is not said to.
    folder.lines(&["cursors", "reset", "acme"]);
    assert_eq!(state(&folder), "limited");
    // Nor does it end a pause.
    folder.lines(&["pause", "acme"]);
    let said = stderr(&folder.mef(&["resume", "acme"]));
    assert!(said.contains("A second `mef resume acme`"), "{said}");
    assert_eq!(folder.mef(&["poll", "acme", "--once"]).status.code(), Some(75));
    let said = stderr(&folder.mef(&["resume", "acme"]));
    assert!(said.contains("is taken back"), "{said}");
    assert_eq!(state(&folder), "no record yet");
    folder.lines(&["poll", "acme"]);
    assert_eq!(state(&folder), "fresh");
    let said = stderr(&folder.mef(&["resume", "acme"]));
    assert!(said.contains("neither paused nor limited"), "{said}");
}

/// The next run need not wait for the end of a lease that nobody uses.
#[test]
fn a_poll_that_its_supervisor_ends_gives_back_its_lease() {
    let (asked, is_asked) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let pages = AtomicU32::new(0);
    let origin = vendor(move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        let _ = asked.send(());
        let _ = may_go_on.recv();
        let body = format!(r#"{{"items":[],"next":"/more?page={page}"}}"#);
        http(200, "content-type: application/json\r\n", &body)
    });
    let folder = Folder::new();
    folder
        .write("acme/source.yml", &source(&origin))
        .write("secrets.env", "MEF_SECRET_ACME_TOKEN=tok-123456\n");
    let mut poll = folder.command(&["poll", "acme"]).spawn().unwrap();
    is_asked.recv().unwrap();
    let pid = poll.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    drop(go_on);
    assert_eq!(poll.wait().unwrap().code(), Some(75));
    assert_eq!(cursor(&folder)["leased_until"], Value::Null);
}
