//! Rules of the source file about answers, and the rate it asks at.

use mef_poller::{FetchError, RunEnd, RunError};
use mef_ports::{Clock as _, CursorRecord, Cursors as _, Limits as _, Position};

use crate::support::{Bench, Fault, at, source_file, stream};

const CURSOR: &str = "order: ascending, start: 1h, overlap: 60s";

/// The file with `more` in its `poll`.
fn file(more: &str) -> String {
    source_file(CURSOR, true).replacen("  next:", &format!("  {more}\n  next:"), 1)
}

fn rule(when: &str, action: &str) -> String {
    file(&format!("errors: [{{ when: {when}, do: {action} }}]"))
}

fn bench(fault: Fault) -> Bench {
    let bench = Bench::new(10);
    bench.vendor.add(1, at(-100));
    bench.vendor.fault(fault);
    bench
}

#[tokio::test]
async fn a_good_status_with_errors_in_its_body_is_no_page() {
    let errors = Fault::Body(r#"{"errors":[{"code":7}],"resources":[]}"#);
    let bench = bench(errors);
    let report =
        bench.run(&rule("{ status: 2xx, body: { errors: { not_empty: true } } }", "retry")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, report.summary.requests), (vec![1], 2));
}

#[tokio::test]
async fn what_a_rule_fails_is_not_asked_for_again() {
    let bench = bench(Fault::Status(503, Vec::new()));
    let report = bench.run(&rule("{ status: 5xx }", "fail")).await;
    let RunEnd::Failed(RunError::Fetch(FetchError::Ruled(ruled))) = report.end else {
        panic!("{report:?}")
    };
    assert_eq!((ruled.refusal.status.as_u16(), ruled.rule, report.summary.requests), (503, 1, 1));
    assert_eq!(report.done, None);
}

#[tokio::test]
async fn what_a_rule_ignores_is_a_page_without_records() {
    let bench = bench(Fault::Status(404, vec![("x-why", "no-events".to_owned())]));
    let report =
        bench.run(&rule("{ status: 404, header: { X-Why: [none, no-events] } }", "ignore")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.requests, bench.done().await), (1, Some(at(0))));
}

#[tokio::test]
async fn a_condition_that_does_not_hold_leaves_the_answer_as_it_was() {
    let bench = bench(Fault::Status(404, vec![("x-why", "no-page".to_owned())]));
    let report = bench.run(&rule("{ status: 404, header: { X-Why: no-events } }", "ignore")).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
}

#[tokio::test]
async fn a_limit_by_rule_holds_the_credential() {
    let bench = bench(Fault::Status(400, vec![("retry-after", "600".to_owned())]));
    let report = bench.run(&rule("{ status: 400 }", "limit")).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(600)), "{report:?}");
    assert_eq!(report.summary.limit_wait_ms, 600_000);
}

#[tokio::test]
async fn a_window_too_large_is_read_in_halves() {
    let bench = Bench::new(10);
    bench.vendor.add(1, at(-3_000));
    bench.vendor.add(2, at(-100));
    bench.vendor.fault(Fault::Status(413, Vec::new()));
    let report = bench.run(&rule("{ status: 413 }", "split_window")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let until: Vec<_> = bench
        .vendor
        .requests()
        .iter()
        .map(|query| query.split_once("until=").unwrap().1.replace("%3A", ":"))
        .collect();
    assert_eq!(until, ["2026-11-24T10:00:00Z", "2026-11-24T09:30:00Z", "2026-11-24T10:00:00Z"]);
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn a_window_is_read_again_from_its_start_but_not_for_ever() {
    let bench = Bench::new(1);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    bench.vendor.answer(1);
    bench.vendor.fault(Fault::Status(416, Vec::new()));
    let file = rule("{ status: 416 }", "restart_from_time");
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3]);
    (0..20).for_each(|_| bench.vendor.fault(Fault::Status(416, Vec::new())));
    bench.clock.set(at(600));
    let report = bench.run(&file).await;
    let RunEnd::Failed(RunError::Fetch(FetchError::Reread { half, ruled })) = report.end else {
        panic!("{report:?}")
    };
    assert_eq!((half, ruled.refusal.status.as_u16()), (false, 416));
}

#[tokio::test]
async fn requests_keep_their_distance_within_runs_and_between_them() {
    let bench = Bench::new(1);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    let file = file("limits: { rate: 0.5/s }");
    let report = bench.run(&file).await;
    assert_eq!((report.summary.requests, bench.clock.now()), (3, at(4)));
    assert_eq!(report.summary.limit_wait_ms, 4_000);
    // Another process that uses the credential waits for its turn too.
    bench.run(&file).await;
    assert_eq!(bench.clock.now(), at(6));
}

#[tokio::test]
async fn a_slow_rate_ends_the_run_instead_of_sleeping() {
    let bench = Bench::new(1);
    (1..=2).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    let report = bench.run(&file("limits: { rate: 1/min }")).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(60)), "{report:?}");
    assert_eq!((bench.clock.now(), bench.delivered().await), (at(0), vec![1]));
}

#[tokio::test]
async fn sources_that_share_a_limit_wait_for_each_other() {
    let bench = bench(Fault::Status(429, vec![("retry-after", "600".to_owned())]));
    let shared = file("limits: { shared: our-org }");
    bench.run(&shared).await;
    bench.vendor.requests();
    assert_eq!(bench.store.not_before("shared/our-org", at(0)).await.unwrap(), Some(at(600)));
    let other = shared.replacen("source: acme", "source: other", 1);
    let report = bench.run(&other).await;
    assert!(matches!(report.end, RunEnd::Limited { .. }), "{report:?}");
    assert!(bench.vendor.requests().is_empty());
}

#[tokio::test]
async fn a_late_record_says_how_late_it_came() {
    let bench = Bench::new(10);
    bench.vendor.add(1, at(-100));
    let file = source_file(CURSOR, true);
    bench.run(&file).await;
    bench.vendor.add_late(2, at(-20), at(50));
    bench.clock.set(at(60));
    let report = bench.run(&file).await;
    assert_eq!((report.summary.late, report.summary.late_max_s), (1, 20));
}

#[tokio::test]
async fn a_paused_stream_asks_nothing_and_says_how_far_behind_it_is() {
    let bench = bench(Fault::Status(500, Vec::new()));
    let mut record = CursorRecord::at(Position::Time(at(-500)));
    record.paused = Some(at(-400));
    bench.store.set(&stream(), &record).await.unwrap();
    let report = bench.run(&source_file(CURSOR, true)).await;
    assert!(matches!(report.end, RunEnd::Paused), "{report:?}");
    assert_eq!((report.lag.map(|lag| lag.as_secs()), report.summary.requests), (Some(500), 0));
    assert_eq!(bench.cursor().await.record, record);
}
