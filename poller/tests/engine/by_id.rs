//! Streams that are read by the records' id, or by time and id.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{CursorRecord, Cursors as _, Http, HttpError, HttpRequest, HttpResponse, Position};
use serde_json::{Value, json};

use crate::support::{Bench, answer, at, source, stream};

/// Records after `after`, in pages of `size`; or all of them, newest first.
#[derive(Default)]
struct ListVendor {
    /// Id and time.
    records: Mutex<Vec<(u32, Timestamp)>>,
    size: usize,
    descending: bool,
    /// Compare `since` and `after` as one place.
    pairs: bool,
    requests: Mutex<Vec<String>>,
    /// Refuse the next request that goes on from a page.
    gone: Mutex<bool>,
    /// Fail every request after so many.
    answers: Mutex<Option<usize>>,
}

#[async_trait]
impl Http for ListVendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(request.url.query().unwrap_or("").to_owned());
        if let Some(left) = self.answers.lock().unwrap().as_mut() {
            let Some(less) = left.checked_sub(1) else { return Ok(answer(405, &[], "{}")) };
            *left = less;
        }
        let param = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if param("page").is_some() && std::mem::take(&mut *self.gone.lock().unwrap()) {
            return Ok(answer(410, &[], "{}"));
        }
        let after: u32 = param("after").map_or(0, |after| after.parse().unwrap());
        let since = param("since").map(|since| since.parse::<Timestamp>().unwrap());
        let mut found = self.records.lock().unwrap().clone();
        found.retain(|(id, time)| match since {
            Some(since) if self.pairs => (*time, *id) > (since, after),
            _ => self.descending || *id > after,
        });
        found.sort_by_key(|(id, time)| (self.pairs.then_some(*time), *id));
        if self.descending {
            found.reverse();
        }
        let from: usize = param("page").map_or(0, |page| page.parse().unwrap());
        let to = (from + self.size).min(found.len());
        let items: Vec<_> = found[from.min(to)..to]
            .iter()
            .map(|(id, time)| json!({ "id": id, "time": time.to_string() }))
            .collect();
        let next = if to < found.len() { json!(to.to_string()) } else { Value::Null };
        Ok(answer(200, &[], &json!({ "items": items, "next": next }).to_string()))
    }
}

fn file(query: &str, rest: &str, cursor: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  request: {{ get: \"https://api.example.com/logs\", \
         query: {{ {query} }} }}\n{rest}  records: items\n  cursor: {{ {cursor} }}\n"
    )
}

const PAGES: &str = "  next: { token: { from: next, query: page } }\n";

async fn run(bench: &Bench, vendor: &Arc<ListVendor>, file: &str) -> RunReport {
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    poller.run(&Budget::default()).await
}

fn add(vendor: &ListVendor, ids: std::ops::RangeInclusive<u32>) {
    vendor.records.lock().unwrap().extend(ids.map(|id| (id, at(-1000 + i64::from(id)))));
}

#[tokio::test]
async fn what_comes_after_the_newest_id_is_asked_for_until_there_is_none() {
    let bench = Bench::new(0);
    let vendor = Arc::new(ListVendor { size: 2, ..ListVendor::default() });
    let file = file("after: \"{cursor.id}\"", "", "id: id, order: ascending");
    add(&vendor, 8..=12);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.done, Some(Position::Id("12".to_owned())));
    assert_eq!(*vendor.requests.lock().unwrap(), ["", "after=9", "after=11", "after=12"]);
    add(&vendor, 13..=13);
    run(&bench, &vendor, &file).await;
    assert_eq!(bench.delivered().await, [8, 9, 10, 11, 12, 13]);
    // As text, `9` would come after `13`.
    assert_eq!(bench.cursor().await.record.done(), Some(&Position::Id("13".to_owned())));
}

#[tokio::test]
async fn a_cursor_set_by_hand_is_an_id_or_a_moment() {
    let vendor = Arc::new(ListVendor { size: 9, pairs: true, ..ListVendor::default() });
    add(&vendor, 1..=9);
    for (query, cursor, position) in [
        ("after: \"{cursor.id}\"", "id: id, order: ascending", Position::Token("6".to_owned())),
        (
            "after: \"{cursor.id}\", since: \"{cursor.time|rfc3339}\"",
            "id: id, time: time, order: ascending",
            Position::Time(at(-993)),
        ),
    ] {
        let bench = Bench::new(0);
        let record = CursorRecord::at(position);
        bench.store.set(&stream(), &record).await.unwrap();
        run(&bench, &vendor, &file(query, "", cursor)).await;
        assert_eq!(bench.delivered().await, [7, 8, 9], "{cursor}");
    }
}

