//! What the vendor counts, where reading takes more than one run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde_json::json;

use crate::every_stream::file;
use crate::support::{Bench, answer, at, source};

/// A listing by twos, of so many records, whose total shrinks by so many with each request. It stops
/// the run at one of its requests.
struct Shrinking {
    records: u64,
    shrinks_by: u64,
    asked: AtomicU64,
    /// The budget of the run at hand, and how many requests are left of it.
    run: Mutex<(Budget, u64)>,
    offsets: Mutex<Vec<u64>>,
}

#[async_trait]
impl Http for Shrinking {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let skip = request.url.query_pairs().find(|(name, _)| name == "skip");
        let skip: u64 = skip.map_or(0, |(_, skip)| skip.parse().unwrap());
        self.offsets.lock().unwrap().push(skip);
        let total = self.records - self.shrinks_by * self.asked.fetch_add(1, Ordering::Relaxed);
        let (budget, left) = &mut *self.run.lock().unwrap();
        *left -= 1;
        if *left == 0 {
            budget.stop();
        }
        let items: Vec<_> =
            (skip..total.min(skip + 2)).map(|id| json!({ "id": id, "time": at(-60) })).collect();
        Ok(answer(200, &[], &json!({ "items": items, "total": total }).to_string()))
    }
}

impl Shrinking {
    fn new(records: u64, shrinks_by: u64) -> Arc<Shrinking> {
        Arc::new(Shrinking {
            records,
            shrinks_by,
            asked: AtomicU64::default(),
            run: Mutex::default(),
            offsets: Mutex::default(),
        })
    }

    /// Runs for so many requests.
    async fn run(self: &Arc<Shrinking>, bench: &Bench, file: &str, requests: u64) -> RunReport {
        let budget = Budget::default();
        *self.run.lock().unwrap() = (budget.clone(), requests);
        let poller = Poller::new(source(file), self.clone(), bench.ports()).unwrap();
        poller.run(&budget).await
    }
}

fn by_window() -> String {
    file(
        "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"",
        "  next: { offset: { query: skip } }\n  stop: [{ total: total }]\n  cursor: { time: time, id: id, start: 1h, overlap: 60s }\n",
    )
}

#[tokio::test]
async fn a_total_that_shrinks_with_each_request_does_not_keep_a_window_of_three_runs_open_for_ever()
{
    let bench = Bench::new(0);
    let vendor = Shrinking::new(24, 1);
    for requests in [4, 4] {
        let report = vendor.run(&bench, &by_window(), requests).await;
        assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    }
    let report = vendor.run(&bench, &by_window(), 100).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.cursor().await.record.open(), None);
    // Only the run that began the window has begun it anew.
    let offsets = vendor.offsets.lock().unwrap().clone();
    assert_eq!(offsets.iter().filter(|skip| **skip == 0).count(), 2, "{offsets:?}");
    // Each request after that passed over one record.
    assert_eq!(report.summary.missing, offsets.len() as u64 - 3, "{offsets:?}");
}

#[tokio::test]
async fn what_shrinks_between_two_runs_of_a_window_is_told() {
    let bench = Bench::new(0);
    let vendor = Shrinking::new(8, 0);
    vendor.run(&bench, &by_window(), 2).await;
    // One of the records that were read is gone, and the fifth takes the place of the fourth.
    let shrunk = Shrinking::new(7, 0);
    let report = shrunk.run(&bench, &by_window(), 100).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.missing, 1);
}

#[tokio::test]
async fn a_total_that_is_not_reached_in_two_runs_is_told() {
    let file = by_window().replace("{ total: total }", "{ total: total }, empty_page");
    let bench = Bench::new(0);
    Shrinking::new(8, 0).run(&bench, &file, 2).await;
    let short = Arc::new(Short);
    let poller = Poller::new(source(&file), short, bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.missing, 4);
}

/// A vendor that counts eight records and has no more to give.
struct Short;

#[async_trait]
impl Http for Short {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        Ok(answer(200, &[], "{\"items\":[],\"total\":8}"))
    }
}
