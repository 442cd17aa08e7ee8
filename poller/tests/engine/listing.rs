//! Listings that have no place to go on at.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse, Position};
use serde_json::json;

use crate::scripted::{Scripted, run};
use crate::support::{Bench, answer, source};

const FILE: &str = "source: acme\npoll:\n  schedule: rate(1 minute)\n  request: { get: \"https://api.example.com/users\" }\n  \
                    next: { token: { from: next, query: page } }\n  records: items\n  cursor: { listing: true, id: id }\n";

/// Pages of two of the ids it holds, without any order.
struct Listing {
    ids: Mutex<Vec<u32>>,
    fails_on_page: Mutex<Option<usize>>,
    requests: Mutex<Vec<String>>,
}

#[async_trait]
impl Http for Listing {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let query = request.url.query().unwrap_or("").to_owned();
        let page: usize = query.strip_prefix("page=").map_or(0, |page| page.parse().unwrap());
        self.requests.lock().unwrap().push(query);
        if *self.fails_on_page.lock().unwrap() == Some(page) {
            return Ok(answer(404, &[], "{}"));
        }
        let ids = self.ids.lock().unwrap();
        let items: Vec<_> =
            ids.iter().skip(2 * page).take(2).map(|id| json!({ "id": id })).collect();
        let next = (2 * (page + 1) < ids.len()).then(|| (page + 1).to_string());
        Ok(answer(200, &[], &json!({ "items": items, "next": next }).to_string()))
    }
}

fn listing(ids: &[u32]) -> Arc<Listing> {
    Arc::new(Listing {
        ids: Mutex::new(ids.to_vec()),
        fails_on_page: Mutex::default(),
        requests: Mutex::default(),
    })
}

#[tokio::test]
async fn every_run_reads_all_of_it_and_delivers_what_is_new() {
    let bench = Bench::new(2);
    let vendor = listing(&[5, 3, 9]);
    let poller = Poller::new(source(FILE), vendor.clone(), bench.ports()).unwrap();
    let first = poller.run(&Budget::default()).await;
    assert!(matches!(first.end, RunEnd::CaughtUp), "{first:?}");
    vendor.ids.lock().unwrap().insert(1, 4);
    let second = poller.run(&Budget::default()).await;
    assert_eq!((second.summary.records, second.summary.duplicates), (4, 3));
    assert_eq!(bench.delivered().await, [5, 3, 9, 4]);
    assert_eq!(*vendor.requests.lock().unwrap(), ["", "page=1", "", "page=1"]);
    assert!(matches!(second.done, Some(Position::Time(_))), "{second:?}");
}

#[tokio::test]
async fn a_run_that_fails_on_the_way_is_no_listing_that_was_read() {
    let bench = Bench::new(2);
    let vendor = listing(&[1, 2, 3]);
    let poller = Poller::new(source(FILE), vendor.clone(), bench.ports()).unwrap();
    *vendor.fails_on_page.lock().unwrap() = Some(1);
    let failed = poller.run(&Budget::default()).await;
    assert!(matches!(failed.end, RunEnd::Failed(_)), "{failed:?}");
    assert_eq!(failed.done, None);
    *vendor.fails_on_page.lock().unwrap() = None;
    poller.run(&Budget::default()).await;
    assert_eq!(bench.delivered().await, [1, 2, 3]);
}

#[tokio::test]
async fn a_listed_file_is_delivered_once_although_each_listing_signs_its_url_anew() {
    let bench = Bench::new(0);
    let listing = |by: &str| {
        let items =
            ["a", "b"].map(|file| json!({ "url": format!("https://x/{file}.gz?sig={by}") }));
        answer(200, &[], &json!({ "items": items, "next": null }).to_string())
    };
    let vendor = Scripted::answers(vec![listing("1"), listing("2")]);
    let file = FILE.replace("id: id }", "id: '{url|before(\"?\")}' }");
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 2);
    let second = run(&bench, &vendor, &file).await.summary;
    assert_eq!((second.delivered, second.duplicates), (0, 2));
}
