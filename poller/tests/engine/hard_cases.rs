//! The hard cases of pulling that no schedule of faults would state as plainly,
//! each under its number. N10 stands with the kept links, N14 with the origins.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use mef_poller::{Budget, Poller, RunEnd, RunError};
use mef_ports::{
    Clock as _, CursorRecord, Cursors as _, DeadLetters, Http, HttpError, HttpRequest,
    HttpResponse, LeaseError, LostSpan, Message, Position, Queue, RawRecord, Refused, StoreError,
};

use crate::scripted::Scripted;
use crate::support::{Bench, Fault, QueueFault, answer, at, source, source_file, stream};

const ASCENDING: &str = "order: ascending, start: 1h, overlap: 60s";

fn with_records(page_size: usize, count: u32) -> Bench {
    let bench = Bench::new(page_size);
    (1..=count).for_each(|n| bench.vendor.add(n, at(-600 + i64::from(n))));
    bench
}

async fn run_until_it_dies(bench: &Bench, file: &str) {
    let (poller, budget) = (bench.poller(file), Budget::default());
    tokio::select! {
        biased;
        report = poller.run(&budget) => panic!("it did not die: {report:?}"),
        () = bench.queue.died.notified() => {}
    }
}

#[tokio::test]
async fn n1_a_process_that_dies_after_the_send_repeats_that_page_and_loses_none() {
    let bench = with_records(2, 6);
    *bench.queue.faults.lock().unwrap() = [None, Some(QueueFault::Die)].into();
    let file = source_file(ASCENDING, true);
    run_until_it_dies(&bench, &file).await;
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Busy { .. }), "the dead run still has the lease");
    bench.clock.set(at(31));
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 3, 4, 5, 6]);
}

/// Refuses record 3, the first so many times or for good.
struct Picky {
    inner: Arc<dyn Queue>,
    refusals: Mutex<u32>,
    permanent: bool,
    bench_done: Mutex<Vec<Option<Position>>>,
    store: mef_sqlite::Store,
}

#[async_trait]
impl Queue for Picky {
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError> {
        let stored = self.store.read(&stream()).await?;
        self.bench_done
            .lock()
            .unwrap()
            .push(stored.and_then(|stored| stored.record.done().cloned()));
        let mut results = Vec::new();
        for message in batch {
            let is_third = message.body.contains("\"summary\":\"3\"");
            let mut left = self.refusals.lock().unwrap().to_owned();
            if is_third && left > 0 {
                left -= 1;
                *self.refusals.lock().unwrap() = left;
                results.push(Err(Refused { reason: "no".to_owned(), transient: !self.permanent }));
            } else {
                results.extend(self.inner.send(std::slice::from_ref(message)).await?);
            }
        }
        Ok(results)
    }
}

#[tokio::test]
async fn n2_the_cursor_moves_when_every_entry_is_taken_or_in_the_dead_letters() {
    for permanent in [false, true] {
        let bench = with_records(10, 10);
        let queue = Arc::new(Picky {
            inner: bench.queue.clone(),
            refusals: Mutex::new(if permanent { u32::MAX } else { 2 }),
            permanent,
            bench_done: Mutex::default(),
            store: bench.store.clone(),
        });
        let mut ports = bench.ports();
        ports.outputs.queue = queue.clone();
        let file = source(&source_file(ASCENDING, true));
        let poller = Poller::new(file, bench.vendor.clone(), ports).unwrap();
        let report = poller.run(&Budget::default()).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        let sends = queue.bench_done.lock().unwrap().clone();
        assert!(sends.iter().all(Option::is_none), "moved before all was taken: {sends:?}");
        let letters = DeadLetters::list(&bench.store, Some("acme"), usize::MAX).await.unwrap();
        let (taken, refused) = if permanent { (9, 1) } else { (10, 0) };
        assert_eq!((bench.delivered().await.len(), letters.len()), (taken, refused));
        for letter in letters {
            let RawRecord::Record(record) = letter.raw else { panic!("{:?}", letter.raw) };
            assert_eq!(record["id"], 3, "the letter has the record, not the event");
        }
        assert_eq!(bench.done().await, Some(at(0)));
    }
}

#[tokio::test]
async fn n3_a_slow_run_that_another_took_over_from_moves_nothing() {
    let bench = with_records(2, 6);
    let file = source_file(ASCENDING, true);
    *bench.queue.faults.lock().unwrap() = [Some(QueueFault::Stall)].into();
    *bench.queue.rival.lock().unwrap() = Some(Arc::new(bench.poller(&file)));
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Failed(RunError::Commit(_))), "{report:?}");
    assert_eq!(bench.done().await, Some(at(40)), "where the other run left it");
    assert_eq!(bench.delivered().await, [1, 2, 1, 2, 3, 4, 5, 6]);
}

