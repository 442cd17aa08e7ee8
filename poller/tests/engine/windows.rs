//! Windows, order, overlap and what the cursor says.

use jiff::SignedDuration;
use mef_poller::RunEnd;
use mef_ports::{CursorRecord, Cursors as _, LostSpan, Position};

use crate::scripted::{Scripted, run};
use crate::support::{Bench, Fault, QueueFault, at, source_file, stream};

#[tokio::test]
async fn every_record_arrives_once_and_the_cursor_reaches_the_horizon() {
    let bench = Bench::new(3);
    (1..=10).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    let file = source_file("order: ascending, start: 1h, end_lag: 60s, overlap: 60s", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, (1..=10).collect::<Vec<_>>());
    assert_eq!(bench.done().await, Some(at(-60)));
    assert_eq!((report.summary.pages, report.summary.delivered), (4, 10));
    assert_eq!(report.lag, Some(SignedDuration::from_secs(60)));
    let requests = bench.vendor.requests();
    assert!(requests[0].contains("since=2026-11-24T09%3A00%3A00Z"), "{}", requests[0]);
    assert!(requests[0].contains("until=2026-11-24T09%3A59%3A00Z"), "{}", requests[0]);

    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    assert_eq!((report.summary.delivered, bench.done().await), (0, Some(at(0))));
    assert!(bench.vendor.requests()[0].contains("since=2026-11-24T09%3A58%3A00Z"));
}

#[tokio::test]
async fn n7_records_at_one_moment_over_a_page_edge_arrive_once_each() {
    for page_size in 1..=3 {
        let bench = Bench::new(page_size);
        (1..=7).for_each(|n| bench.vendor.add(n, at(-100)));
        let file = source_file("order: ascending, start: 1h, overlap: 5m", true);
        bench.run(&file).await;
        bench.clock.set(at(60));
        let report = bench.run(&file).await;
        let mut delivered = bench.delivered().await;
        delivered.sort_unstable();
        assert_eq!(delivered, (1..=7).collect::<Vec<_>>(), "page size {page_size}");
        assert_eq!(report.summary.duplicates, 7);
    }
}

#[tokio::test]
async fn a_late_record_within_the_overlap_is_delivered_and_counted() {
    let bench = Bench::new(10);
    bench.vendor.add(1, at(-300));
    bench.vendor.add_late(2, at(-110), at(30));
    bench.vendor.add_late(3, at(-250), at(30));
    let file = source_file("start: 1h, end_lag: 60s, overlap: 60s", true);
    bench.run(&file).await;
    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2]);
    assert_eq!(report.summary.late, 1);
}

#[tokio::test]
async fn without_an_upper_bound_what_lies_past_the_end_is_held_back() {
    let bench = Bench::new(2);
    bench.vendor.add(1, at(-100));
    bench.vendor.add(2, at(-30));
    bench.vendor.add(3, at(-20));
    let file = source_file("order: ascending, start: 1h, end_lag: 60s", false);
    let report = bench.run(&file).await;
    assert_eq!((bench.delivered().await, report.summary.held_back), (vec![1], 2));
    assert_eq!(bench.done().await, Some(at(-60)));
    bench.clock.set(at(60));
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3]);
}

