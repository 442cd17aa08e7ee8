//! The identities of requests, which stand in stored cursors.

use mef_source::checked::{Cursor, Poll};
use mef_source::load;

use crate::{OKTA, no_files};

/// A job that is started, waited for, listed, and read part by part.
const JOB: &str = r#"
source: job
poll:
  schedule: rate(5 minutes)
  vars: { size: "100" }
  auth: { bearer: "{secret.token}" }
  setup:
    - request: { post: "https://api.example.com/jobs", json: { from: "{window.start|rfc3339_s}", n: 1.10 } }
      values: { job: id }
      ignore: [ { status: [409, 5xx], header: { x-state: { matches: "busy.*" } } } ]
      wait: { until: { body: { state: done } }, every: 2s, at_most: 1h }
  request:
    get: "https://api.example.com/jobs/parts"
    query: { job: "{setup.job}", size: "{var.size}", level: "{window.start|date(\"%Y\")|lookup(levels)}" }
    headers: { accept: "text/csv" }
  next: { token: { from: header.x-next, query: page, join: "," } }
  stop: [empty_page]
  records: [parts, more.parts]
  details:
    - request: { get: "{item.uri}" }
      next: { page: { query: page } }
      stop: [same_next, { short_page: 100 }, { unless: header.more }, { when: { header.last: "yes" } }]
      decode: { csv: { separator: ";", after: DATA } }
      compression: gzip
      ignore: [ { status: 404, body: { error: { not_empty: true } } } ]
      keep: { part: "{item.name|upper}" }
  cursor: { windows: true, overlap: 60s }
event: { lookups: { levels: { "1": low } }, map: { category: job } }
"#;

const LINK: &str = r#"
source: link
poll:
  schedule: rate(1 minute)
  request:
    get: "https://api.example.com/logs"
    query: { since: "{cursor.start|epoch_ms}", token: "{secret.token}", limit: 100 }
  next: { link: next }
  records: ""
  cursor: { next_link: { rewrite: { query: { token: "{var.empty}" } } }, id: id }
  vars: { empty: "" }
event: { map: { category: link } }
"#;

fn poll(file: &str) -> Poll {
    load(file, &no_files).unwrap().source.poll.unwrap()
}

fn digest(file: &str) -> String {
    poll(file).request_digest
}

fn link_digest(file: &str) -> String {
    let cursor = poll(file).cursor;
    let by_link = if let Cursor::NextLink(cursor) = cursor { Some(cursor) } else { None };
    by_link.unwrap().digest
}

#[track_caller]
fn changed(file: &str, from: &str, to: &str) -> String {
    assert!(file.contains(from), "{from}");
    file.replacen(from, to, 1)
}

/// Cursors hold these: another one makes every running poller begin anew.
#[test]
fn identities_are_those_that_are_stored_already() {
    let stored = [digest(OKTA), digest(JOB), digest(LINK), link_digest(LINK)];
    assert_eq!(
        stored,
        ["1:1f9be44dd3664763", "1:e8ea51a59fd6e02f", "1:58b8bcb30d5e2a3a", "1:e7dc44201276913a"]
    );
}

#[test]
fn what_changes_a_request_changes_its_identity() {
    let changes = [
        ("get: \"{item.uri}\"", "post: \"{item.uri}\""),
        ("https://api.example.com/jobs\"", "https://api.example.com/exports\""),
        ("rfc3339_s", "rfc3339_ms"),
        ("n: 1.10", "n: 1.1"),
        ("n: 1.10", "m: 1.10"),
        ("{ job: id }", "{ job: data.id }"),
        ("[409, 5xx]", "[409]"),
        ("x-state", "x-status"),
        ("busy.*", "busy.+"),
        ("state: done", "state: ready"),
        ("every: 2s", "every: 3s"),
        ("at_most: 1h", "at_most: 2h"),
        ("jobs/parts", "jobs/files"),
        ("job: \"{setup.job}\"", "id: \"{setup.job}\""),
        ("size: \"100\"", "size: \"200\""),
        ("date(\\\"%Y\\\")", "date(\\\"%y\\\")"),
        ("\"1\": low", "\"1\": high"),
        ("accept: \"text/csv\"", "accept: \"*/*\""),
        ("header.x-next", "header.x-page"),
        ("query: page", "query: after"),
        ("query: page", "header: page"),
        ("join: \",\"", "join: \";\""),
        ("join: \",\"", "format: json"),
        ("stop: [same_next, ", "stop: ["),
        ("short_page: 100", "short_page: 50"),
        ("unless: header.more", "unless: header.further"),
        ("last: \"yes\"", "last: \"no\""),
        ("{item.uri}", "{item.url}"),
        ("separator: \";\"", "separator: \",\""),
        ("DATA", "ROWS"),
        ("compression: gzip", "compression: zip"),
        ("status: 404", "status: 410"),
        ("{ not_empty: true }", "true"),
        ("part: \"{item.name|upper}\"", "part: \"{item.name|lower}\""),
    ];
    let mut seen = vec![digest(JOB)];
    for (from, to) in changes {
        let digest = digest(&changed(JOB, from, to));
        assert!(!seen.contains(&digest), "{from} -> {to}");
        seen.push(digest);
    }
}

#[test]
fn what_changes_no_request_leaves_its_identity() {
    for (from, to) in [
        ("rate(5 minutes)", "rate(1 minute)"),
        ("source: job", "# A comment.\nsource: work"),
        ("category: job", "category: other"),
        ("stop: [empty_page]", "stop: [no_next]"),
        ("overlap: 60s", "overlap: 61s"),
        ("auth: { bearer", "limits: { rate: 30/min }\n  auth: { bearer"),
        ("{secret.token}", "{secret.other}"),
        (
            "query: { job: \"{setup.job}\", size: \"{var.size}\",",
            "query: { size: \"{var.size}\", job: \"{setup.job}\",",
        ),
        ("size: \"{var.size}\"", "size: 100"),
    ] {
        assert_eq!(digest(JOB), digest(&changed(JOB, from, to)), "{from} -> {to}");
    }
}

#[test]
fn a_kept_link_outlives_what_is_rewritten_in_it() {
    for (from, to) in
        [("{secret.token}", "{secret.other}"), ("next: { link: next }", "next: { link: more }")]
    {
        assert_eq!(link_digest(LINK), link_digest(&changed(LINK, from, to)), "{from} -> {to}");
        assert_ne!(digest(LINK), digest(&changed(LINK, from, to)), "{from} -> {to}");
    }
    for (from, to) in [("limit: 100", "limit: 50"), ("epoch_ms", "epoch")] {
        assert_ne!(link_digest(LINK), link_digest(&changed(LINK, from, to)), "{from} -> {to}");
    }
    assert_ne!(link_digest(LINK), digest(LINK));
}
