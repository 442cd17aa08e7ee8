//! Crashes, refusals and pages that cannot be read.

use std::sync::Arc;

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunError};
use mef_ports::{
    BlobKey, Blobs as _, CursorRecord, Cursors as _, Http, HttpError, HttpRequest, HttpResponse,
    Position,
};
use serde_json::json;
use tokio::sync::Notify;

use crate::scripted::{self, Scripted};
use crate::support::{Bench, Fault, QueueFault, Vendor, answer, at, source, source_file, stream};

const ASCENDING: &str = "order: ascending, start: 1h, overlap: 60s";

#[tokio::test]
async fn a_crash_before_the_send_loses_nothing() {
    let bench = Bench::new(2);
    (1..=6).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    *bench.queue.faults.lock().unwrap() = [None, Some(QueueFault::Away)].into();
    let file = source_file(ASCENDING, true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Failed(RunError::Store(_))), "{report:?}");
    assert_eq!(bench.done().await, Some(at(-598)));
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_secret_that_the_vendor_repeats_in_its_next_link_is_not_in_the_cursor() {
    let bench = Bench::new(2);
    (1..=6).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    *bench.queue.faults.lock().unwrap() = [None, Some(QueueFault::Away)].into();
    let file =
        source_file(ASCENDING, true).replace("query: { ", "query: { key: \"{secret.key}\", ");
    bench.run(&file).await;
    let cursor = serde_json::to_string(&bench.cursor().await.record).unwrap();
    assert!(cursor.contains("after=2") && !cursor.contains("s3cr3t"), "{cursor}");
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 5, 6]);
    let requests = bench.vendor.requests();
    assert!(requests.len() >= 4, "{requests:?}");
    assert!(requests.iter().all(|query| query.contains("key=s3cr3t-token")), "{requests:?}");
}

#[tokio::test]
async fn a_crash_after_the_send_repeats_only_the_page_in_flight() {
    let bench = Bench::new(2);
    (1..=6).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    *bench.queue.faults.lock().unwrap() = [None, Some(QueueFault::CrashAfter)].into();
    let file = source_file(ASCENDING, true);
    bench.run(&file).await;
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 3, 4, 5, 6]);
    let events = bench.store.events(None, 100).await.unwrap();
    assert_eq!(events[2].message.event_id, events[4].message.event_id);
}

