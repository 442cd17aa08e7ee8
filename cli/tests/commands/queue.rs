//! What comes in, and how one looks at it while `mef run` goes on.

use serde_json::Value;

use crate::support::{Folder, HOOK, HOOK_SCHEMA, http, stderr, stdout, vendor};

fn hook() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("secrets.env", "# ours\nexport MEF_SECRET_HOOK_TOKEN=\"t0k=en\"\n");
    folder
}

const GOOD: &[(&str, &str)] = &[("x-token", "t0k=en"), ("content-type", "application/json")];

fn events(folder: &Folder, more: &[&str]) -> Vec<Value> {
    let arguments = [&["events", "--json"], more].concat();
    folder.lines(&arguments).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_webhook_is_in_the_queue_when_it_is_answered() {
    let folder = hook();
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, br#"{"title":"one","n":9007199254740993}"#).0, 200);
    let seen = events(&folder, &[]);
    assert_eq!(seen[0]["summary"], "one");
    assert_eq!(seen[0]["details"]["hook"]["n"].to_string(), "9007199254740993");
    let with = events(&folder, &["--attributes"]);
    assert_eq!(with[0]["source"], "hook");
    assert_eq!(with[0]["event_id"].as_str().unwrap().len(), 32);
    run.stop();
}

#[test]
fn a_refused_record_is_a_dead_letter_and_its_neighbours_arrive() {
    let folder = hook();
    let run = folder.run(&[]);
    let (status, answer) =
        run.post("/hook", GOOD, br#"[{"title":"a"},{"tite":"b"},{"title":"c"}]"#);
    assert_eq!(status, 202, "{answer}");
    assert!(answer.contains(r#"{"accepted":2,"rejected":1}"#), "{answer}");
    let letters = folder.lines(&["dlq", "list", "--json"]);
    let letter: Value = serde_json::from_str(&letters[0]).unwrap();
    assert_eq!((&letter["stage"], &letter["index"]), (&"validate".into(), &1.into()));
    assert_eq!(letter["raw"]["record"]["tite"], "b");
    let id = letter["id"].as_str().unwrap();
    let shown: Value =
        serde_json::from_str(&folder.lines(&["dlq", "show", id, "--json"])[0]).unwrap();
    assert_eq!(shown, letter);
    assert_eq!(folder.mef(&["dlq", "show", "nothing"]).status.code(), Some(1));
    run.stop();
}

#[test]
fn every_other_answer() {
    let folder = hook();
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", &[("x-token", "wrong")], b"{}").0, 401);
    assert_eq!(run.post("/hook", &[], b"{}").0, 401);
    assert_eq!(run.post("/other", GOOD, b"{}").0, 404);
    // As on AWS, the only source needs no name.
    assert_eq!(run.post("/", &[("x-token", "wrong")], b"{}").0, 401);
    assert_eq!(run.announce("/hook", GOOD, 7 * 1024 * 1024, b"").0, 413);
    let delivery = [GOOD, &[("x-delivery", "d-1")]].concat();
    assert_eq!(run.post("/hook", &delivery, br#"{"title":"x"}"#).0, 200);
    let (status, answer) = run.post("/hook", &delivery, br#"{"title":"x"}"#);
    assert!(status == 200 && answer.contains(r#"{"duplicate":true}"#), "{answer}");
    assert_eq!(events(&folder, &[]).len(), 1);
    // A secret that cannot be had: the sender shall come again.
    folder.write("secrets.env", "");
    let (status, answer) = run.post("/hook", GOOD, b"{}");
    assert!(status == 503 && answer.contains("retry-after: 30"), "{answer}");
    let log = run.stop();
    assert!(log.contains("MEF_SECRET_HOOK_TOKEN"), "the log says what to set: {log}");
    assert_eq!(log.matches("webhook refused").count(), 3, "{log}");
    assert_eq!(log.matches("webhook not taken").count(), 2, "{log}");
}

#[test]
fn consuming_takes_events_out_and_positions_are_never_reused() {
    let folder = hook();
    folder.write("other/source.yml", &HOOK.replace("source: hook", "source: other"));
    folder.write("other/schema.json", HOOK_SCHEMA);
    let run = folder.run(&[]);
    for title in ["a", "b", "c"] {
        let body = format!(r#"{{"title":"{title}"}}"#);
        assert_eq!(run.post("/hook", GOOD, body.as_bytes()).0, 200);
    }
    assert_eq!(events(&folder, &["--consume", "--limit", "2"]).len(), 2);
    let left = events(&folder, &["--attributes"]);
    assert_eq!((left.len(), &left[0]["event"]["summary"]), (1, &"c".into()));
    assert_eq!(events(&folder, &["--consume", "--source", "other"]).len(), 0);
    assert_eq!(events(&folder, &["--consume"]).len(), 1);
    assert_eq!(run.post("/hook", GOOD, br#"{"title":"d"}"#).0, 200);
    assert_eq!(events(&folder, &["--attributes"])[0]["position"], 4);
    assert!(events(&folder, &["--after", "4"]).is_empty());
    run.stop();
}

fn log_source(origin: &str) -> String {
    format!(
        "source: log\npoll:\n  schedule: rate(1 minute)\n  \
         request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
         records: items\n  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n"
    )
}

#[test]
fn a_poll_says_what_it_did_and_the_cursor_can_be_shown_and_set() {
    let folder = Folder::new();
    let origin = vendor(|_| http(200, "", r#"{"items":[{"id":1,"t":"2026-11-01T00:00:00Z"}]}"#));
    folder.write("log/source.yml", &log_source(&origin));
    let line: Value =
        serde_json::from_str(&folder.lines(&["poll", "log", "--once", "--json"])[0]).unwrap();
    assert_eq!((&line["end"], &line["delivered"]), (&"caught_up".into(), &1.into()));
    let shown: Value =
        serde_json::from_str(&folder.lines(&["cursors", "list", "--json"])[0]).unwrap();
    assert_eq!(shown["source"], "log");
    assert_eq!(shown["last_run"]["delivered"], 1);
    assert!(shown["lag_s"].as_i64().is_some());
    folder.lines(&["cursors", "set", "log", "2026-11-01T00:00:00Z"]);
    let shown: Value =
        serde_json::from_str(&folder.lines(&["cursors", "show", "log", "--json"])[0]).unwrap();
    assert_eq!(shown["done"]["time"], "2026-11-01T00:00:00Z");
    for wrong in ["2999-01-01T00:00:00Z", "yesterday"] {
        assert_eq!(folder.mef(&["cursors", "set", "log", wrong]).status.code(), Some(1));
    }
    assert_eq!(folder.mef(&["cursors", "show", "nothing"]).status.code(), Some(1));
    assert_eq!(folder.mef(&["poll", "nothing"]).status.code(), Some(1));
}

#[test]
fn a_limited_poll_ends_with_75_and_a_failed_one_with_1() {
    let folder = Folder::new();
    let limited = vendor(|_| http(429, "retry-after: 900\r\n", "{}"));
    folder.write("log/source.yml", &log_source(&limited));
    let output = folder.mef(&["poll", "log", "--once", "--json"]);
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert!(stdout(&output).contains(r#""end":"limited""#));
    let folder = Folder::new();
    let refused = vendor(|_| http(404, "", "{}"));
    folder.write("log/source.yml", &log_source(&refused));
    let output = folder.mef(&["poll", "log", "--once"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the vendor answered 404"), "{}", stderr(&output));
}

#[test]
fn the_demo_ends_by_itself_and_counts_what_it_showed() {
    let folder = Folder::new();
    let output = folder
        .command(&["demo", "--once", "--json"])
        .env("TMPDIR", folder.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (counts, events) = lines.split_last().unwrap();
    assert_eq!(counts["events"], events.len());
    for (name, expected) in [
        ("pulled", 100),
        ("pushed", 3),
        ("refused", 1),
        ("repeats", 1),
        ("rejected", 1),
        ("late", 1),
    ] {
        assert_eq!(counts[name], expected, "{name}: {counts}");
    }
    assert!(counts["duplicates"].as_u64().unwrap() > 0);
    let ids: std::collections::BTreeSet<_> =
        events.iter().filter_map(|event| event["details"]["acme-audit"]["uuid"].as_str()).collect();
    assert_eq!(ids.len(), 100, "each pulled record once");
}