#[tokio::test]
async fn newest_first_moves_the_cursor_only_when_the_last_page_is_delivered() {
    let bench = Bench::new(0);
    let vendor = Arc::new(ListVendor { size: 2, descending: true, ..ListVendor::default() });
    let file = file("limit: 2", PAGES, "id: id, order: descending");
    add(&vendor, 1..=3);
    run(&bench, &vendor, &file).await;
    assert_eq!(bench.cursor().await.record.done(), Some(&Position::Id("3".to_owned())));
    add(&vendor, 4..=9);
    *vendor.answers.lock().unwrap() = Some(2);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    let record = bench.cursor().await.record;
    assert_eq!(record.done(), Some(&Position::Id("3".to_owned())), "pages are still missing");
    assert_eq!(record.pass().unwrap().newest, Some(Position::Id("9".to_owned())));
    *vendor.answers.lock().unwrap() = None;
    vendor.requests.lock().unwrap().clear();
    let report = run(&bench, &vendor, &file).await;
    assert_eq!(*vendor.requests.lock().unwrap(), ["limit=2&page=4", "limit=2&page=6"]);
    assert_eq!(report.done, Some(Position::Id("9".to_owned())));
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    assert_eq!(delivered, (1..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_pass_whose_next_page_is_refused_is_read_again_from_its_start() {
    let bench = Bench::new(0);
    let vendor = Arc::new(ListVendor { size: 2, descending: true, ..ListVendor::default() });
    let file = file("limit: 2", PAGES, "id: id, order: descending");
    add(&vendor, 1..=6);
    *vendor.answers.lock().unwrap() = Some(2);
    run(&bench, &vendor, &file).await;
    *vendor.answers.lock().unwrap() = None;
    *vendor.gone.lock().unwrap() = true;
    vendor.requests.lock().unwrap().clear();
    let report = run(&bench, &vendor, &file).await;
    assert_eq!(vendor.requests.lock().unwrap()[..2], ["limit=2&page=4", "limit=2"]);
    assert_eq!(report.done, Some(Position::Id("6".to_owned())));
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    assert_eq!(delivered, (1..=6).collect::<Vec<_>>());
}

/// N7: equal times over page edges.
#[tokio::test]
async fn records_of_one_moment_are_told_apart_by_their_id() {
    for size in 1..=3 {
        let bench = Bench::new(0);
        let vendor = Arc::new(ListVendor { size, pairs: true, ..ListVendor::default() });
        let query = "since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"";
        let file = file(query, "", "time: time, id: id, order: ascending, start: 1h");
        vendor.records.lock().unwrap().extend((1..=5).map(|id| (id, at(-100))));
        run(&bench, &vendor, &file).await;
        assert_eq!(
            bench.cursor().await.record.done().cloned(),
            Some(Position::TimeId { time: at(-100), id: "5".to_owned() })
        );
        vendor.records.lock().unwrap().extend([(6, at(-100)), (2, at(-50))]);
        bench.clock.set(at(60));
        run(&bench, &vendor, &file).await;
        assert_eq!(bench.delivered().await, [1, 2, 3, 4, 5, 6, 2], "page size {size}");
    }
}

/// N8: the vendor's clock is ahead.
#[tokio::test]
async fn records_of_the_future_wait_and_are_not_lost() {
    let bench = Bench::new(0);
    let vendor = Arc::new(ListVendor { size: 9, pairs: true, ..ListVendor::default() });
    let query = "since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"";
    let file = file(query, "", "time: time, id: id, order: ascending, end_lag: 60s");
    vendor.records.lock().unwrap().extend([(1, at(-90)), (2, at(-30)), (3, at(300))]);
    let report = run(&bench, &vendor, &file).await;
    assert_eq!(report.summary.held_back, 2);
    assert_eq!(report.done, Some(Position::TimeId { time: at(-90), id: "1".to_owned() }));
    bench.clock.set(at(60) + SignedDuration::from_secs(300));
    run(&bench, &vendor, &file).await;
    assert_eq!(bench.delivered().await, [1, 2, 3]);
}
