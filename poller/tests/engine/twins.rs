//! Records that share an id and a time, where readings overlap and the newest comes first.

use mef_poller::RunEnd;
use serde_json::{Value, json};

use crate::every_stream::{BY_PAGE, file};
use crate::repeats::event_ids;
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, at};

fn by_window() -> String {
    file(
        "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"",
        "  cursor: { time: time, id: id, start: 1h, overlap: 10m }\n",
    )
}

/// Runs once a minute, each time with a page of records that have one id and time and say this.
/// Returns what is delivered.
async fn delivered(pages: &[&[&str]]) -> Vec<String> {
    let bench = Bench::new(0);
    for (minute, page) in (0..).zip(pages) {
        bench.clock.set(at(60 * minute));
        let items: Vec<_> =
            page.iter().map(|says| json!({ "id": 1, "time": at(-30), "says": says })).collect();
        let vendor = Scripted::bodies(&[&json!({ "items": items }).to_string()]);
        let report = run(&bench, &vendor, &by_window()).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    }
    let says = |record: &Value| record["says"].as_str().unwrap().to_owned();
    records(&bench).await.iter().map(says).collect()
}

#[tokio::test]
async fn a_record_listed_before_its_known_twin_is_delivered_and_the_twin_is_not_again() {
    let b_and_a: &[&str] = &["b", "a"];
    assert_eq!(delivered(&[&["a"], b_and_a, b_and_a]).await, ["a", "b"]);
    assert_eq!(delivered(&[&["a"], b_and_a, &["c", "b", "a"]]).await, ["a", "b", "c"]);
    assert_eq!(delivered(&[&["a"], b_and_a, &["c", "b"], &["b", "c"]]).await, ["a", "b", "c"]);
    assert_eq!(
        delivered(&[&["a", "a"], &["b", "a", "a"], &["a", "b", "a"]]).await,
        ["a", "a", "b"]
    );
}

/// A link that the vendor signs anew in each response, for example.
#[tokio::test]
async fn a_record_that_says_something_else_in_each_response_is_no_twin_of_itself() {
    assert_eq!(delivered(&[&["a"], &["b"], &["c"]]).await, ["a"]);
    assert_eq!(delivered(&[&["a", "b"], &["c", "d"], &["e", "f"]]).await, ["a", "b"]);
}

#[tokio::test]
async fn equal_records_of_two_pages_have_events_of_their_own_also_by_token() {
    let items = json!([{ "time": at(-60), "says": "a" }]);
    let page = |token: &str| json!({ "items": items, "token": token }).to_string();
    let end = |token: &str| json!({ "items": [], "token": token }).to_string();
    let in_one_run = [vec![page("a"), page("b"), end("c")], vec![end("c")]];
    let in_two_runs = [vec![page("a"), end("a")], vec![page("b"), end("c")]];
    for cursor in ["token: token", "token: token, time: time"] {
        for runs in [&in_one_run, &in_two_runs] {
            let bench = Bench::new(0);
            let file =
                file("page: \"{cursor.token}\"", &format!("{BY_PAGE}  cursor: {{ {cursor} }}\n"));
            for pages in runs {
                let pages: Vec<_> = pages.iter().map(String::as_str).collect();
                let report = run(&bench, &Scripted::bodies(&pages), &file).await;
                assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
            }
            let ids = event_ids(&bench).await;
            assert_eq!(ids.len(), 2, "{cursor}");
            assert_ne!(ids[0], ids[1], "{cursor}");
        }
    }
}
