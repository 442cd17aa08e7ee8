//! Windows of vendors that give the newest first.

use mef_poller::RunEnd;

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