#[tokio::test]
async fn a_second_run_is_told_that_the_first_holds_the_lease() {
    let bench = Bench::new(2);
    let lease = bench.store.lease(&stream(), at(0), std::time::Duration::from_secs(30)).await;
    let report = bench.run(&source_file(ASCENDING, true)).await;
    assert!(matches!(report.end, RunEnd::Busy { until } if until == at(30)), "{report:?}");
    assert!(bench.vendor.requests().is_empty());
    drop(lease);
    bench.clock.set(at(30));
    let report = bench.run(&source_file(ASCENDING, true)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
}

#[tokio::test]
async fn a_run_that_lost_its_fence_moves_nothing() {
    let bench = Bench::new(2);
    (1..=6).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    let by_hand = CursorRecord::at(Position::Time(at(-3600)));
    *bench.queue.set_by_hand.lock().unwrap() = Some(by_hand.clone());
    let report = bench.run(&source_file(ASCENDING, true)).await;
    assert!(matches!(report.end, RunEnd::Failed(RunError::Commit(_))), "{report:?}");
    assert_eq!(bench.cursor().await.record, by_hand);
}

#[tokio::test]
async fn a_refused_next_page_reads_the_window_again_and_then_half_of_it() {
    let bench = Bench::new(2);
    (1..=4).for_each(|n| bench.vendor.add(n, at(-3000 + 500 * i64::from(n))));
    bench.vendor.state.lock().unwrap().refuse_next = true;
    let file = source_file("start: 1h, overlap: 60s", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    delivered.dedup();
    assert_eq!(delivered, [1, 2, 3, 4]);
    let requests = bench.vendor.requests();
    assert_eq!(requests[0], requests[2], "first the whole window again");
    assert_ne!(requests[2], requests[4], "then a smaller one");
}

#[tokio::test]
async fn a_page_that_cannot_be_understood_keeps_its_bytes_and_never_commits() {
    let bench = Bench::new(2);
    bench.vendor.add(1, at(-100));
    for _ in 0..5 {
        bench.vendor.fault(Fault::Cut);
    }
    let file = source_file(ASCENDING, true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(report.summary.requests, 5);
    let key = BlobKey("acme/page-not-understood".to_owned());
    assert_eq!(bench.store.get(&key).await.unwrap().unwrap().as_ref(), b"[{\"id\":");
    assert_eq!(bench.done().await, None);
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1]);
}

#[tokio::test]
async fn an_error_that_comes_as_200_does_not_move_the_cursor() {
    let bench = Bench::new(2);
    bench.vendor.fault(Fault::Body(r#"{"errors":["no"]}"#));
    let report = bench.run(&source_file(ASCENDING, true)).await;
    let RunEnd::Failed(error) = &report.end else { panic!("{report:?}") };
    assert!(format!("{error:?}").contains("NoRecords"), "{error:?}");
    assert_eq!(bench.done().await, None);
}

#[tokio::test]
async fn a_cut_answer_and_a_500_are_tried_again() {
    let bench = Bench::new(10);
    bench.vendor.add(1, at(-100));
    bench.vendor.fault(Fault::Cut);
    bench.vendor.fault(Fault::NoAnswer);
    bench.vendor.fault(Fault::Status(503, vec![]));
    let report = bench.run(&source_file(ASCENDING, true)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, report.summary.requests), (vec![1], 4));
}

#[tokio::test]
async fn a_vendor_that_leads_in_a_circle_is_an_error() {
    let bench = Bench::new(1);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    bench.vendor.state.lock().unwrap().always_next =
        Some("https://api.example.com/logs?since=2026-11-24T09:00:00Z&after=1".to_owned());
    let report = bench.run(&source_file(ASCENDING, true)).await;
    assert!(matches!(report.end, RunEnd::Failed(RunError::Loop(_))), "{report:?}");
    assert!(report.summary.requests <= 3);
}

#[tokio::test]
async fn a_stopped_run_commits_the_page_at_hand_and_leaves_a_wakeup() {
    let bench = Bench::new(1);
    (1..=3).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    let budget = Budget::default();
    budget.stop();
    let report = bench.poller(&source_file(ASCENDING, true)).run(&budget).await;
    assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    assert_eq!(bench.wakeups.0.lock().unwrap().as_slice(), [at(0)]);
    bench.run(&source_file(ASCENDING, true)).await;
    assert_eq!(bench.delivered().await, [1, 2, 3]);
}

#[tokio::test]
async fn a_gone_page_of_a_falsely_ascending_stream_loses_nothing() {
    let bench = Bench::new(1);
    bench.vendor.add(1, at(-100));
    bench.vendor.add(2, at(-900));
    bench.vendor.state.lock().unwrap().descending = true;
    bench.vendor.answer(1);
    bench.vendor.fault(Fault::Status(410, vec![]));
    bench.run(&source_file(ASCENDING, true)).await;
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn a_page_that_stays_refused_is_told_in_the_vendors_words_and_asked_for_anew_later() {
    let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start}\" } }\n  \
                next: { token: { from: next, query: page } }\n  records: items\n  cursor: { time: time, id: id, start: 1h }\n";
    let page = |id: u32, next: &str| {
        let time = at(-3_600 + i64::from(id)).to_string();
        answer(200, &[], &json!({"items": [{"id": id, "time": time}], "next": next}).to_string())
    };
    let refused = || answer(400, &[], "{\"error\": \"page dead has\n expired\"}");
    let dead = (0..7).flat_map(|_| [page(1, "dead"), refused()]);
    let vendor = Scripted::answers(dead.chain([page(1, "good"), page(2, "")]).collect());
    // What is left of the hour when its first part is read.
    vendor.more(&[r#"{"items": []}"#; 10]);
    let bench = Bench::new(2);
    let failed = scripted::run(&bench, &vendor, file).await;
    let RunEnd::Failed(error) = failed.end else { panic!("{failed:?}") };
    assert_eq!(
        error.to_string(),
        "the vendor answered 400 Bad Request to GET https://api.example.com/logs \
         ({\"error\": \"page dead has expired\"})"
    );
    let caught_up = scripted::run(&bench, &vendor, file).await;
    assert!(matches!(caught_up.end, RunEnd::CaughtUp), "{caught_up:?}");
    assert_eq!(bench.delivered().await, [1, 2]);
}

/// A vendor whose later pages come when the test says so.
struct Held {
    vendor: Arc<Vendor>,
    released: Notify,
}

#[async_trait]
impl Http for Held {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.url.query().is_some_and(|query| query.contains("after=")) {
            self.released.notified().await;
        }
        self.vendor.send(request).await
    }
}

#[tokio::test]
async fn a_page_is_committed_while_the_next_is_on_its_way() {
    let bench = Bench::new(1);
    bench.vendor.add(1, at(-600));
    bench.vendor.add(2, at(-500));
    let vendor = Arc::new(Held { vendor: bench.vendor.clone(), released: Notify::new() });
    let file = source_file("order: ascending, start: 1h, overlap: 60s", true);
    let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
    let budget = Budget::default();
    let first = Some(Position::Time(at(-600)));
    let when_committed = async {
        // There is no cursor yet when this begins to look.
        while bench
            .store
            .read(&stream())
            .await
            .unwrap()
            .and_then(|cursor| cursor.record.done().cloned())
            != first
        {
            tokio::task::yield_now().await;
        }
        vendor.released.notify_one();
    };
    let (report, ()) = tokio::join!(poller.run(&budget), when_committed);
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1, 2]);
}
