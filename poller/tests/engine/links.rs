//! Streams that are read by the vendor's next link, and places that the vendor
//! refuses.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse, LostSpan, Position};
use serde_json::json;

use crate::support::{Bench, answer, at, source};

/// Pages of two; each names what comes next by a link or a token, at the end
/// too if it is told to.
struct LinkVendor {
    records: Mutex<u32>,
    next_at_end: bool,
    refuse: Mutex<bool>,
    requests: Mutex<Vec<String>>,
}

#[async_trait]
impl Http for LinkVendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let query = request.url.query().unwrap_or("").to_owned();
        self.requests.lock().unwrap().push(query.clone());
        let after = request.url.query_pairs().find(|(name, _)| name == "after");
        if after.is_some() && std::mem::take(&mut *self.refuse.lock().unwrap()) {
            return Ok(answer(410, &[], "{}"));
        }
        let from: u32 = after.map_or(0, |(_, after)| after.parse().unwrap());
        let to = (from + 2).min(*self.records.lock().unwrap());
        let items: Vec<_> = (from..to)
            .map(|id| json!({ "id": id, "time": at(-1000 + i64::from(id)).to_string() }))
            .collect();
        let rest: Vec<_> = query.split('&').filter(|piece| !piece.starts_with("after=")).collect();
        let next = format!("https://api.example.com/events?{}&after={to}", rest.join("&"));
        let more = self.next_at_end || items.len() == 2;
        let links = [("link", format!("<{next}>; rel=\"next\""))];
        let body = json!({ "items": items, "token": more.then(|| to.to_string()) });
        Ok(answer(200, if more { &links } else { &[] }, &body.to_string()))
    }
}

fn vendor(next_at_end: bool) -> Arc<LinkVendor> {
    Arc::new(LinkVendor {
        records: Mutex::new(3),
        next_at_end,
        refuse: Mutex::default(),
        requests: Mutex::default(),
    })
}