/// Each answer takes 4 s.
struct Slow(Arc<crate::support::Vendor>, Arc<crate::support::TestClock>);

#[async_trait]
impl Http for Slow {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.1.sleep(Duration::from_secs(4)).await;
        self.0.send(request).await
    }
}

#[tokio::test]
async fn n4_a_run_near_its_deadline_stops_and_leaves_a_wakeup() {
    let bench = with_records(2, 6);
    let http = Arc::new(Slow(bench.vendor.clone(), bench.clock.clone()));
    let file = source(&source_file(ASCENDING, true));
    let poller = Poller::new(file, http, bench.ports()).unwrap();
    // Two pages in 8 s; what is left is less than a third one takes.
    let report = poller.run(&Budget::until(at(11))).await;
    assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    assert_eq!((bench.delivered().await, bench.clock.now()), (vec![1, 2, 3, 4], at(8)));
    assert_eq!(bench.wakeups.0.lock().unwrap().as_slice(), [at(8)]);
    poller.run(&Budget::default()).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn n5_an_hour_to_wait_ends_the_run_for_every_stream_of_the_credential_only() {
    let bench = with_records(2, 2);
    let limit = ("retry-after", "3600".to_owned());
    bench.vendor.fault(Fault::Status(429, vec![limit]));
    let file = source_file(ASCENDING, true);
    let partitions = file
        .replace("  records:", "  partitions: { list: [a, b] }\n  records:")
        .replace("query: { ", "query: { part: \"{partition}\", ");
    let report = bench.run(&partitions).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(3600)), "{report:?}");
    assert_eq!((bench.clock.now(), bench.vendor.requests().len()), (at(0), 1));
    let report = bench.run(&partitions).await;
    assert!(matches!(report.end, RunEnd::Limited { .. }), "{report:?}");
    assert!(bench.vendor.requests().is_empty(), "the other stream waits too");
    let other = file.replace("source: acme", "source: other");
    let report = bench.run(&other).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
}

#[tokio::test]
async fn n6_late_by_less_than_end_lag_and_overlap_is_delivered_once_and_counted() {
    for (later, delivered) in [(49, vec![1]), (52, vec![])] {
        let bench = Bench::new(10);
        // The worst moment: `done` comes to stand right behind it.
        bench.vendor.add_late(1, at(29), at(29 + later));
        let file = source_file("start: 1h, end_lag: 30s, overlap: 20s", true);
        let mut late = 0;
        for second in [0, 60, 60 + 19, 60 + 20, 60 + 21, 60 + 60] {
            bench.clock.set(at(second));
            late += bench.run(&file).await.summary.late;
        }
        assert_eq!(bench.delivered().await, delivered, "{later} s late");
        assert_eq!(late, u64::try_from(delivered.len()).unwrap());
    }
}

#[tokio::test]
async fn n8_a_vendor_five_minutes_ahead_moves_no_cursor_past_our_horizon() {
    let bench = Bench::new(2);
    bench.vendor.state.lock().unwrap().ahead = 300;
    (1..=6).for_each(|n| bench.vendor.add(n, at(60 * i64::from(n) - 60)));
    let file = source_file("order: ascending, start: 1h, end_lag: 60s, overlap: 60s", false);
    for second in [0, 60, 120, 480] {
        bench.clock.set(at(second));
        bench.run(&file).await;
        assert_eq!(bench.done().await, Some(at(second - 60)));
    }
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn n9_thirty_empty_days_are_walked_and_what_the_vendor_forgot_is_told_once() {
    let bench = Bench::new(10);
    let done = Position::Time(at(-86_400 * 40));
    let old = CursorRecord::at(done);
    bench.store.set(&stream(), &old).await.unwrap();
    let file = source_file("start: 1d, overlap: 1m, max_window: 1d, retention: 30d", true);
    let report = bench.run(&file).await;
    let lost = LostSpan { from: at(-86_400 * 40), to: at(-86_400 * 30) };
    assert_eq!(report.summary.lost, Some(lost));
    assert_eq!(bench.done().await, Some(at(0)));
    for query in bench.vendor.requests() {
        let bound = |name: &str| {
            let mut pairs = url_pairs(&query).into_iter();
            pairs.find(|(key, _)| key == name).unwrap().1.parse::<jiff::Timestamp>().unwrap()
        };
        assert!(bound("until").duration_since(bound("since")) <= SignedDuration::from_hours(24));
    }
    let report = bench.run(&file).await;
    assert_eq!(report.summary.lost, None, "told once");
}

fn url_pairs(query: &str) -> Vec<(String, String)> {
    let request = format!("https://api.example.com/?{query}");
    let url = request.parse::<http::Uri>().unwrap();
    url.query()
        .unwrap()
        .split('&')
        .filter_map(|piece| piece.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.replace("%3A", ":")))
        .collect()
}

