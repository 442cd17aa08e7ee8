//! Vendors that keep the place while pages are read, and have to be told when it is over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::pages::caught_up;
use crate::scripted::{self, Scripted};
use crate::support::{Bench, QueueFault, answer, at, source};

/// As a scroll of Elasticsearch is read: its id stays the same, and each request brings what comes
/// next.
const SCROLL: &str = r#"
source: acme
poll:
  schedule: rate(1 minute)
  request: { post: "https://api.example.com/_search", query: { scroll: 1m }, json: { from: "{window.start|epoch}" } }
  then: { post: "https://api.example.com/_search/scroll", repeat: none, json: { scroll: 1m } }
  next: { token: { from: _scroll_id, json: scroll_id, again: true } }
  records: hits
  cursor: { time: t, id: id, start: 1h, overlap: 60s }
  finish: { delete: "https://api.example.com/_search/scroll", json: { scroll_id: "{page.token}" } }
event: { map: { summary: "{id}" } }
"#;

/// As a reader that a first request opens: the same is asked until nothing is left.
const READER: &str = r#"
source: acme
poll:
  schedule: rate(1 minute)
  setup:
    - request: { post: "https://api.example.com/open" }
      values: { reader: _scroll_id }
  request: { post: "https://api.example.com/next/{setup.reader}", query: { from: "{window.start|epoch}" } }
  next: { again: true }
  records: hits
  cursor: { time: t, id: id, start: 1h, overlap: 60s }
  finish: { delete: "https://api.example.com/open/{setup.reader}" }
event: { map: { summary: "{id}" } }
"#;

/// What happens to a request, by its number from 1.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The page is given, and its response is cut off.
    Cut,
    /// The page is given, and no response comes.
    Lost,
    /// Nothing is given.
    Busy,
}

/// A vendor with 50 records, 10 on a page.
#[derive(Default)]
struct Vendor {
    /// Where each scroll stands.
    scrolls: Mutex<Vec<usize>>,
    faults: Mutex<VecDeque<Option<Fault>>>,
    requests: Mutex<Vec<String>>,
}

impl Vendor {
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    fn page(&self, scroll: usize) -> String {
        let place = &mut self.scrolls.lock().unwrap()[scroll];
        let from = *place;
        *place = (from + 10).min(50);
        let time = |id: usize| at(-1000 + i64::try_from(id).unwrap()).to_string();
        let hits: Vec<_> = (from..*place).map(|id| json!({ "id": id, "t": time(id) })).collect();
        json!({ "_scroll_id": format!("s{scroll}"), "hits": hits }).to_string()
    }
}

#[async_trait]
impl Http for Vendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let path = request.url.path().to_owned();
        let body =
            request.body.as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let told = body.and_then(|body| body["scroll_id"].as_str().map(str::to_owned));
        self.requests.lock().unwrap().push(format!(
            "{} {path} {}",
            request.method,
            told.as_deref().unwrap_or_default()
        ));
        if request.method == http::Method::DELETE {
            return Ok(answer(500, &[], "{}"));
        }
        if path == "/_search" || path == "/open" {
            self.scrolls.lock().unwrap().push(0);
        }
        let newest = self.scrolls.lock().unwrap().len() - 1;
        if path == "/open" {
            return Ok(answer(200, &[], &format!("{{\"_scroll_id\":\"s{newest}\"}}")));
        }
        let named = told.or(path.strip_prefix("/next/").map(str::to_owned));
        let scroll = named.map_or(newest, |id| id[1..].parse().unwrap());
        let fault = self.faults.lock().unwrap().pop_front().flatten();
        if matches!(fault, Some(Fault::Busy)) {
            return Ok(answer(503, &[], ""));
        }
        let page = self.page(scroll);
        match fault {
            Some(Fault::Cut) => Ok(answer(200, &[], &page[..page.len() / 2])),
            Some(_) => Err(HttpError::Transport("cut off".into())),
            None => Ok(answer(200, &[], &page)),
        }
    }
}

async fn run(bench: &Bench, vendor: &Arc<Vendor>, file: &str) -> RunReport {
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    poller.run(&Budget::default()).await
}

fn all() -> Vec<u32> {
    (0..50).collect()
}

#[tokio::test]
async fn a_token_that_stays_the_same_is_no_loop_where_the_vendor_keeps_the_place() {
    let (bench, vendor) = (Bench::new(0), Arc::<Vendor>::default());
    let report = run(&bench, &vendor, SCROLL).await;
    caught_up(&report);
    assert_eq!(bench.delivered().await, all());
    let mut expected = vec!["POST /_search ".to_owned()];
    expected.extend(vec!["POST /_search/scroll s0".to_owned(); 5]);
    // The vendor failed at it, and the run is as good as before.
    expected.push("DELETE /_search/scroll s0".to_owned());
    assert_eq!(vendor.requests(), expected);
    assert!(bench.done().await.is_some());
}

