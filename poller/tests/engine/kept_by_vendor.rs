//! Vendors that keep the place themselves: the same is asked until nothing is left.

use mef_poller::RunEnd;
use mef_ports::Cursors as _;

use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, QueueFault, answer, at, stream};

/// As Netskope's export is read.
const EXPORT: &str = r#"
source: acme
poll:
  schedule: rate(1 minute)
  request:
    get: https://api.example.com/export
    query: { operation: "{cursor.start|epoch|default(\"\")}{cursor.ask|default(\"\")}" }
  next: { again: true }
  records: result
  cursor: { vendor: true, id: id, start: 1h }
"#;

const PAGE: &str = r#"{"result": [{"id": 1}]}"#;
const SECOND: &str = r#"{"result": [{"id": 2}]}"#;
const THIRD: &str = r#"{"result": [{"id": 3}]}"#;
const EMPTY: &str = r#"{"result": []}"#;
const FIRST: &str = "GET /export?operation=1795510800";
const NEXT: &str = "GET /export?operation=next";
const RESEND: &str = "GET /export?operation=resend";

#[tokio::test]
async fn the_same_is_asked_until_nothing_is_left_and_by_the_next_run_again() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[PAGE, SECOND, EMPTY]);
    let report = run(&bench, &vendor, EXPORT).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), [FIRST, NEXT, NEXT]);
    bench.clock.set(at(60));
    vendor.more(&[THIRD, EMPTY]);
    run(&bench, &vendor, EXPORT).await;
    assert_eq!(vendor.requests(), [NEXT, NEXT]);
    assert_eq!(bench.delivered().await, [1, 2, 3]);
}

#[tokio::test]
async fn what_was_given_and_not_delivered_is_asked_for_again() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[PAGE, SECOND]);
    bench.queue.faults.lock().unwrap().extend([None, Some(QueueFault::Away)]);
    let report = run(&bench, &vendor, EXPORT).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(vendor.requests(), [FIRST, NEXT], "nothing more before it is delivered");
    vendor.more(&[SECOND, EMPTY]);
    run(&bench, &vendor, EXPORT).await;
    assert_eq!(vendor.requests(), [RESEND, NEXT]);
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn a_run_that_dies_after_it_asked_has_stored_that_it_did() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[PAGE, SECOND]);
    bench.queue.faults.lock().unwrap().extend([None, Some(QueueFault::Die)]);
    tokio::select! {
        report = run(&bench, &vendor, EXPORT) => panic!("{report:?}"),
        () = bench.queue.died.notified() => {}
    }
    assert!(bench.store.read(&stream()).await.unwrap().unwrap().record.asked());
    bench.clock.set(at(60));
    vendor.requests();
    vendor.more(&[SECOND, EMPTY]);
    let report = run(&bench, &vendor, EXPORT).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), [RESEND, NEXT]);
    assert!(!bench.cursor().await.record.asked());
}

#[tokio::test]
async fn a_first_run_that_delivered_nothing_begins_from_the_start_again() {
    let bench = Bench::new(0);
    let vendor = Scripted::answers(vec![answer(400, &[], "{}")]);
    run(&bench, &vendor, EXPORT).await;
    vendor.more(&[PAGE, EMPTY]);
    run(&bench, &vendor, EXPORT).await;
    assert_eq!(vendor.requests(), [FIRST, FIRST, NEXT]);
}

#[tokio::test]
async fn an_answer_that_was_lost_may_have_had_a_page() {
    let bench = Bench::new(0);
    let vendor = Scripted::answers(vec![
        answer(503, &[], ""),
        answer(200, &[], PAGE),
        answer(503, &[], ""),
        answer(200, &[], "{\"res"),
        answer(200, &[], SECOND),
        answer(200, &[], EMPTY),
    ]);
    let report = run(&bench, &vendor, EXPORT).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), [FIRST, FIRST, NEXT, RESEND, RESEND, NEXT]);
    assert_eq!(records(&bench).await.len(), 2);
}

#[tokio::test]
async fn the_same_page_comes_twice_and_no_third_time() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[PAGE, PAGE, SECOND, SECOND, SECOND, EMPTY]);
    let report = run(&bench, &vendor, EXPORT).await;
    let error = report.summary.error.unwrap();
    assert!(error.contains("the same page came again"), "{error}");
    assert_eq!(vendor.left().len(), 1);
    assert_eq!(bench.delivered().await, [1, 2], "what comes again is known");
}

#[tokio::test]
async fn windows_can_be_asked_for_until_nothing_is_left() {
    let bench = Bench::new(0);
    let (before, _) = EXPORT.split_once("{cursor.start").unwrap();
    let file = format!(
        "{before}{{window.start|epoch}}\" }}\n  next: {{ again: true }}\n  records: result\n  \
         cursor: {{ windows: true, start: 1h, overlap: 60s }}\n"
    );
    let vendor = Scripted::bodies(&[PAGE, SECOND, EMPTY]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), [FIRST; 3]);
    assert_eq!(bench.done().await, Some(at(0)));
}