fn by_link(query: &str, cursor: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  request: {{ get: \"https://api.example.com/events\", \
         query: {{ since: \"{{cursor.start|rfc3339}}\", {query} }} }}\n  next: {{ link: next }}\n  \
         records: items\n  cursor: {{ id: id, start: 2h, {cursor} }}\n"
    )
}

async fn run(bench: &Bench, vendor: &Arc<LinkVendor>, file: &str) -> RunReport {
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    poller.run(&Budget::default()).await
}

fn requests(vendor: &LinkVendor) -> Vec<String> {
    std::mem::take(&mut vendor.requests.lock().unwrap())
}

const SINCE: &str = "since=2026-11-24T08%3A00%3A00Z";

#[tokio::test]
async fn the_link_of_the_last_page_is_where_the_next_run_begins() {
    let (bench, vendor) = (Bench::new(0), vendor(true));
    let file = by_link("limit: 2", "next_link: {}");
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let link = format!("https://api.example.com/events?limit=2&{SINCE}&after=3");
    assert_eq!(report.done, Some(Position::Link(link)));
    requests(&vendor);
    bench.clock.set(at(3600));
    *vendor.records.lock().unwrap() = 4;
    run(&bench, &vendor, &file).await;
    assert_eq!(requests(&vendor)[0], format!("limit=2&{SINCE}&after=3"));
    assert_eq!(bench.delivered().await, [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_listing_that_ends_without_a_link_goes_on_behind_its_last_page() {
    for records in [1, 3] {
        let (bench, vendor) = (Bench::new(0), vendor(false));
        *vendor.records.lock().unwrap() = records;
        let file = by_link("limit: 2", "next_link: {}");
        run(&bench, &vendor, &file).await;
        bench.clock.set(at(3600));
        *vendor.records.lock().unwrap() = 5;
        run(&bench, &vendor, &file).await;
        assert_eq!(bench.delivered().await, [0, 1, 2, 3, 4], "{records} at first");
    }
}

/// N10: what the source file says of a parameter is not what a kept link says.
#[tokio::test]
async fn n10_a_kept_link_is_rewritten_by_rule_or_dropped_and_never_used_blindly() {
    let (bench, vendor) = (Bench::new(0), vendor(true));
    let rewrite = "next_link: { rewrite: { query: { limit: \"{var.limit}\", since: null } } }";
    let with = |limit: u32, kind: &str| {
        by_link(&format!("limit: \"{{var.limit}}\", kind: {kind}"), rewrite)
            .replace("  request:", &format!("  vars: {{ limit: {limit} }}\n  request:"))
    };
    run(&bench, &vendor, &with(2, "a")).await;
    requests(&vendor);
    bench.clock.set(at(3600));
    run(&bench, &vendor, &with(5, "a")).await;
    assert_eq!(requests(&vendor), ["kind=a&limit=5&after=3"], "rewritten");
    run(&bench, &vendor, &with(5, "b")).await;
    let first = "kind=b&limit=5&since=2026-11-24T09%3A00%3A00Z";
    assert_eq!(requests(&vendor)[0], first, "dropped");
}

#[tokio::test]
async fn a_dropped_link_begins_again_at_the_newest_time_and_repeats_nothing() {
    let (bench, vendor) = (Bench::new(0), vendor(true));
    let cursor = "next_link: {}, time: time, restart: { from: time, overlap: 60s }";
    run(&bench, &vendor, &by_link("kind: a", cursor)).await;
    requests(&vendor);
    bench.clock.set(at(3600));
    let report = run(&bench, &vendor, &by_link("kind: b", cursor)).await;
    // The newest record is of -998 s.
    assert_eq!(requests(&vendor)[0], "kind=b&since=2026-11-24T09%3A42%3A22Z");
    assert_eq!((report.summary.delivered, report.summary.duplicates), (0, 3));
    assert_eq!(bench.delivered().await, [0, 1, 2]);
}

#[tokio::test]
async fn what_a_link_dropped_after_thirteen_days_leaves_out_is_told_as_lost() {
    for (cursor, from) in [("next_link: {}, time: time", at(-998)), ("next_link: {}", at(0))] {
        let (bench, vendor) = (Bench::new(0), vendor(true));
        run(&bench, &vendor, &by_link("kind: a", cursor)).await;
        bench.clock.set(at(13 * 86_400));
        let report = run(&bench, &vendor, &by_link("kind: b", cursor)).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        let to = at(13 * 86_400 - 2 * 3_600);
        assert_eq!(report.summary.lost, Some(LostSpan { from, to }), "{cursor}");
    }
}

#[tokio::test]
async fn what_the_vendor_no_longer_keeps_is_not_asked_for_again_but_told() {
    let (bench, vendor) = (Bench::new(0), vendor(true));
    let cursor = "next_link: {}, time: time, restart: { from: time, overlap: 60s }, retention: 30m";
    run(&bench, &vendor, &by_link("kind: a", cursor)).await;
    requests(&vendor);
    bench.clock.set(at(3600));
    let report = run(&bench, &vendor, &by_link("kind: b", cursor)).await;
    assert_eq!(requests(&vendor)[0], "kind=b&since=2026-11-24T10%3A30%3A00Z");
    let lost = report.summary.lost.unwrap();
    assert_eq!((lost.from, lost.to), (at(-998), at(1800)));
}

#[tokio::test]
async fn a_refused_token_falls_back_to_a_moment_if_the_source_file_says_so() {
    let file = |restart: &str| {
        by_link(
            "limit: 2, after: \"{cursor.token}\"",
            &format!("token: token, time: time{restart}"),
        )
        .replace("{ link: next }", "{ token: { from: token, query: after } }")
    };
    let (bench, vendor) = (Bench::new(0), vendor(true));
    let with = file(", restart: { from: time, overlap: 60s }");
    run(&bench, &vendor, &with).await;
    requests(&vendor);
    *vendor.refuse.lock().unwrap() = true;
    *vendor.records.lock().unwrap() = 5;
    let report = run(&bench, &vendor, &with).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(
        requests(&vendor)[..2],
        ["limit=2&after=3", "limit=2&since=2026-11-24T09%3A42%3A22Z"].map(str::to_owned)
    );
    assert_eq!(bench.delivered().await, [0, 1, 2, 3, 4]);

    *vendor.refuse.lock().unwrap() = true;
    let report = run(&bench, &vendor, &file("")).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "nobody said where to begin: {report:?}");
    assert_eq!(bench.cursor().await.record.done(), Some(&Position::Token("5".to_owned())));
}