#[tokio::test]
async fn n9_a_window_that_the_vendor_forgot_while_it_was_open_is_passed_over() {
    let bench = with_records(1, 2);
    let file = source_file("start: 1h, overlap: 1m, retention: 7d", true);
    bench.vendor.answer(1);
    bench.vendor.fault(Fault::Status(405, vec![]));
    bench.run(&file).await;
    assert!(bench.cursor().await.record.open().is_some());
    bench.clock.set(at(86_400 * 10));
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let lost = report.summary.lost.unwrap();
    assert_eq!(lost.to, at(86_400 * 3));
}

/// One page of so many records of one moment.
struct Many(u32);

#[async_trait]
impl Http for Many {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        let records: Vec<_> = (0..self.0)
            .map(|id| serde_json::json!({ "id": id, "time": at(-10).to_string() }))
            .collect();
        Ok(answer(200, &[], &serde_json::Value::Array(records).to_string()))
    }
}

#[tokio::test]
async fn n11_a_full_dedupe_set_is_counted_and_stays_within_an_item() {
    let bench = Bench::new(1);
    let file = source(&source_file("start: 1h, overlap: 60s", true));
    let poller = Poller::new(file, Arc::new(Many(20_005)), bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert_eq!((report.summary.delivered, report.summary.dedupe_overflow), (20_005, 5));
    let stored = bench.store.seen(&stream()).await.unwrap();
    assert!(mef_ports::SeenId::pack(&stored).len() < 400_000);
}

#[tokio::test]
async fn n16_a_number_past_2_to_the_53_arrives_digit_by_digit() {
    let bench = Bench::new(1);
    bench.vendor.fault(Fault::Body(
        "[{\"id\":1,\"time\":\"2026-11-24T09:30:00Z\",\"big\":9007199254740993}]",
    ));
    bench.run(&source_file(ASCENDING, true)).await;
    let events = bench.store.events(None, 10).await.unwrap();
    assert!(events[0].message.body.contains("\"big\":9007199254740993"), "{:?}", events[0]);
}

#[tokio::test]
async fn n13_a_secret_is_in_no_cursor_report_or_error() {
    let bench = with_records(1, 2);
    let file =
        source_file(ASCENDING, true).replace("query: { ", "query: { key: \"{secret.key}\", ");
    bench.vendor.answer(1);
    bench.vendor.fault(Fault::Status(405, vec![]));
    let report = bench.run(&file).await;
    let stored = serde_json::to_string(&bench.cursor().await.record).unwrap();
    let line = serde_json::to_string(&report.line()).unwrap();
    assert!(stored.contains("after=1"), "{stored}");
    for text in [stored, line, format!("{report:?}")] {
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

#[tokio::test]
async fn n17_a_page_that_is_cut_every_time_is_not_committed() {
    let bench = with_records(2, 4);
    bench.vendor.answer(1);
    (0..20).for_each(|_| bench.vendor.fault(Fault::Cut));
    let file = source_file(ASCENDING, true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!((bench.delivered().await, bench.done().await), (vec![1, 2], Some(at(-598))));
    bench.vendor.state.lock().unwrap().faults.clear();
    bench.run(&file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3, 4]);
}

/// Answers after eight seconds, while another run tries for the lease.
struct Contested(Arc<Scripted>, Arc<crate::support::TestClock>, mef_sqlite::Store);

#[async_trait]
impl Http for Contested {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.1.sleep(Duration::from_secs(8)).await;
        let rival = self.2.lease(&stream(), self.1.now(), Duration::from_secs(30)).await;
        assert!(matches!(rival, Err(LeaseError::Held { .. })), "another run took over");
        self.0.send(request).await
    }
}

/// It was renewed once for all of them, and another run delivered the same records.
#[tokio::test]
async fn a_lease_outlasts_a_chain_of_redirects() {
    let bench = Bench::new(2);
    let hop = || answer(302, &[("location", "/logs".to_owned())], "");
    let vendor = Scripted::answers(vec![hop(), hop(), hop(), hop(), answer(200, &[], "[]")]);
    let http = Contested(vendor, bench.clock.clone(), bench.store.clone());
    let file = source(&source_file(ASCENDING, true));
    let poller = Poller::new(file, Arc::new(http), bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
}
