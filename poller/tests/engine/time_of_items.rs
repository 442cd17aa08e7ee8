//! What is asked of one item, or for a list of partitions, within a run's time and
//! within bounds.

use std::sync::Arc;
use std::time::Duration;

use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::HttpResponse;
use serde_json::json;

use crate::chains::{Slow, by_time};
use crate::listed_partitions::LISTED;
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer, at, source};

/// An item whose details come in pages.
const PAGES: &str = "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\" } }
  records: \"\"
  details: [{ request: { get: \"https://api.example.com/{item.id}\" }, next: { url: next }, records: items }]\n";

/// An item that leads to others.
const STEPS: &str = "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\" } }
  records: \"\"
  details:
    - { request: { get: \"https://api.example.com/of/{item.id}\" }, records: \"\" }
    - { request: { get: \"https://api.example.com/{item}\" }, records: \"\" }\n";

const CURSOR: &str = "time: t, id: id";

fn listed() -> HttpResponse {
    answer(200, &[], &json!([{ "id": "a", "t": at(-60) }]).to_string())
}

fn page(count: usize, next: Option<u32>) -> HttpResponse {
    answer(
        200,
        &[],
        &json!({ "items": vec![7; count], "next": next.map(|n| format!("/a?p={n}")) }).to_string(),
    )
}

/// A run of `file` that has 25 seconds, of a vendor that takes ten for each answer.
async fn slowly(bench: &Bench, file: &str, answers: Vec<HttpResponse>) -> (RunReport, Vec<String>) {
    let inner = Scripted::answers(answers);
    let each = Duration::from_secs(10);
    let vendor = Slow { inner: inner.clone(), clock: bench.clock.clone(), each };
    let poller = Poller::new(source(file), Arc::new(vendor), bench.ports()).unwrap();
    let report = poller.run(&Budget::until(at(25))).await;
    (report, inner.requests())
}

/// A thousand pages of one item were asked for, whatever time the run had.
#[tokio::test]
async fn the_pages_of_one_item_end_with_the_time_of_the_run() {
    let bench = Bench::new(0);
    let answers = [vec![listed()], (1..9).map(|n| page(1, Some(n))).collect()].concat();
    let (report, requests) = slowly(&bench, &by_time(PAGES, CURSOR), answers).await;
    assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    assert_eq!(requests[1..], ["GET /a", "GET /a?p=1"]);
    assert_eq!((bench.done().await, records(&bench).await.len()), (None, 0), "it comes whole");
}

#[tokio::test]
async fn the_steps_of_one_item_end_with_the_time_of_the_run() {
    let bench = Bench::new(0);
    let answers = vec![listed(), answer(200, &[], "[1,2,3]"), answer(200, &[], "[7]")];
    let (report, requests) = slowly(&bench, &by_time(STEPS, CURSOR), answers).await;
    assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    assert_eq!(requests[1..], ["GET /of/a", "GET /1"]);
}

/// All of it was kept in memory until the item had come to its end.
#[tokio::test]
async fn what_comes_of_one_item_is_delivered_in_parts() {
    let many = || answer(200, &[], &json!(vec![7; 2_000]).to_string());
    let no = || answer(400, &[], "{}");
    for (file, answers) in [
        (PAGES, vec![listed(), page(2_000, Some(1)), page(2_000, Some(2)), no()]),
        (STEPS, vec![listed(), answer(200, &[], "[1,2,3]"), many(), many(), no()]),
    ] {
        let bench = Bench::new(0);
        let report = run(&bench, &Scripted::answers(answers), &by_time(file, CURSOR)).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
        assert_eq!((records(&bench).await.len(), bench.done().await), (4_000, None));
    }
}

#[tokio::test]
async fn one_item_leads_to_no_more_than_a_page_may_list() {
    let bench = Bench::new(0);
    let vendor =
        Scripted::answers(vec![listed(), answer(200, &[], &json!(vec![7; 20_001]).to_string())]);
    let report = run(&bench, &vendor, &by_time(STEPS, CURSOR)).await;
    assert!(report.summary.error.as_ref().unwrap().contains("20001 items"), "{report:?}");
    assert_eq!(vendor.requests().len(), 2);
}

/// A thousand pages were asked for, and no interrupt ended it.
#[tokio::test]
async fn a_list_of_partitions_ends_with_the_time_of_the_run() {
    let bench = Bench::new(0);
    let page = |n: u32| {
        answer(200, &[], &json!({ "orgs": [{ "org": { "id": n } }], "next": n }).to_string())
    };
    let (report, requests) = slowly(&bench, LISTED, (1..9).map(page).collect()).await;
    assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    assert_eq!(requests, ["GET /orgs", "GET /orgs?page=1", "GET /orgs?page=2"]);
    assert_eq!(bench.wakeups.0.lock().unwrap().len(), 1, "the next run goes on");
}
