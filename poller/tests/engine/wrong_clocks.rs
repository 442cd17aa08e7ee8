//! A clock that is wrong, ours or the vendor's, loses nothing.

use mef_poller::{RunEnd, RunError};
use mef_ports::{CursorRecord, Cursors as _, Position};

use crate::support::{Bench, Fault, at, source_file, stream};

const DAY: i64 = 86_400;

/// Sets our clock ahead of the vendor's, whose time is `seconds` after the beginning.
fn set_ahead(bench: &Bench, seconds: i64, by: i64) {
    bench.clock.set(at(seconds + by));
    let mut vendor = bench.vendor.state.lock().unwrap();
    (vendor.ahead, vendor.dated) = (-by, true);
}

async fn delivered(bench: &Bench) -> Vec<u32> {
    let mut ids = bench.delivered().await;
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn what_comes_after_a_run_whose_clock_was_a_day_ahead_is_read() {
    for cursor in
        ["start: 3d", "start: 3d, order: ascending", "start: 3d, max_window: 2h, overlap: 60s"]
    {
        for upper_bound in [true, false] {
            let bench = Bench::new(3);
            (1..=20).for_each(|n| bench.vendor.add(n, at(i64::from(n) * 600 - 7_000)));
            let file = source_file(cursor, upper_bound);
            for (seconds, ahead) in [(0, DAY), (60, DAY), (3_000, 0), (5_000, 30), (6_000, 0)] {
                set_ahead(&bench, seconds, ahead);
                let report = bench.run(&file).await;
                assert!(matches!(report.end, RunEnd::CaughtUp), "{cursor}: {report:?}");
                assert!(bench.done().await <= Some(at(seconds)), "{cursor}: {report:?}");
            }
            assert_eq!(delivered(&bench).await, (1..=20).collect::<Vec<_>>(), "{cursor}");
        }
    }
}

#[tokio::test]
async fn a_first_window_in_the_vendors_future_is_opened_again_at_the_vendors_time() {
    let bench = Bench::new(3);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    set_ahead(&bench, 0, 10 * DAY);
    let report = bench.run(&source_file("start: 1h", true)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(delivered(&bench).await, [1, 2, 3, 4]);
    assert_eq!(report.summary.lost, None);
}

#[tokio::test]
async fn a_window_that_is_left_open_keeps_where_the_vendors_clock_stood() {
    let bench = Bench::new(1);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    let file = source_file("start: 2d, max_window: 4d", true);
    set_ahead(&bench, 0, DAY);
    bench.vendor.answer(2);
    bench.vendor.fault(Fault::Status(405, vec![]));
    bench.run(&file).await;
    let open = bench.cursor().await.record.open().cloned().unwrap();
    assert!(open.read_to() <= at(0) && open.end > at(0), "{open:?}");
    set_ahead(&bench, 4_000, 0);
    bench.vendor.add(5, at(3_000));
    bench.run(&file).await;
    bench.run(&file).await;
    assert_eq!(delivered(&bench).await, [1, 2, 3, 4, 5]);
}

/// An older program left it.
#[tokio::test]
async fn an_open_window_that_ends_in_the_future_is_read_again_to_the_present() {
    let bench = Bench::new(1);
    bench.vendor.add(1, at(-200));
    bench.vendor.add(2, at(-100));
    let file = source_file("start: 1h", true);
    bench.vendor.answer(1);
    bench.vendor.fault(Fault::Status(405, vec![]));
    bench.clock.set(at(DAY));
    bench.vendor.state.lock().unwrap().ahead = -DAY;
    bench.run(&source_file("start: 2d, max_window: 4d", true)).await;
    assert!(bench.cursor().await.record.open().unwrap().end > at(120));
    bench.clock.set(at(120));
    bench.vendor.state.lock().unwrap().ahead = 0;
    bench.run(&file).await;
    assert_eq!(bench.done().await, Some(at(120)));
    assert_eq!(delivered(&bench).await, [1, 2]);
}

#[tokio::test]
async fn a_cursor_in_the_future_fails_and_says_what_to_do() {
    for position in
        [Position::Time(at(DAY)), Position::TimeId { time: at(DAY), id: "7".to_owned() }]
    {
        let by_id = matches!(position, Position::TimeId { .. });
        let mut file = source_file("start: 1h", true);
        if by_id {
            file = file.replace(
                "{window.start|rfc3339}",
                "{cursor.time|rfc3339}{cursor.id|default(\\\"\\\")}",
            );
            file = file.replace(", until: \"{window.end|rfc3339}\"", "");
        }
        let bench = Bench::new(3);
        bench.store.set(&stream(), &CursorRecord::at(position)).await.unwrap();
        let report = bench.run(&file).await;
        let RunEnd::Failed(RunError::FutureCursor { .. }) = &report.end else {
            panic!("{report:?}");
        };
        let error = report.summary.error.unwrap();
        assert!(error.contains("`mef cursors set acme TIME`"), "{error}");
        assert!(error.contains("the time of this machine"), "{error}");
    }
}

#[tokio::test]
async fn a_cursor_after_the_vendors_own_time_fails_once_that_time_moves_and_names_the_vendor() {
    let bench = Bench::new(3);
    bench.vendor.add(1, at(-10));
    set_ahead(&bench, 0, DAY);
    bench.store.set(&stream(), &CursorRecord::at(Position::Time(at(DAY - 60)))).await.unwrap();
    let file = source_file("start: 1h, overlap: 2d, max_window: 4d", true);
    // One `Date` may be that of a page from a cache.
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    bench.vendor.add(2, at(30));
    set_ahead(&bench, 60, DAY);
    let report = bench.run(&file).await;
    let error = report.summary.error.unwrap();
    assert!(error.contains("the time that the vendor's responses tell"), "{error}");
    assert_eq!(bench.done().await, Some(at(DAY - 60)));
    assert_eq!(delivered(&bench).await, [1, 2], "what came is delivered all the same");
}

/// What the `Date` of each response is from now on, and the time of our clock.
fn tell(bench: &Bench, seconds: i64, date: Option<i64>) {
    bench.clock.set(at(seconds));
    let mut vendor = bench.vendor.state.lock().unwrap();
    (vendor.dated, vendor.date) = (true, date.map(at));
}

#[tokio::test]
async fn a_date_that_stands_still_from_run_to_run_holds_no_window_back() {
    for cursor in ["start: 2h, overlap: 60s", "start: 2h, overlap: 60s, advance: newest_record"] {
        let bench = Bench::new(3);
        let file = source_file(cursor, !cursor.contains("newest"));
        (1..=4).for_each(|n| bench.vendor.add(n, at(i64::from(n) * 600 - 1_500)));
        for seconds in [0, 60, 120, 900, 960] {
            tell(&bench, seconds, Some(-3_600));
            let report = bench.run(&file).await;
            assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        }
        assert_eq!(delivered(&bench).await, [1, 2, 3, 4]);
        let expected = if cursor.contains("newest") { 900 } else { 960 };
        assert_eq!(bench.done().await, Some(at(expected)), "{cursor}");
    }
}

#[tokio::test]
async fn a_date_that_stands_still_from_page_to_page_holds_no_window_back() {
    let bench = Bench::new(1);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-100 * i64::from(n))));
    tell(&bench, 0, Some(-3_600));
    bench.vendor.answer(1);
    bench.vendor.fault(Fault::Timeout);
    let report = bench.run(&source_file("start: 2h", true)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(delivered(&bench).await, [1, 2, 3]);
    assert_eq!(bench.done().await, Some(at(0)));
}

