//! A page that is asked for again, since it was delivered in part or its way on could not be followed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{
    Clock as _, Commit, CursorRecord, Cursors as _, Http, HttpError, HttpRequest, HttpResponse,
    SeenChange,
};
use serde_json::{Value, json};

use crate::every_stream::{BY_PAGE, file};
use crate::scripted::records;
use crate::support::{Bench, answer, at, source, stream};

/// Listings of which each is one page, and what there is of each item of it.
struct Pages {
    /// The items of each page, by their names, and the page that it names.
    pages: Mutex<Vec<(Vec<&'static str>, Option<String>)>>,
    /// Items of which nothing is given.
    refused: Mutex<Vec<&'static str>>,
    /// After how many requests the vendor limits.
    limit: Mutex<Option<usize>>,
    requests: Mutex<Vec<String>>,
    /// When all items happened.
    second: i64,
}

#[async_trait]
impl Http for Pages {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(left) = self.limit.lock().unwrap().as_mut() {
            if *left == 0 {
                return Ok(answer(429, &[("retry-after", "10".to_owned())], "{}"));
            }
            *left -= 1;
        }
        let path = request.url.path().to_owned();
        if let Some(item) = path.strip_prefix("/item/") {
            self.requests.lock().unwrap().push(item.to_owned());
            let is_refused = self.refused.lock().unwrap().contains(&item);
            let body = json!([{ "of": item }]).to_string();
            return Ok(answer(if is_refused { 403 } else { 200 }, &[], &body));
        }
        let pages = self.pages.lock().unwrap();
        let page = request.url.query_pairs().find(|(name, _)| name == "page");
        let page = page.map_or(1, |(_, page)| page.parse::<usize>().unwrap());
        self.requests.lock().unwrap().push(format!("page {page}"));
        let (items, next) = &pages[page - 1];
        let item = |name: &&str| json!({ "name": name, "id": name, "time": at(self.second) });
        let items: Vec<_> = items.iter().map(item).collect();
        let (link, token): (Vec<_>, Vec<_>) = next.iter().partition(|next| next.contains("page="));
        let link: Vec<_> =
            link.iter().map(|link| ("link", format!("<{link}>; rel=\"next\""))).collect();
        Ok(answer(200, &link, &json!({ "items": items, "token": token.first() }).to_string()))
    }
}