#[tokio::test]
async fn an_unordered_stream_moves_only_at_the_end_of_the_window() {
    let bench = Bench::new(2);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    bench.vendor.answer(1);
    for _ in 0..5 {
        bench.vendor.fault(Fault::Status(500, vec![]));
    }
    let file = source_file("start: 1h, overlap: 60s", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    let cursor = bench.cursor().await.record;
    assert_eq!(cursor.done(), None);
    assert!(cursor.open().unwrap().next.is_some());
    assert!(cursor.last_run.unwrap().error.unwrap().contains("500"));
    bench.clock.set(at(60));
    bench.run(&file).await;
    assert_eq!(bench.done().await, Some(at(60)));
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    assert_eq!(delivered, [1, 2, 3, 4]);
}

/// The vendor counts its pages, so a record that comes in before a page moves
/// the rest by one.
#[tokio::test]
async fn a_late_record_that_shifts_the_pages_between_two_runs_brings_no_repeat() {
    let bench = Bench::new(1);
    bench.vendor.state.lock().unwrap().descending = true;
    (1..=3).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    bench.vendor.add_late(4, at(-50), at(30));
    bench.vendor.answer(2);
    bench.vendor.fault(Fault::Status(429, vec![("retry-after", "20".to_owned())]));
    let file = source_file("start: 1h, end_lag: 10s, overlap: 60s", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Limited { .. }), "{report:?}");
    assert_eq!(bench.delivered().await, [1, 2]);
    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    assert_eq!(report.summary.duplicates, 1);
    assert_eq!(bench.delivered().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_page_that_the_queue_did_not_take_is_no_repeat_in_the_next_run() {
    let bench = Bench::new(2);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    bench.queue.faults.lock().unwrap().extend([None, Some(QueueFault::Away)]);
    let file = source_file("start: 1h, overlap: 60s", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    assert_eq!((delivered, report.summary.duplicates), (vec![1, 2, 3, 4], 0));
}

#[tokio::test]
async fn a_record_that_goes_backwards_turns_page_commits_off() {
    let bench = Bench::new(2);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    bench.vendor.state.lock().unwrap().descending = true;
    bench.vendor.answer(1);
    for _ in 0..5 {
        bench.vendor.fault(Fault::NoAnswer);
    }
    let file = source_file("order: ascending, start: 1h, overlap: 60s", true);
    bench.run(&file).await;
    let cursor = bench.cursor().await.record;
    assert_eq!((cursor.done(), cursor.open().unwrap().ascending), (None, false));
}

#[tokio::test]
async fn a_vendor_whose_clock_is_ahead_never_moves_the_cursor_past_the_horizon() {
    let bench = Bench::new(1);
    bench.vendor.add(1, at(-90));
    bench.vendor.add_late(2, at(300), at(-90));
    let file = source_file("order: ascending, start: 1h, end_lag: 60s, overlap: 60s", false);
    bench.run(&file).await;
    assert_eq!(bench.done().await, Some(at(-60)));
}

#[tokio::test]
async fn thirty_quiet_days_are_walked_in_windows_of_a_day() {
    let bench = Bench::new(10);
    let file = source_file("start: 30d, overlap: 1m, max_window: 1d", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp));
    assert_eq!(bench.done().await, Some(at(0)));
    assert_eq!(report.summary.requests, 31);
}

#[tokio::test]
async fn a_cursor_older_than_the_vendor_keeps_is_moved_up() {
    let bench = Bench::new(10);
    let done = Position::Time(at(-86_400 * 100));
    let old = CursorRecord::at(done);
    bench.store.set(&stream(), &old).await.unwrap();
    let file = source_file("start: 1d, overlap: 1m, max_window: 30d, retention: 7d", true);
    bench.run(&file).await;
    assert!(bench.vendor.requests()[0].contains("since=2026-11-17T10%3A00%3A00Z"));
}

#[tokio::test]
async fn a_next_page_kept_under_another_request_is_not_used() {
    let bench = Bench::new(2);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    bench.vendor.answer(1);
    for _ in 0..5 {
        bench.vendor.fault(Fault::NoAnswer);
    }
    let file = source_file("start: 1h, overlap: 60s", true);
    bench.run(&file).await;
    bench.vendor.requests();
    let changed = file.replace("/logs\"", "/v2/logs\"");
    bench.clock.set(at(60));
    bench.run(&changed).await;
    assert!(!bench.vendor.requests()[0].contains("after="));
    assert_eq!(bench.done().await, Some(at(60)));
}

#[tokio::test]
async fn a_cursor_that_follows_the_records_finds_what_comes_hours_late() {
    let bench = Bench::new(2);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-1000 + i64::from(n))));
    bench.vendor.add_late(4, at(-900), at(7200));
    let file = source_file("start: 1h, advance: newest_record", false);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, bench.done().await), (vec![1, 2, 3], Some(at(-997))));
    for seconds in [60, 3600] {
        bench.clock.set(at(seconds));
        let report = bench.run(&file).await;
        assert_eq!((report.summary.delivered, report.summary.duplicates), (0, 1));
        assert_eq!(bench.done().await, Some(at(-997)));
    }
    bench.clock.set(at(7200));
    bench.run(&file).await;
    assert_eq!((bench.delivered().await, bench.done().await), (vec![1, 2, 3, 4], Some(at(-900))));
}

#[tokio::test]
async fn a_cursor_that_follows_the_records_stays_where_there_are_none() {
    let bench = Bench::new(2);
    let file = source_file("start: 1h, advance: newest_record", false);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.done().await, report.summary.requests), (Some(at(-3600)), 1));
}

#[tokio::test]
async fn the_first_record_is_found_even_if_it_comes_in_an_outage_longer_than_a_first_window() {
    let bench = Bench::new(2);
    let file = source_file("start: 1h, advance: newest_record", false);
    bench.run(&file).await;
    bench.vendor.add(1, at(600));
    bench.clock.set(at(4 * 3600));
    bench.run(&file).await;
    assert_eq!((bench.delivered().await, bench.done().await), (vec![1], Some(at(600))));
}

