//! Streams that are read by the vendor's token.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{CursorRecord, Cursors as _, Http, HttpError, HttpRequest, HttpResponse, Position};
use serde_json::json;

use crate::every_stream;
use crate::pages::{page, requests};
use crate::scripted::{self, Scripted};
use crate::support::{Bench, answer, at, source, stream};

const FILE: &str = "
source: acme
poll:
  schedule: rate(1 minute)
  request:
    get: https://api.example.com/events
    query: { cursor: \"{cursor.token}\", start: \"{cursor.start|rfc3339}\" }
  next: { token: { from: cursor, query: cursor } }
  records: items
  cursor: { token: cursor, id: id, start: 2h }
";

/// Pages of two, by number; the last says `null` or goes on saying its token.
struct TokenVendor {
    records: Mutex<u32>,
    null_at_end: bool,
    requests: Mutex<Vec<String>>,
}

#[async_trait]
impl Http for TokenVendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(request.url.query().unwrap_or("").to_owned());
        let cursor = request.url.query_pairs().find(|(name, _)| name == "cursor");
        let from: u32 = cursor.map_or(0, |(_, cursor)| cursor.parse().unwrap());
        let to = (from + 2).min(*self.records.lock().unwrap());
        let items: Vec<_> = (from..to).map(|id| json!({ "id": id })).collect();
        let full = items.len() == 2;
        let next = if full || !self.null_at_end { json!(to.to_string()) } else { json!(null) };
        Ok(answer(200, &[], &json!({ "items": items, "cursor": next }).to_string()))
    }
}

async fn run(bench: &Bench, vendor: &Arc<TokenVendor>) -> RunReport {
    let poller = Poller::new(source(FILE), vendor.clone(), bench.ports()).unwrap();
    poller.run(&Budget::default()).await
}

fn vendor(null_at_end: bool) -> Arc<TokenVendor> {
    Arc::new(TokenVendor { records: Mutex::new(5), null_at_end, requests: Mutex::default() })
}

#[tokio::test]
async fn each_page_moves_the_token_and_the_first_run_begins_at_start() {
    let (bench, vendor) = (Bench::new(0), vendor(false));
    let report = run(&bench, &vendor).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [0, 1, 2, 3, 4]);
    assert_eq!(report.done, Some(Position::Token("5".to_owned())));
    assert_eq!(
        *vendor.requests.lock().unwrap(),
        ["start=2026-11-24T08%3A00%3A00Z", "cursor=2", "cursor=4", "cursor=5"]
    );
    *vendor.records.lock().unwrap() = 6;
    run(&bench, &vendor).await;
    assert_eq!(bench.delivered().await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_last_page_without_a_token_is_read_again_without_repeats() {
    let (bench, vendor) = (Bench::new(0), vendor(true));
    run(&bench, &vendor).await;
    let report = run(&bench, &vendor).await;
    assert_eq!(report.summary.duplicates, 1);
    *vendor.records.lock().unwrap() = 6;
    run(&bench, &vendor).await;
    assert_eq!(bench.delivered().await, [0, 1, 2, 3, 4, 5]);
}

/// A vendor that has forgotten a token, or all of them.
struct Forgetful {
    inner: TokenVendor,
    forgets: &'static str,
}

#[async_trait]
impl Http for Forgetful {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let known = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            name == "cursor" && self.forgets.contains(&*value)
        };
        if request.url.query_pairs().any(known) {
            return Ok(answer(416, &[], "{}"));
        }
        self.inner.send(request).await
    }
}