/// A vendor with these pages, of which each but the last names the next.
fn vendor(pages: &[&[&'static str]]) -> Arc<Pages> {
    vendor_at(-10, pages)
}

fn vendor_at(second: i64, pages: &[&[&'static str]]) -> Arc<Pages> {
    let named = |(index, items): (usize, &&[&'static str])| {
        (items.to_vec(), (index + 1 < pages.len()).then(|| (index + 2).to_string()))
    };
    Arc::new(Pages {
        pages: Mutex::new(pages.iter().enumerate().map(named).collect()),
        refused: Mutex::default(),
        limit: Mutex::default(),
        requests: Mutex::default(),
        second,
    })
}

impl Pages {
    /// Lets a page name this one, by its link or as a token.
    fn name(&self, page: usize, next: Option<&str>) {
        self.pages.lock().unwrap()[page - 1].1 = next.map(str::to_owned);
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Without ids, as many audit logs are.
fn window(rest: &str) -> String {
    let cursor = "  cursor: { time: time, start: 1h, overlap: 60s }\n";
    file(
        "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"",
        &format!("{BY_PAGE}{rest}{cursor}"),
    )
}

/// One file for each kind of stream, with `rest`.
fn every_kind(rest: &str) -> [(&'static str, String); 8] {
    let with = |query: &str, cursor: &str| {
        file(query, &format!("{BY_PAGE}{rest}  cursor: {{ {cursor} }}\n"))
    };
    let bounds = "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"";
    let token = "since: \"{cursor.start|rfc3339}\", page: \"{cursor.token}\"";
    [
        ("window", window(rest)),
        ("window with ids", with(bounds, "time: time, id: id, start: 1h, overlap: 60s")),
        ("window without times", with(bounds, "windows: true, start: 1h, overlap: 60s")),
        ("token", with(token, "token: token, start: 1h")),
        (
            "token with a restart",
            with(
                token,
                "token: token, time: time, start: 1h, restart: { from: time, overlap: 60s }",
            ),
        ),
        ("id", with("after: \"{cursor.id}\"", "id: id, order: descending")),
        (
            "time and id",
            with(
                "since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"",
                "id: id, time: time, order: descending, start: 1h",
            ),
        ),
        ("listing", with("all: \"yes\"", "listing: true")),
    ]
}

/// One run, and then ten seconds.
async fn run(bench: &Bench, vendor: &Arc<Pages>, file: &str) -> RunReport {
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    bench.clock.set(bench.clock.now() + SignedDuration::from_secs(10));
    report
}

/// What arrived, in order, and how many events there are among it.
async fn arrived(bench: &Bench, field: &str) -> (Vec<String>, usize) {
    let records = records(bench).await;
    let name = |record: &Value| record[field].as_str().unwrap().to_owned();
    let mut names: Vec<_> = records.iter().map(name).collect();
    names.sort();
    let events = bench.store.events(None, usize::MAX).await.unwrap();
    let ids: HashSet<_> = events.into_iter().map(|event| event.message.event_id).collect();
    (names, ids.len())
}

const DETAILS: &str = "  details: [{ request: { get: \"https://api.example.com/item/{item.name}\" }, records: \"\" }]\n";

#[tokio::test]
async fn a_page_whose_details_were_cut_off_is_continued_at_the_next_item() {
    for (name, file) in every_kind(DETAILS) {
        let bench = Bench::new(0);
        let vendor = vendor(&[&["a"], &["b", "c", "d"]]);
        vendor.refused.lock().unwrap().push("c");
        for _ in 0..3 {
            let report = run(&bench, &vendor, &file).await;
            assert!(matches!(report.end, RunEnd::Failed(_)), "{name}: {report:?}");
            assert_eq!(arrived(&bench, "of").await.0, ["a", "b"], "{name}");
        }
        vendor.refused.lock().unwrap().clear();
        vendor.requests();
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        assert_eq!(arrived(&bench, "of").await, (["a", "b", "c", "d"].map(String::from).into(), 4));
        let items: Vec<_> =
            vendor.requests().into_iter().filter(|request| !request.starts_with("page")).collect();
        assert_eq!(items, ["c", "d"], "{name}");
    }
}

#[tokio::test]
async fn a_page_with_more_details_than_a_run_has_time_for_is_finished() {
    for (name, file) in every_kind(DETAILS) {
        let bench = Bench::new(0);
        let vendor = vendor(&[&["a"], &["b", "c", "d", "e", "f"], &["g"]]);
        let mut runs = 0;
        loop {
            *vendor.limit.lock().unwrap() = Some(4);
            let report = run(&bench, &vendor, &file).await;
            runs += 1;
            if matches!(report.end, RunEnd::CaughtUp) {
                break;
            }
            assert!(matches!(report.end, RunEnd::Limited { .. }), "{name}: {report:?}");
            assert!(runs < 6, "{name}: it never gets past the second page");
        }
        let all = ["a", "b", "c", "d", "e", "f", "g"].map(String::from);
        assert_eq!(arrived(&bench, "of").await, (all.into(), 7), "{name}");
    }
}

#[tokio::test]
async fn of_equal_items_on_two_pages_the_second_is_asked_for_once() {
    let bench = Bench::new(0);
    let file = window(DETAILS);
    let vendor = vendor(&[&["a"], &["a", "b"]]);
    vendor.refused.lock().unwrap().push("b");
    for asked in [vec!["page 1", "a", "page 2", "a", "b"], vec!["page 2", "b"]] {
        run(&bench, &vendor, &file).await;
        assert_eq!(vendor.requests(), asked);
    }
    vendor.refused.lock().unwrap().clear();
    run(&bench, &vendor, &file).await;
    assert_eq!(vendor.requests(), ["page 2", "b"]);
}

#[tokio::test]
async fn a_page_whose_next_link_is_refused_is_delivered_once() {
    let bench = Bench::new(0);
    let file = window("").replace("{ token: { from: token, query: page } }", "{ link: next }");
    let vendor = vendor(&[&["a"], &["a", "b", "b"], &["b"]]);
    vendor.name(1, Some("/logs?page=2"));
    vendor.name(2, Some("https://other.example.net/logs?page=3"));
    for delivered in [4, 0, 0] {
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
        assert_eq!(report.summary.delivered, delivered);
    }
    vendor.name(2, Some("/logs?page=3"));
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(
        arrived(&bench, "name").await,
        (["a", "a", "b", "b", "b"].map(String::from).into(), 5)
    );
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_delivered_once() {
    for (name, file) in every_kind("") {
        let bench = Bench::new(0);
        let vendor = vendor(&[&["a"], &["b", "c"], &["d"], &["e"]]);
        vendor.name(3, Some("2"));
        for delivered in [4, 0, 0] {
            let report = run(&bench, &vendor, &file).await;
            let error = report.summary.error.unwrap();
            assert!(error.contains("a page names an earlier page as the next"), "{name}: {error}");
            assert_eq!(report.summary.delivered, delivered, "{name}");
        }
        vendor.name(3, Some("4"));
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        assert_eq!(arrived(&bench, "name").await.0, ["a", "b", "c", "d", "e"], "{name}");
    }
}

#[tokio::test]
async fn a_page_that_comes_again_under_each_new_token_is_delivered_once() {
    let bench = Bench::new(0);
    let file = window("").replace("{ token: { from: token, query: page } }", "{ link: next }");
    let vendor = vendor(&[&["a"], &["b"], &["b"], &["b"], &["b"], &["b"]]);
    (1..6).for_each(|page| vendor.name(page, Some(&format!("/logs?page={}", page + 1))));
    for delivered in [2, 0, 0] {
        let report = run(&bench, &vendor, &file).await;
        let error = report.summary.error.unwrap();
        assert!(error.contains("the same page came again"), "{error}");
        assert_eq!(report.summary.delivered, delivered);
    }
}

/// They happened at the very end of a window, which is the start of the next. That is read in three
/// runs.
#[tokio::test]
async fn equal_records_of_the_window_before_are_known_on_every_page() {
    let bench = Bench::new(0);
    let vendor = vendor_at(0, &[&["a"], &["a"], &["a"], &["a"], &["a"]]);
    let file = window("").replace(", overlap: 60s", "");
    let report = run(&bench, &vendor, &file).await;
    assert_eq!(report.summary.delivered, 5, "{report:?}");
    for _ in 0..3 {
        *vendor.limit.lock().unwrap() = Some(2);
        let summary = run(&bench, &vendor, &file).await.summary;
        assert_eq!(summary.delivered, 0);
    }
    assert_eq!(vendor.requests()[5..], [1, 2, 3, 4, 5].map(|page| format!("page {page}")));
}

/// An equal record is listed late, in a window that is read in two runs.
#[tokio::test]
async fn a_late_record_that_equals_those_of_the_window_before_is_delivered() {
    let bench = Bench::new(0);
    let vendor = vendor(&[&["a"], &["a"]]);
    let file = window("");
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 2);
    *vendor.pages.lock().unwrap() = vec![(vec!["a"], Some("2".to_owned())), (vec!["a", "a"], None)];
    *vendor.limit.lock().unwrap() = Some(1);
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 0);
    *vendor.limit.lock().unwrap() = None;
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 1);
    assert_eq!(arrived(&bench, "name").await, (["a", "a", "a"].map(String::from).into(), 3));
}

/// A stream that begins again by time knows what it delivered of the last minute.
#[tokio::test]
async fn equal_records_on_two_pages_of_a_token_are_both_delivered() {
    let bench = Bench::new(0);
    let token = &every_kind("")[4];
    let vendor = vendor(&[&["a"], &["a", "b"]]);
    let report = run(&bench, &vendor, &token.1).await;
    assert_eq!(report.summary.delivered, 3, "{report:?}");
    assert_eq!(
        run(&bench, &vendor, &token.1).await.summary.delivered,
        0,
        "the last page comes again"
    );
}

/// A cursor that an older program stored in the middle of a window. It did not say which of its ids
/// are of pages before, so all of the window count as that: nothing is dropped.
#[tokio::test]
async fn an_older_cursor_in_the_middle_of_a_window_drops_no_equal_record() {
    let bench = Bench::new(0);
    let vendor = vendor(&[&["a"], &["b", "c"], &["a", "d"]]);
    vendor.name(2, Some("https://other.example.net/logs?page=3"));
    let file = window("").replace("{ token: { from: token, query: page } }", "{ link: next }");
    vendor.name(1, Some("/logs?page=2"));
    run(&bench, &vendor, &file).await;
    let stored = bench.cursor().await.record;
    let mut older = serde_json::to_value(&stored).unwrap();
    older.as_object_mut().unwrap().remove("ids_say_passed").unwrap();
    let older: CursorRecord = serde_json::from_value(older).unwrap();
    assert_eq!(older.passed(), None);
    let seen = bench.store.seen(&stream()).await.unwrap();
    let lease = bench.store.lease(&stream(), at(600), std::time::Duration::from_secs(30)).await;
    let lease = lease.unwrap();
    let commit = Commit { record: &older, seen: SeenChange::Replace(&seen) };
    bench.store.commit(&lease, commit).await.unwrap();
    bench.store.release(&lease).await.unwrap();
    vendor.name(2, Some("/logs?page=3"));
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let names = arrived(&bench, "name").await.0;
    let times = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    assert!(times("a") >= 2 && times("b") >= 1 && times("d") == 1, "{names:?}");
}
