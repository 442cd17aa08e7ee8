//! Partitions that are read at the same time.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Bench, answer, at, source};

const FILE: &str = "
source: acme
poll:
  schedule: rate(1 minute)
  partitions: { list: [a, b, c, d, e, f, g] }
  request:
    get: https://api.example.com/events
    query: { part: \"{partition}\", since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\" }
  next: { token: { from: next, query: page } }
  records: items
  cursor: { time: time, id: id, start: 1h, overlap: 60s }
";

/// Gives each partition two pages, and lets whoever else is there ask meanwhile.
#[derive(Default)]
struct Pages {
    asked: Mutex<Vec<String>>,
    /// So many requests come before the first one is answered.
    together: usize,
    has_come: Notify,
    now: Mutex<usize>,
    most: Mutex<usize>,
    /// The partition that meets a limit.
    limits: &'static str,
}

#[async_trait]
impl Http for Pages {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let of = |wanted: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let (part, page) = (of("part").unwrap(), of("page"));
        self.asked.lock().unwrap().push(format!("{part}{}", page.as_deref().unwrap_or("1")));
        if part == self.limits {
            return Ok(answer(429, &[("retry-after", "90".to_owned())], "{}"));
        }
        let now = {
            let mut now = self.now.lock().unwrap();
            *now += 1;
            *now
        };
        let most = *self.most.lock().unwrap();
        *self.most.lock().unwrap() = most.max(now);
        while self.asked.lock().unwrap().len() < self.together {
            self.has_come.notified().await;
        }
        self.has_come.notify_waiters();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        *self.now.lock().unwrap() -= 1;
        let items = [json!({ "id": format!("{part}{page:?}"), "time": at(-60).to_string() })];
        let next = page.is_none().then_some("2");
        Ok(answer(200, &[], &json!({ "items": items, "next": next }).to_string()))
    }
}

async fn run(file: &str, vendor: Pages) -> (mef_poller::RunReport, Arc<Pages>) {
    let (bench, vendor) = (Bench::new(0), Arc::new(vendor));
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    (poller.run(&Budget::default()).await, vendor)
}

#[tokio::test]
async fn as_many_are_read_at_once_as_the_file_says_and_none_is_left_out() {
    for (limits, most) in
        [("", 2), ("max_page: 1MiB", 4), ("max_page: 1MiB, limits: { at_once: 1 }", 1)]
    {
        let more: String = limits.split(", ").map(|key| format!("  {key}\n")).collect();
        let vendor = Pages { together: most, ..Pages::default() };
        let (report, vendor) = run(&format!("{FILE}{more}"), vendor).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!((report.summary.delivered, report.summary.pages), (14, 14));
        assert_eq!(*vendor.most.lock().unwrap(), most, "{limits}");
    }
}

#[tokio::test]
async fn a_rate_of_the_file_holds_for_all_of_them() {
    let rated = format!("{FILE}  max_page: 1MiB\n  limits: {{ rate: 30/min }}\n");
    let (report, _) = run(&rated, Pages::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let took = report.summary.ended.unwrap().duration_since(report.summary.started.unwrap());
    assert_eq!(
        (report.summary.requests, took.as_secs()),
        (14, 26),
        "two seconds between two requests"
    );
}

#[tokio::test]
async fn a_limit_that_one_meets_holds_the_others_back() {
    let vendor = Pages { limits: "b", ..Pages::default() };
    let (report, vendor) =
        run(&format!("{FILE}  max_page: 1MiB\n  limits: {{ at_once: 3 }}\n"), vendor).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(90)), "{report:?}");
    let asked = vendor.asked.lock().unwrap();
    assert_eq!(asked.last().map(String::as_str), Some("b1"), "nobody asks after that: {asked:?}");
}
