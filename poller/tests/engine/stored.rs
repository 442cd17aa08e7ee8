//! Cursors as earlier versions stored them: each goes on where it stood.

use mef_poller::RunEnd;
use mef_ports::{CursorRecord, Cursors as _};
use serde_json::{Value, json};

use crate::chains::by_time;
use crate::every_stream::{BY_PAGE, file};
use crate::scripted::{Scripted, run};
use crate::support::{Bench, at, stream};

fn window() -> String {
    file(
        "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"",
        &format!("{BY_PAGE}  cursor: {{ time: time, id: id, start: 1h, overlap: 60s }}\n"),
    )
}

fn pass() -> String {
    file("after: \"{cursor.id}\"", &format!("{BY_PAGE}  cursor: {{ id: id, order: descending }}\n"))
}

fn token() -> String {
    file(
        "since: \"{cursor.start|rfc3339}\", page: \"{cursor.token}\"",
        &format!("{BY_PAGE}  cursor: {{ token: token, id: id, time: time, start: 1h }}\n"),
    )
}

fn link_file() -> String {
    file(
        "since: \"{cursor.start|rfc3339}\"",
        "  next: { url: token }\n  cursor: { next_link: {}, id: id, time: time, start: 1h }\n",
    )
}

fn listing() -> String {
    file("all: \"yes\"", "  cursor: { listing: true, id: id }\n")
}

fn vendor() -> String {
    file(
        "operation: \"{cursor.start|epoch|default(\\\"\\\")}{cursor.ask|default(\\\"\\\")}\"",
        "  next: { again: true }\n  cursor: { vendor: true, id: id, start: 1h }\n",
    )
}

fn setup() -> String {
    let job = r#"
  setup:
    - request: { post: "https://api.example.com/exports", json: { since: "{window.start|rfc3339}" } }
      values: { job: id }
  request: { get: "https://api.example.com/exports/{setup.job}" }
  records: items
"#;
    by_time(&job[1..], "windows: true")
}

fn wait() -> String {
    let prepared = r#"
  request:
    get: https://api.example.com/logs
    query: { since: "{window.start|epoch}", job: "{wait.job}" }
  wait: { until: { status: 200 }, every: 30s, values: { job: job } }
  records: items
"#;
    by_time(&prepared[1..], "windows: true")
}

fn page(ids: &[u32], token: &str) -> String {
    let items: Vec<_> = ids
        .iter()
        .map(|id| json!({"id": id, "time": at(-3_000 + i64::from(*id)).to_string()}))
        .collect();
    let token = Some(token).filter(|token| !token.is_empty());
    json!({"items": items, "token": token}).to_string()
}

const SINCE: &str = "since=2026-11-24T09%3A00%3A00Z";

#[tokio::test]
async fn a_stored_cursor_of_every_kind_goes_on_where_it_stood() {
    let link = "https://api.example.com/logs?since=x&after=2";
    let until = "until=2026-11-24T10%3A00%3A00Z&page=p2";
    let ready = page(&[3], "");
    for (stored, file, body, request) in [
        (
            include_str!("../stored/window.json"),
            window(),
            ready.clone(),
            format!("logs?{SINCE}&{until}"),
        ),
        (
            include_str!("../stored/window_in_part.json"),
            window(),
            ready.clone(),
            format!("logs?{SINCE}&{until}"),
        ),
        (
            include_str!("../stored/pass.json"),
            pass(),
            page(&[7, 4], ""),
            "logs?after=3&page=p2".into(),
        ),
        (include_str!("../stored/token.json"), token(), page(&[], "p2"), "logs?page=p2".into()),
        (
            include_str!("../stored/link.json"),
            link_file(),
            page(&[], link),
            "logs?since=x&after=2".into(),
        ),
        (include_str!("../stored/listing.json"), listing(), ready.clone(), "logs?all=yes".into()),
        (
            include_str!("../stored/vendor.json"),
            vendor(),
            page(&[], ""),
            "logs?operation=resend".into(),
        ),
        (include_str!("../stored/setup.json"), setup(), ready.clone(), "exports/a".into()),
        (include_str!("../stored/wait.json"), wait(), ready, "logs?since=1795510800&job=7".into()),
    ] {
        let bench = Bench::new(0);
        let record: CursorRecord = serde_json::from_str(stored).unwrap();
        let written: Value = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_value(&record).unwrap(), written, "its form has changed");
        bench.store.set(&stream(), &record).await.unwrap();
        bench.clock.set(at(30));
        let vendor = Scripted::bodies(&[&body]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{stored}: {report:?}");
        assert_eq!(vendor.requests(), [format!("GET /{request}")]);
        assert_eq!(report.summary.lost, None, "{stored}");
    }
}

#[tokio::test]
async fn what_was_kept_under_another_request_begins_again() {
    let digest = |stored: &str| {
        let mut record: Value = serde_json::from_str(stored).unwrap();
        for part in ["open", "pass", "setup", "wait"] {
            if let Some(part) = record.get_mut(part) {
                part["request_digest"] = "1:another".into();
            }
        }
        if let Some(link) = record.get_mut("link_request") {
            *link = "1:another".into();
        }
        serde_json::from_value::<CursorRecord>(record).unwrap()
    };
    for (stored, file, request) in [
        (
            include_str!("../stored/window.json"),
            window(),
            format!("logs?{SINCE}&until=2026-11-24T10%3A00%3A00Z"),
        ),
        (include_str!("../stored/pass.json"), pass(), "logs?after=3".into()),
        (
            include_str!("../stored/link.json"),
            link_file(),
            "logs?since=2026-11-24T09%3A00%3A30Z".into(),
        ),
        (include_str!("../stored/setup.json"), setup(), "exports".into()),
        (include_str!("../stored/wait.json"), wait(), "logs?since=1795510800".into()),
    ] {
        let bench = Bench::new(0);
        bench.store.set(&stream(), &digest(stored)).await.unwrap();
        bench.clock.set(at(30));
        let vendor = Scripted::bodies(&[&page(&[], "")]);
        run(&bench, &vendor, &file).await;
        let asked = vendor.requests()[0].clone();
        let asked = asked.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
        assert_eq!(asked, request);
    }
}