#[tokio::test]
async fn a_date_older_than_that_of_the_last_run_holds_no_window_back() {
    let bench = Bench::new(3);
    let file = source_file("start: 2h", true);
    tell(&bench, 0, Some(-1_800));
    bench.run(&file).await;
    assert_eq!(bench.done().await, Some(at(-1_800)));
    tell(&bench, 60, Some(-3_600));
    bench.run(&file).await;
    assert_eq!(bench.done().await, Some(at(60)));
    // It goes on from there, as a clock that was set back does.
    tell(&bench, 120, Some(-3_540));
    bench.vendor.add(1, at(90));
    let report = bench.run(&file).await;
    assert_eq!((delivered(&bench).await, bench.done().await), (vec![1], Some(at(60))));
    assert!(report.summary.error.unwrap().contains("the time that the vendor's responses tell"));
}

#[tokio::test]
async fn the_page_with_a_stale_date_is_delivered_and_the_cursor_stays() {
    let bench = Bench::new(3);
    let file = source_file("start: 1h", true);
    tell(&bench, 0, None);
    bench.run(&file).await;
    bench.vendor.add(1, at(30));
    tell(&bench, 60, Some(-3_600));
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((delivered(&bench).await, bench.done().await), (vec![1], Some(at(0))));
    tell(&bench, 120, None);
    bench.run(&file).await;
    assert_eq!((delivered(&bench).await, bench.done().await), (vec![1], Some(at(120))));
}

#[tokio::test]
async fn a_limit_from_a_clock_that_was_a_year_ahead_is_none() {
    let bench = Bench::new(2);
    let file = source_file("start: 1h", true);
    let limit = || Fault::Status(429, vec![("retry-after", "600".to_owned())]);
    bench.clock.set(at(365 * DAY));
    bench.vendor.fault(limit());
    bench.run(&file).await;
    bench.clock.set(at(0));
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    // The next one is kept as any.
    bench.clock.set(at(60));
    bench.vendor.fault(limit());
    for _ in 0..2 {
        let report = bench.run(&file).await;
        assert!(matches!(report.end, RunEnd::Limited { until } if until == at(660)), "{report:?}");
    }
}
