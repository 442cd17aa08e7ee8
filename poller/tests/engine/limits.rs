//! Vendors' limits: short ones are waited for, long ones end the run.

use mef_poller::RunEnd;
use mef_ports::Clock as _;

use crate::support::{Bench, Fault, at, source_file};

const CURSOR: &str = "order: ascending, start: 1h, overlap: 60s";

#[tokio::test]
async fn a_short_limit_is_waited_for() {
    let bench = Bench::new(10);
    bench.vendor.add(1, at(-100));
    bench.vendor.fault(Fault::Status(429, vec![("retry-after", "2".to_owned())]));
    let report = bench.run(&source_file(CURSOR, true)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, bench.clock.now()), (vec![1], at(2)));
}

#[tokio::test]
async fn a_long_limit_ends_the_run_holds_the_credential_and_leaves_a_wakeup() {
    let bench = Bench::new(1);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    bench.vendor.answer(1);
    let reset = at(3600).as_second().to_string();
    bench.vendor.fault(Fault::Status(
        403,
        vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset)],
    ));
    let file = source_file(CURSOR, true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(3600)), "{report:?}");
    assert_eq!(bench.wakeups.0.lock().unwrap().as_slice(), [at(3600)]);
    assert_eq!(bench.cursor().await.record.next_run, Some(at(3600)));
    bench.vendor.requests();

    bench.clock.set(at(3590));
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(3600)), "{report:?}");
    assert!(bench.vendor.requests().is_empty(), "a held credential is not used");

    bench.clock.set(at(3600));
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3]);
}

#[tokio::test]
async fn a_403_without_a_limit_is_a_refusal() {
    let bench = Bench::new(1);
    bench.vendor.fault(Fault::Status(403, vec![("x-ratelimit-remaining", "9".to_owned())]));
    let report = bench.run(&source_file(CURSOR, true)).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(report.summary.requests, 1);
}
