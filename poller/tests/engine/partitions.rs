//! Several streams of one source.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{Clock, Cursors as _, Http, HttpError, HttpRequest, HttpResponse, Position};
use serde_json::{Value, json};

use crate::support::{Bench, TestClock, answer, at, source};

const FILE: &str = "
source: acme
poll:
  schedule: rate(1 minute)
  partitions: { list: [north, south, 'east/west'] }
  request:
    get: https://api.example.com/events
    query: { region: \"{partition}\", since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\" }
  records: items
  cursor: { time: time, id: id, start: 1h, overlap: 60s }
  limits: { at_once: 1 }
";

/// One record for each region; each answer takes 10 s.
struct Regions {
    clock: Arc<TestClock>,
    fails: &'static str,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Http for Regions {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.clock.sleep(Duration::from_secs(10)).await;
        let region = request.url.query_pairs().find(|(name, _)| name == "region").unwrap().1;
        self.asked.lock().unwrap().push(region.to_string());
        if region == self.fails {
            return Ok(answer(404, &[], "{}"));
        }
        let id = u32::try_from(region.len()).unwrap();
        let items = [json!({ "id": id, "time": at(-60).to_string() })];
        Ok(answer(200, &[], &json!({ "items": items }).to_string()))
    }
}

async fn run(bench: &Bench, vendor: &Arc<Regions>, budget: &Budget) -> RunReport {
    let poller = Poller::new(source(FILE), vendor.clone(), bench.ports()).unwrap();
    poller.run(budget).await
}

fn regions(bench: &Bench, fails: &'static str) -> Arc<Regions> {
    Arc::new(Regions { clock: bench.clock.clone(), fails, asked: Mutex::default() })
}

fn asked(vendor: &Regions) -> Vec<String> {
    std::mem::take(&mut vendor.asked.lock().unwrap())
}

#[tokio::test]
async fn each_partition_has_a_cursor_and_one_that_fails_holds_no_other_back() {
    let bench = Bench::new(0);
    let vendor = regions(&bench, "south");
    let report = run(&bench, &vendor, &Budget::default()).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!((report.summary.delivered, report.stream.partition.as_str()), (2, ""));
    assert!(report.summary.error.unwrap().starts_with("acme/south: "));
    assert_eq!(asked(&vendor), ["north", "south", "east/west"]);
    let cursors = bench.store.list().await.unwrap();
    let done: Vec<_> = cursors
        .iter()
        .map(|cursor| (cursor.stream.to_string(), cursor.record.done().cloned()))
        .collect();
    assert_eq!(
        done,
        [
            ("acme/east/west".to_owned(), Some(Position::Time(at(20)))),
            ("acme/north".to_owned(), Some(Position::Time(at(0)))),
            ("acme/south".to_owned(), None),
        ]
    );
}

#[tokio::test]
async fn a_run_that_cannot_serve_all_begins_the_next_with_the_longest_waiting() {
    let bench = Bench::new(0);
    let vendor = regions(&bench, "");
    for (number, served) in
        [["north", "south"], ["east/west", "north"], ["south", "east/west"]].into_iter().enumerate()
    {
        let begin = 60 * i64::try_from(number).unwrap();
        bench.clock.set(at(begin));
        // Two answers and no third: a page takes 10 s.
        let report = run(&bench, &vendor, &Budget::until(at(begin + 25))).await;
        assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
        assert_eq!(asked(&vendor), served);
        assert_eq!(bench.wakeups.0.lock().unwrap().pop(), Some(at(begin + 20)), "one is left");
    }
}

#[tokio::test]
async fn what_is_kept_says_in_each_event_of_which_partition_it_is() {
    let file = FILE.to_owned() + "  keep: { region: \"{partition}\" }\n";
    let bench = Bench::new(0);
    let vendor = regions(&bench, "");
    let run = async || {
        let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
        poller.run(&Budget::default()).await
    };
    run().await;
    let events = bench.store.events(None, usize::MAX).await.unwrap();
    let kept: Vec<_> = events
        .iter()
        .map(|event| {
            let event: Value = serde_json::from_str(&event.message.body).unwrap();
            event["details"]["acme"]["region"].clone()
        })
        .collect();
    assert_eq!(kept, ["north", "south", "east/west"]);
    // What it is known by was taken before.
    bench.clock.set(at(30));
    let report = run().await;
    assert_eq!(report.summary.duplicates, 3, "though two windows do not reach back so far");
}
