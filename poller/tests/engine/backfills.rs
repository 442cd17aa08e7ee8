//! A stretch of the past, read beside the live cursor.

use std::time::Duration;

use mef_poller::{BackfillError, Budget, Poller, RunEnd};
use mef_ports::{Cursors as _, Position};

use crate::support::{Bench, Fault, at, source_file, stream};

const CURSOR: &str = "order: ascending, start: 1h, overlap: 60s, max_window: 20m";

fn backfill(bench: &Bench, file: &str, spacing: u64) -> Poller {
    let poller = bench.poller(file).backfill(at(-7_200), at(-3_600), Duration::from_secs(spacing));
    poller.unwrap()
}

#[tokio::test]
async fn it_brings_what_lies_between_and_goes_on_where_it_failed() {
    let bench = Bench::new(2);
    let file = source_file(CURSOR, true);
    for (id, second) in [(1, -7_201), (2, -7_200), (3, -6_000), (4, -3_601), (5, -3_599)] {
        bench.vendor.add(id, at(second));
    }
    bench.vendor.answer(2);
    bench.vendor.fault(Fault::Status(404, Vec::new()));
    let poller = backfill(&bench, &file, 1);
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    let before = bench.delivered().await;
    assert!(!before.is_empty() && before.len() < 3, "{before:?}");

    let report = backfill(&bench, &file, 1).run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.done, Some(Position::Time(at(-3_600))));
    assert_eq!(bench.delivered().await, [2, 3, 4]);
    let streams = bench.store.list().await;
    assert_eq!(streams.unwrap().len(), 1, "the live stream has no cursor yet, and got none");
}

/// What overlaps comes twice, under one id.
#[tokio::test]
async fn n18_a_backfill_beside_the_live_poll_leaves_its_cursor_alone() {
    let bench = Bench::new(2);
    let file = source_file(CURSOR, true);
    for (id, second) in [(1, -7_100), (2, -5_000), (3, -4_000), (4, -1_000)] {
        bench.vendor.add(id, at(second));
    }
    let live = source_file(&CURSOR.replace("start: 1h", "start: 90m"), true);
    assert_ne!(live, file);
    bench.run(&live).await;
    assert_eq!(bench.delivered().await, [2, 3, 4]);
    let (cursor, seen) = (bench.cursor().await, bench.store.seen(&stream()).await.unwrap());
    let report = backfill(&bench, &file, 1).run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [2, 3, 4, 1, 2, 3]);
    assert_eq!(bench.cursor().await, cursor);
    assert_eq!(bench.store.seen(&stream()).await.unwrap(), seen);
    let events = bench.store.events(None, usize::MAX).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| &event.message.event_id).collect();
    assert_eq!((ids[0], ids[1]), (ids[4], ids[5]), "the same event has the same id");
    assert_ne!(ids[0], ids[3]);
}

#[tokio::test]
async fn its_own_pace_holds_nobody_back_but_the_vendors_limit_does() {
    let bench = Bench::new(1);
    (1..=2).for_each(|n| bench.vendor.add(n, at(-7_000 + i64::from(n))));
    bench.vendor.add(3, at(-100));
    let file = source_file(CURSOR, true);
    let report = backfill(&bench, &file, 60).run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(60)), "{report:?}");
    let live = bench.run(&file).await;
    assert!(matches!(live.end, RunEnd::CaughtUp), "{live:?}");

    bench.clock.set(at(60));
    bench.vendor.fault(Fault::Status(429, vec![("retry-after", "600".to_owned())]));
    backfill(&bench, &file, 60).run(&Budget::default()).await;
    let live = bench.run(&file).await;
    assert!(matches!(live.end, RunEnd::Limited { until } if until == at(660)), "{live:?}");
}

#[tokio::test]
async fn stretches_that_cannot_be_read_are_refused() {
    let bench = Bench::new(1);
    let file = source_file("start: 1h, end_lag: 60s", true);
    let of = |from: i64, to: i64| {
        bench.poller(&file).backfill(at(from), at(to), Duration::from_secs(1)).err()
    };
    assert!(matches!(of(-60, -60), Some(BackfillError::Empty { .. })));
    assert!(matches!(of(-600, -59), Some(BackfillError::TooNew { .. })));
    assert!(of(-600, -60).is_none());
    let file = source_file("start: 1h, end_lag: 60s, retention: 1h", true);
    let of = |from: i64, to: i64| {
        bench.poller(&file).backfill(at(from), at(to), Duration::from_secs(1)).err()
    };
    assert!(matches!(of(-7_200, -3_600), Some(BackfillError::Forgotten { .. })));
    assert!(of(-7_200, -3_599).is_none());
}

#[tokio::test]
async fn without_an_upper_bound_what_lies_past_the_stretch_is_left() {
    let bench = Bench::new(10);
    for (id, second) in [(1, -7_000), (2, -3_601), (3, -3_600), (4, -10)] {
        bench.vendor.add(id, at(second));
    }
    let file = source_file("start: 1h, advance: newest_record", false);
    let report = backfill(&bench, &file, 1).run(&Budget::default()).await;
    assert_eq!((bench.delivered().await, report.summary.requests), (vec![1, 2], 1));
}

/// By arrival, a record may be older than the stretch and lie in it, but none that is newer does.
#[tokio::test]
async fn by_arrival_without_an_upper_bound_what_is_newer_than_the_stretch_is_left() {
    let bench = Bench::new(2);
    for (id, second) in [(1, -7_000), (2, -3_601), (3, -3_500), (4, -10)] {
        bench.vendor.add(id, at(second));
    }
    let file = source_file("start: 1h, overlap: 60s, filters_by: arrival", false);
    let report = backfill(&bench, &file, 1).run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, report.summary.held_back), (vec![1, 2], 2));
    // Live, they are what has arrived.
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn without_an_upper_bound_records_that_have_no_time_cannot_be_read_back() {
    let bench = Bench::new(1);
    let file = source_file("start: 1h", false).replace("time: time, id: id", "windows: true");
    let poller = bench.poller(&file).backfill(at(-7_200), at(-3_600), Duration::from_secs(1));
    let error = poller.err().unwrap();
    assert!(matches!(error, BackfillError::NoTime { .. }), "{error}");
    assert!(error.to_string().contains("`{window.end}`"), "{error}");
}