#[tokio::test]
async fn a_quiet_stream_has_lost_nothing_while_it_was_read_and_tells_an_outage_once() {
    let bench = Bench::new(2);
    bench.vendor.add(1, at(-100));
    let file = source_file("start: 1h, overlap: 60s, advance: newest_record, retention: 2h", false);
    let hour = 3600;
    let lost = LostSpan { from: at(5 * hour), to: at(10 * hour) };
    for (hours, expected) in
        [(0, None), (1, None), (2, None), (3, None), (5, None), (12, Some(lost)), (13, None)]
    {
        bench.clock.set(at(hours * hour));
        let report = bench.run(&file).await;
        // Between 3 and 5 nothing was asked for two hours, which the vendor still keeps.
        assert_eq!(report.summary.lost, expected, "hour {hours}: {report:?}");
    }
    assert_eq!(bench.done().await, Some(at(-100)));
}

#[tokio::test]
async fn a_cursor_that_follows_the_records_goes_on_after_a_run_that_was_cut_short() {
    let bench = Bench::new(1);
    bench.vendor.state.lock().unwrap().descending = true;
    (1..=3).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    bench.vendor.answer(2);
    bench.vendor.fault(Fault::Status(429, vec![("retry-after", "20".to_owned())]));
    let file = source_file("start: 1h, advance: newest_record, overlap: 5m", false);
    bench.run(&file).await;
    bench.vendor.add(4, at(30));
    bench.clock.set(at(60));
    bench.run(&file).await;
    // What came while the listing stood open is in the next one.
    bench.clock.set(at(120));
    bench.run(&file).await;
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    assert_eq!((delivered, bench.done().await), (vec![1, 2, 3, 4], Some(at(30))));
}

#[tokio::test]
async fn a_first_run_that_follows_the_records_stands_at_the_newest_however_old() {
    let bench = Bench::new(2);
    let old =
        r#"[{"id":8,"time":"2020-02-14T22:18:51.843Z"},{"id":9,"time":"2020-02-14T20:18:57Z"}]"#;
    bench.vendor.fault(Fault::Body(old));
    let file = source_file("start: 1h, advance: newest_record", false);
    bench.run(&file).await;
    assert_eq!(bench.done().await, Some("2020-02-14T22:18:51.843Z".parse().unwrap()));
    bench.vendor.requests();
    bench.vendor.fault(Fault::Body(old));
    let report = bench.run(&file).await;
    assert_eq!((report.summary.delivered, report.summary.duplicates), (0, 2));
    // The vendor may leave out what is at that very moment.
    assert!(bench.vendor.requests()[0].contains("since=2020-02-14T22%3A18%3A51.842Z"));
}

#[tokio::test]
async fn a_first_run_between_two_milliseconds_opens_one_window() {
    let bench = Bench::new(2);
    bench.clock.set(at(0) + SignedDuration::from_micros(1_500));
    bench.run(&source_file("order: ascending, start: 1h, max_window: 1h", true)).await;
    assert_eq!(bench.vendor.requests().len(), 1);
}

#[tokio::test]
async fn a_start_in_whole_seconds_brings_no_repeat_of_what_that_second_has() {
    let bench = Bench::new(2);
    bench.vendor.add(1, at(-1) + SignedDuration::from_millis(300));
    bench.clock.set(at(-1) + SignedDuration::from_millis(700));
    let file = source_file("start: 1h", true).replace("start|rfc3339}", "start|rfc3339_s}");
    assert!(file.contains("rfc3339_s"), "{file}");
    bench.run(&file).await;
    bench.clock.set(at(5));
    bench.run(&file).await;
    bench.clock.set(at(9));
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1]);
}

/// As Rapid7 InsightVM has assets: what changed since the last run, and all of it first.
const CHANGED: &str = r#"
source: acme
poll:
  schedule: rate(1 minute)
  request:
    post: https://api.example.com/assets
    json: { asset: "last_scan_end > {window.since|rfc3339}" }
  next: { token: { from: next, query: cursor } }
  records: data
  cursor: { windows: true, start: 1h, overlap: 60s }
"#;

#[tokio::test]
async fn a_first_window_may_be_asked_for_without_a_bound_until_it_is_done() {
    let bench = Bench::new(0);
    let page = r#"{"data": [{"id": 1}], "next": "p2"}"#;
    let last = r#"{"data": [{"id": 2}]}"#;
    let vendor = Scripted::bodies(&[page]);
    let report = run(&bench, &vendor, CHANGED).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    let first = "POST /assets | application/json | {}";
    let second = "POST /assets?cursor=p2 | application/json | {}";
    assert_eq!(vendor.requests()[..2], [first, second]);
    vendor.more(&[last]);
    run(&bench, &vendor, CHANGED).await;
    assert_eq!(vendor.requests(), [second], "though it is another run");
    bench.clock.set(at(120));
    vendor.more(&[last]);
    run(&bench, &vendor, CHANGED).await;
    let since = at(-60);
    assert_eq!(
        vendor.requests(),
        [format!("POST /assets | application/json | {{\"asset\":\"last_scan_end > {since}\"}}")]
    );
    assert_eq!(bench.delivered().await, [1, 2]);
}
