//! A stream that has had no record yet has no place to go on from, and still leaves no hole.

use mef_poller::RunEnd;

use crate::every_stream::file;
use crate::scripted::{Scripted, run};
use crate::support::{Bench, answer, at};

const DAY: i64 = 86_400;
const NOTHING: &str = r#"{"items":[],"token":null}"#;

/// A file of each kind that begins without a position.
fn files() -> [(&'static str, String); 4] {
    let since = "since: \"{cursor.start|rfc3339}\"";
    let by_token = "  next: { token: { from: token, query: page } }\n";
    [
        (
            "id",
            file(
                &format!("{since}, after: \"{{cursor.id}}\""),
                "  cursor: { id: id, start: 1h }\n",
            ),
        ),
        ("newest first", file(since, "  cursor: { id: id, order: descending, start: 1h }\n")),
        (
            "time and id",
            file(
                "since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"",
                "  cursor: { time: time, id: id, start: 1h }\n",
            ),
        ),
        (
            "token",
            file(
                &format!("{since}, page: \"{{cursor.token}}\""),
                &format!("{by_token}  cursor: {{ token: token, start: 1h }}\n"),
            ),
        ),
    ]
}

#[tokio::test]
async fn an_outage_after_an_empty_first_run_leaves_no_hole() {
    for (kind, file) in files() {
        let bench = Bench::new(0);
        let vendor = Scripted::bodies(&[NOTHING, NOTHING]);
        // A minute later nothing has come yet either.
        for seconds in [0, 60] {
            bench.clock.set(at(seconds));
            let report = run(&bench, &vendor, &file).await;
            assert!(matches!(report.end, RunEnd::CaughtUp), "{kind}: {report:?}");
        }
        // The vendor is away, and so is this machine later.
        bench.clock.set(at(120));
        let away = Scripted::answers(vec![answer(405, &[], "{}")]);
        assert!(matches!(run(&bench, &away, &file).await.end, RunEnd::Failed(_)));
        bench.clock.set(at(3 * DAY));
        vendor.more(&[NOTHING, NOTHING]);
        run(&bench, &vendor, &file).await;
        bench.clock.set(at(3 * DAY + 60));
        run(&bench, &vendor, &file).await;
        let since =
            ["24T09%3A00%3A00Z", "24T09%3A00%3A00Z", "24T09%3A01%3A00Z", "27T09%3A00%3A00Z"];
        let since = since.map(|time| format!("GET /logs?since=2026-11-{time}"));
        assert_eq!(vendor.requests(), since, "{kind}");
    }
}

#[tokio::test]
async fn a_stream_with_a_place_needs_no_moment_to_begin_at() {
    let bench = Bench::new(0);
    let file = &files()[0].1;
    let vendor = Scripted::bodies(&[NOTHING, r#"{"items":[{"id":7}]}"#, NOTHING, NOTHING]);
    for seconds in [0, 3 * DAY] {
        bench.clock.set(at(seconds));
        run(&bench, &vendor, file).await;
    }
    assert_eq!(bench.delivered().await, [7]);
    let stored = serde_json::to_value(bench.cursor().await.record).unwrap();
    assert_eq!(stored.get("anchor"), None);
}