/// Asking again brought the page after the one that did not arrive.
#[tokio::test]
async fn a_page_that_did_not_arrive_from_a_vendor_that_keeps_the_place_is_not_passed_over() {
    for file in [SCROLL, READER] {
        for fault in [Fault::Cut, Fault::Lost, Fault::Busy] {
            for number in 0..6 {
                let (bench, vendor) = (Bench::new(0), Arc::<Vendor>::default());
                vendor.faults.lock().unwrap().extend(vec![None; number]);
                vendor.faults.lock().unwrap().push_back(Some(fault));
                let mut report = run(&bench, &vendor, file).await;
                if matches!(report.end, RunEnd::Failed(_)) {
                    // Only the first page, which the next run asks for anew.
                    assert_eq!(number, 0, "{fault:?} {report:?}");
                    report = run(&bench, &vendor, file).await;
                }
                caught_up(&report);
                assert_eq!(bench.delivered().await, all(), "{fault:?} at {number} of {file}");
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_dies_with_a_page_of_a_vendor_that_keeps_the_place_leaves_it_to_the_next() {
    for file in [SCROLL, READER] {
        for number in 0..5 {
            let (bench, vendor) = (Bench::new(0), Arc::<Vendor>::default());
            bench.queue.faults.lock().unwrap().extend(vec![None; number]);
            bench.queue.faults.lock().unwrap().push_back(Some(QueueFault::Die));
            tokio::select! {
                report = run(&bench, &vendor, file) => panic!("{report:?}"),
                () = bench.queue.died.notified() => {}
            }
            bench.clock.set(at(60));
            let before = vendor.scrolls.lock().unwrap().len();
            caught_up(&run(&bench, &vendor, file).await);
            assert!(vendor.scrolls.lock().unwrap().len() > before, "a new one is opened");
            let mut delivered = bench.delivered().await;
            delivered.sort_unstable();
            delivered.dedup();
            assert_eq!(delivered, all(), "{number} of {file}");
        }
    }
}

#[tokio::test]
async fn a_reader_is_closed_when_its_window_is_delivered() {
    let (bench, vendor) = (Bench::new(0), Arc::<Vendor>::default());
    caught_up(&run(&bench, &vendor, READER).await);
    let requests = vendor.requests();
    assert_eq!(requests.first().unwrap(), "POST /open ");
    assert_eq!(requests.last().unwrap(), "DELETE /open/s0 ");
    assert_eq!(requests.iter().filter(|line| line.starts_with("DELETE")).count(), 1);
}

#[tokio::test]
async fn the_newest_value_of_a_page_is_what_the_next_request_and_the_last_one_use() {
    let file = r#"
source: acme
poll:
  schedule: rate(1 minute)
  setup:
    - request: { post: "https://api.example.com/logs/_pit", query: { keep_alive: 1m } }
      values: { pit: id }
  request:
    post: "https://api.example.com/_search"
    json: { from: "{window.start|epoch}", pit: { id: "{setup.pit}" } }
  next: { last: { from: sort, json: search_after } }
  renew: { pit: pit_id }
  records: hits.hits
  cursor: { windows: true, id: _id, start: 1h, overlap: 60s }
  finish: { delete: "https://api.example.com/_pit", json: { id: "{setup.pit}" } }
"#;
    let hits = |id: u32, pit: &str| {
        let hits = json!([{ "_id": id, "sort": [id, "x"] }]);
        json!({ "pit_id": pit, "hits": { "hits": hits } }).to_string()
    };
    let end = r#"{"hits": {"hits": []}}"#;
    let vendor = Scripted::bodies(&[r#"{"id": "p0"}"#, &hits(1, "p1"), &hits(2, "p2"), end, "{}"]);
    let bench = Bench::new(0);
    caught_up(&scripted::run(&bench, &vendor, file).await);
    let search = |pit: &str, after: &str| {
        format!(
            "POST /_search | application/json | {{\"from\":1795510800,\"pit\":{{\"id\":\"{pit}\"}}{after}}}"
        )
    };
    assert_eq!(
        vendor.requests(),
        [
            "POST /logs/_pit?keep_alive=1m".to_owned(),
            search("p0", ""),
            search("p1", ",\"search_after\":[1,\"x\"]"),
            search("p2", ",\"search_after\":[2,\"x\"]"),
            "DELETE /_pit | application/json | {\"id\":\"p2\"}".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_session_is_ended_with_the_run_and_begun_anew_by_the_next() {
    let file = r#"
source: acme
poll:
  schedule: rate(1 minute)
  auth:
    session:
      login: { post: "https://api.example.com/login", json: { password: "{secret.password}" } }
      token: { from: token, send: { header: { name: x-page, value: "{token}" } } }
      logout: { delete: "https://api.example.com/session" }
  request: { get: "https://api.example.com/logs", query: { since: "{window.start|epoch}" } }
  records: items
  cursor: { windows: true, start: 1h, overlap: 60s }
"#;
    let bench = Bench::new(0);
    for second in [0, 60] {
        bench.clock.set(at(second));
        let token = format!("{{\"token\": \"a-session-of-{second}\"}}");
        let vendor = Scripted::bodies(&[&token, r#"{"items": []}"#, "{}"]);
        caught_up(&scripted::run(&bench, &vendor, file).await);
        let requests = vendor.requests();
        assert!(requests[0].starts_with("POST /login"), "{requests:?}");
        assert_eq!(requests[2], format!("DELETE /session | x-page: a-session-of-{second}"));
    }
}