#[tokio::test]
async fn a_forgotten_token_is_left_for_the_start_but_only_once() {
    let file = FILE.replacen(
        "  records:",
        "  errors: [ { when: { status: 416 }, do: restart_from_time } ]\n  records:",
        1,
    );
    for (forgets, ends_well) in [("9", true), ("9, 2, 4", false)] {
        let bench = Bench::new(0);
        let position = Position::Token("9".to_owned());
        let record = CursorRecord::at(position);
        bench.store.set(&stream(), &record).await.unwrap();
        let inner =
            TokenVendor { records: Mutex::new(5), null_at_end: false, requests: Mutex::default() };
        let vendor = Arc::new(Forgetful { inner, forgets });
        let poller = Poller::new(source(&file), vendor, bench.ports()).unwrap();
        let report = poller.run(&Budget::default()).await;
        assert_eq!(matches!(report.end, RunEnd::CaughtUp), ends_well, "{report:?}");
        let delivered = bench.delivered().await;
        assert_eq!(delivered.first(), Some(&0), "from the start");
        assert_eq!(delivered.len(), if ends_well { 5 } else { 2 });
    }
}

#[tokio::test]
async fn a_page_without_records_is_no_end_where_the_vendor_says_that_there_is_more() {
    let file = |stop: &str| {
        FILE.replace("  records: items\n", &format!("  stop: [ {stop} ]\n  records: items\n"))
    };
    let page = |ids: &[u32], cursor: &str, more: bool| {
        let items: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        json!({ "items": items, "cursor": cursor, "more": more }).to_string()
    };
    let pages = [page(&[1], "a", true), page(&[], "b", true), page(&[2], "c", false)];
    for (stop, delivered) in [("unless: more", vec![1, 2]), ("no_next", vec![1])] {
        let vendor = Scripted::bodies(&pages.each_ref().map(String::as_str));
        let bench = Bench::new(0);
        let report = scripted::run(&bench, &vendor, &file(stop)).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!(bench.delivered().await, delivered, "{stop}");
    }
}

#[tokio::test]
async fn a_token_in_a_header_leads_on_from_page_to_page_and_from_run_to_run() {
    let file = FILE
        .replace("from: cursor,", "from: header.X-Next,")
        .replace("token: cursor,", "token: header.X-Next,");
    let answers = (1..=3).map(|n: u32| {
        let next = [("x-next", format!("t{n}"))];
        let items = if n == 3 { json!([]) } else { json!([{ "id": n }]) };
        answer(200, &next, &json!({ "items": items }).to_string())
    });
    let (bench, vendor) = (Bench::new(0), Scripted::answers(answers.collect()));
    let report = scripted::run(&bench, &vendor, &file).await;
    assert_eq!(report.done, Some(Position::Token("t3".to_owned())));
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn a_record_with_an_id_that_comes_on_two_pages_or_in_two_runs_is_delivered_once() {
    let bench = Bench::new(0);
    let page = |items: &[u32], cursor: &str| {
        let items: Vec<_> = items.iter().map(|id| json!({ "id": id })).collect();
        json!({ "items": items, "cursor": cursor }).to_string()
    };
    let vendor = Scripted::bodies(&[&page(&[1, 2], "a"), &page(&[2, 3], "b"), &page(&[], "b")]);
    scripted::run(&bench, &vendor, FILE).await;
    vendor.more(&[&page(&[1, 3, 4], "c"), &page(&[], "c")]);
    let report = scripted::run(&bench, &vendor, FILE).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, report.summary.duplicates), (vec![1, 2, 3, 4], 2));
}

/// Pages of two; the last, which has no record, names what is no place.
struct Resetting {
    records: u32,
    says: &'static str,
    /// Whether that leads to the first page again.
    resets: bool,
}

#[async_trait]
impl Http for Resetting {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let cursor = request.url.query_pairs().find(|(name, _)| name == "cursor");
        let from: u32 = cursor.map_or(0, |(_, cursor)| {
            let place = cursor.strip_prefix('p').and_then(|place| place.parse().ok());
            place.unwrap_or(if self.resets { 0 } else { self.records })
        });
        let to = (from + 2).min(self.records);
        let items: Vec<_> = (from..to).map(|id| json!({ "id": id })).collect();
        let next = if items.is_empty() { self.says.to_owned() } else { format!("\"p{to}\"") };
        let body = format!("{{\"items\":{},\"cursor\":{next}}}", json!(items));
        Ok(answer(200, &[], &body))
    }
}

