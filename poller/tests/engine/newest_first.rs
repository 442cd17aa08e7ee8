//! Windows of vendors that give the newest first.

use mef_poller::RunEnd;
use serde_json::json;

use crate::every_stream::{BY_PAGE, file};
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, Fault, at, source_file};

const CURSOR: &str = "order: descending, start: 1h, end_lag: 60s, overlap: 60s";

fn bench(count: u32) -> Bench {
    let bench = Bench::new(2);
    bench.vendor.state.lock().unwrap().descending = true;
    (1..=count).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    bench
}

#[tokio::test]
async fn an_open_window_goes_on_after_a_failure_and_only_its_end_moves_the_cursor() {
    let bench = bench(6);
    let file = source_file(CURSOR, true);
    bench.vendor.answer(2);
    bench.vendor.fault(Fault::Status(405, vec![]));
    bench.run(&file).await;
    assert_eq!((bench.delivered().await, bench.done().await), (vec![6, 5, 4, 3], None));
    bench.vendor.requests();
    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert!(bench.vendor.requests()[0].contains("after=4"));
    assert_eq!(bench.delivered().await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(bench.done().await, Some(at(0)));
}

/// Such a vendor takes no bounds: what is too old ends the reading.
#[tokio::test]
async fn without_a_lower_bound_pages_are_followed_until_they_are_older_than_the_window() {
    let bench = bench(6);
    let file = source_file(CURSOR, false).replace("{window.start|rfc3339}", "2020-01-01T00:00:00Z");
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(bench.done().await, Some(at(-60)));
    bench.vendor.requests();
    bench.vendor.add(7, at(-30));
    bench.vendor.add(8, at(50));
    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    assert_eq!(report.summary.held_back, 1);
    assert_eq!(bench.delivered().await, [6, 5, 4, 3, 2, 1, 7]);
    // 8 and 7 on the first page; 6 and 5, which are too old, on the second.
    assert_eq!(bench.vendor.requests().len(), 2);
    bench.clock.set(at(180));
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [6, 5, 4, 3, 2, 1, 7, 8]);
}

/// A page with records of these ids and seconds, which names the next if there is `more`.
fn page(items: &[(u32, i64)], more: bool) -> String {
    let item = |(id, second): &(u32, i64)| json!({ "id": id, "time": at(*second).to_string() });
    let token = more.then(|| items[0].0);
    let items: Vec<_> = items.iter().map(item).collect();
    json!({ "items": items, "token": token }).to_string()
}

/// What `pages` of one run bring, after a first run that read up to second 0, and how many were late.
/// None of them is left, and a run that finds the same brings nothing.
async fn brings((query, cursor): (&str, &str), pages: &[String]) -> (Vec<i64>, u64) {
    let bench = Bench::new(0);
    let file =
        file(query, &format!("{BY_PAGE}  cursor: {{ id: id, order: descending{cursor} }}\n"));
    let vendor = Scripted::bodies(&[&page(&[(1, -100)], false)]);
    run(&bench, &vendor, &file).await;
    bench.clock.set(at(600));
    vendor.more(&pages.iter().map(String::as_str).collect::<Vec<_>>());
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.left().len(), 0);
    vendor.more(&pages.iter().map(String::as_str).collect::<Vec<_>>());
    let again = run(&bench, &vendor, &file).await;
    assert_eq!(again.summary.delivered, 0, "{again:?}");
    let found = records(&bench).await;
    let ids = found.iter().skip(1).map(|record| record["id"].as_i64().unwrap()).collect();
    (ids, report.summary.late)
}

const BY_TIME: (&str, &str) = ("limit: 9", ", time: time, overlap: 1m");
const BY_ID: (&str, &str) = ("limit: 9", "");
const BY_TIME_AND_ID: (&str, &str) =
    ("since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"", ", time: time");

const LONG_AGO: i64 = -700_000_000;

#[tokio::test]
async fn a_record_with_an_old_time_neither_ends_the_walk_nor_is_lost() {
    let known = [(1, -100)];
    let on_the_page = [page(&[(9, 500), (0, LONG_AGO), (7, 480)], true), page(&known, true)];
    let at_its_end = [
        page(&[(9, 500), (0, LONG_AGO)], true),
        page(&[(7, 480), (6, 470)], true),
        page(&known, true),
    ];
    for cursor in [BY_TIME, BY_ID] {
        assert_eq!(brings(cursor, &on_the_page).await, (vec![9, 0, 7], 1), "{cursor:?}");
        assert_eq!(brings(cursor, &at_its_end).await, (vec![9, 0, 7, 6], 1), "{cursor:?}");
    }
}

#[tokio::test]
async fn what_is_listed_after_the_last_new_record_is_not_taken_for_late() {
    let pages = [page(&[(9, 500), (1, -100), (0, -5_000)], true), page(&[(0, -6_000)], true)];
    for cursor in [BY_TIME, BY_ID] {
        assert_eq!(brings(cursor, &pages).await, (vec![9], 0), "{cursor:?}");
    }
}

#[tokio::test]
async fn a_record_from_the_future_is_delivered_and_the_cursor_does_not_follow_it() {
    let pages = [page(&[(9, 500), (8, 90_000_000), (7, 480)], true), page(&[(1, -100)], false)];
    for cursor in [BY_TIME, BY_TIME_AND_ID] {
        assert_eq!(brings(cursor, &pages).await, (vec![9, 8, 7], 0), "{cursor:?}");
    }
}