/// Without ids, nothing but the place keeps the records from coming again.
#[tokio::test]
async fn a_page_without_records_that_says_there_is_no_token_does_not_bring_all_records_again() {
    let file = FILE.replace(", id: id, start", ", start");
    for says in ["0", "-1", "\"0\"", "\"null\"", "\"\"", "null", "\"None\"", "\"END\""] {
        let (says, file) = match says {
            "\"END\"" => (says, file.replace("from: cursor,", "from: cursor, none: [END],")),
            _ => (says, file.clone()),
        };
        let bench = Bench::new(0);
        let vendor = Arc::new(Resetting { records: 4, says, resets: true });
        for _ in 0..3 {
            let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
            let report = poller.run(&Budget::default()).await;
            assert!(matches!(report.end, RunEnd::CaughtUp), "{says}: {report:?}");
            assert_eq!(report.done, Some(Position::Token("p4".to_owned())), "{says}");
        }
        assert_eq!(bench.delivered().await, [0, 1, 2, 3], "{says}");
    }
}

#[tokio::test]
async fn a_token_that_led_back_to_the_beginning_is_followed_once_and_never_again() {
    let file = FILE.replace(", id: id, start", ", start");
    let bench = Bench::new(0);
    let vendor = Arc::new(Resetting { records: 4, says: "\"MA==\"", resets: true });
    for _ in 0..5 {
        let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
        let report = poller.run(&Budget::default()).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    }
    assert_eq!(bench.delivered().await, [0, 1, 2, 3, 0, 1, 2, 3]);
    assert_eq!(bench.cursor().await.record.leads_back(), Some("MA=="));
}

/// It may lead over a stretch without records.
#[tokio::test]
async fn a_new_token_of_a_page_without_records_is_where_the_next_run_begins() {
    let bench = Bench::new(0);
    let vendor = Arc::new(Resetting { records: 4, says: "\"t4\"", resets: false });
    let poller = Poller::new(source(FILE), vendor, bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert_eq!(report.done, Some(Position::Token("t4".to_owned())));
}

#[tokio::test]
async fn a_value_that_means_no_token_ends_the_pages_of_a_window() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }
  next: { token: { from: next, query: at, none: [-1, \"null\"] } }";
    for none in ["-1", "\"-1\"", "\"null\""] {
        let pages = [page(&[1], ",\"next\":\"b\""), page(&[2], &format!(",\"next\":{none}"))];
        requests(paging, &pages).await;
    }
}

/// The newest record says nothing of the older ones, which come on later pages.
#[tokio::test]
async fn a_first_sweep_from_the_newest_that_is_refused_begins_at_its_start_again() {
    let page = |seconds: [i64; 2], next: &str| {
        let items = seconds.map(|second| json!({ "id": second, "time": at(second) }));
        answer(200, &[], &json!({ "items": items, "token": next }).to_string())
    };
    let file = every_stream::file(
        "since: \"{cursor.start|epoch}\"",
        "  next: { token: { from: token, query: page } }\n  cursor: { token: token, id: id, time: time, start: 1h, restart: { from: time, overlap: 60s } }\n",
    );
    let bench = Bench::new(0);
    let newest = || page([-10, -20], "p2");
    let vendor = Scripted::answers(vec![
        newest(),
        answer(410, &[], "{}"),
        newest(),
        page([-1_000, -1_010], ""),
    ]);
    let report = scripted::run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let start = format!("GET /logs?since={}", at(-3_600).as_second());
    let requests = vendor.requests();
    assert_eq!((&requests[0], &requests[2]), (&start, &start));
    assert_eq!(report.summary.delivered, 4);
}
