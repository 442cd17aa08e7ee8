//! Chains of requests: what comes before a page, what is waited for, and what
//! is asked of each thing that a page lists.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{Clock as _, Http, HttpError, HttpRequest, HttpResponse};
use serde_json::json;

use crate::scripted::{Scripted, endless, records, run};
use crate::support::{Bench, TestClock, answer, at, source};

/// A source that reads by time, with `keys` of `poll`.
pub(crate) fn by_time(keys: &str, cursor: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n{keys}  cursor: {{ start: 1h, overlap: 60s, {cursor} }}\n"
    )
}

/// A vendor that takes its time.
pub(crate) struct Slow {
    pub(crate) inner: Arc<Scripted>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) each: Duration,
}

#[async_trait]
impl Http for Slow {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.clock.sleep(self.each).await;
        self.inner.send(request).await
    }
}

#[tokio::test]
async fn what_comes_before_a_page_comes_once_a_window() {
    let bench = Bench::new(0);
    let file = by_time(
        "  setup:
    - request: { post: \"https://api.example.com/subscribe\", query: { from: \"{window.start|epoch}\" } }
      ignore: [{ status: 400, body: { error.code: [already, enabled] } }]
    - request: { get: \"https://api.example.com/versions\" }
      values: { version: latest.id, region: header.X-Region }
  request:
    get: \"https://api.example.com/v{setup.version}/logs\"
    query: { region: \"{setup.region}\", from: \"{window.start|epoch}\", to: \"{window.end|epoch}\" }
  records: \"\"\n",
        "time: t, max_window: 31m",
    );
    let versions = || answer(200, &[("x-region", "eu".to_owned())], r#"{"latest": {"id": 7}}"#);
    let vendor = Scripted::answers(vec![
        answer(400, &[], r#"{"error": {"code": "already"}}"#),
        versions(),
        answer(200, &[], "[]"),
        answer(200, &[], ""),
        versions(),
        answer(200, &[], "[]"),
    ]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let (first, middle, last) =
        (at(-3600).as_second(), at(-3600 + 31 * 60).as_second(), at(0).as_second());
    assert_eq!(
        vendor.requests(),
        [
            format!("POST /subscribe?from={first}"),
            "GET /versions".to_owned(),
            format!("GET /v7/logs?from={first}&region=eu&to={middle}"),
            format!("POST /subscribe?from={}", middle - 60),
            "GET /versions".to_owned(),
            format!("GET /v7/logs?from={}&region=eu&to={last}", middle - 60),
        ]
    );
    assert_eq!(bench.cursor().await.record.setup, None, "nothing is under way");
}

const BLOBS: &str = "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\" } }
  records: \"\"
  details:
    - request: { get: \"{item.uri}\" }
      records: \"\"
      expires: gone
      keep: { made: \"{item.t}\", part: \"{item.part}\" }\n";

pub(crate) fn blobs() -> String {
    by_time(BLOBS, "time: t, id: uri")
}

pub(crate) fn item(name: &str, second: i64) -> serde_json::Value {
    json!({ "uri": format!("/blob/{name}"), "t": at(second), "part": 9 })
}

#[tokio::test]
async fn details_keep_what_the_source_file_says_and_pass_over_what_is_gone() {
    let bench = Bench::new(0);
    let mut expired = item("expired", -50);
    expired["gone"] = json!(at(0));
    let mut fresh = item("fresh", -40);
    fresh["gone"] = json!(at(1));
    let list = json!([item("a", -60), item("deleted", -55), expired, fresh]).to_string();
    let vendor = Scripted::answers(vec![
        answer(200, &[], &list),
        answer(200, &[], r#"[{"id": 1, "made": "here"}, {"id": 2}]"#),
        answer(404, &[], "{}"),
        answer(410, &[], "{}"),
    ]);
    let report = run(&bench, &vendor, &blobs()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let made = at(-60).to_string();
    assert_eq!(
        records(&bench).await,
        [json!({"id": 1, "made": made, "part": 9}), json!({"id": 2, "made": made, "part": 9})]
    );
    assert_eq!((report.summary.gone, report.summary.records), (3, 2));
    let requests = vendor.requests();
    assert_eq!(requests[1..], ["GET /blob/a", "GET /blob/deleted", "GET /blob/fresh"]);
}

#[tokio::test]
async fn one_item_that_the_vendor_refuses_stops_no_stream_where_the_file_says_so() {
    let bench = Bench::new(0);
    let list = json!([item("locked", -60), item("open", -50)]).to_string();
    let locked = answer(403, &[], r#"{"code":"LOCKED"}"#);
    let vendor = Scripted::answers(vec![
        answer(200, &[], &list),
        locked.clone(),
        answer(200, &[], r#"[{"id": 1}]"#),
    ]);
    let rule = "      ignore: [ { status: 403, body: { code: LOCKED } } ]\n      expires:";
    let file = blobs().replacen("      expires:", rule, 1);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1]);
    // Another 403 is the source's affair.
    let bench = Bench::new(0);
    let vendor = Scripted::answers(vec![answer(200, &[], &list), answer(403, &[], "{}")]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(bench.done().await, None);
}

/// `|urlencode` leaves dots as they are: `/items/../d` is `/d`.
#[tokio::test]
async fn an_id_that_is_two_dots_leads_nowhere_else() {
    let url = "https://api.example.com/items/{item.id|urlencode}/d";
    let file = blobs().replacen("{item.uri}", url, 1);
    for id in ["..", ".", "%2e%2E", "a/../b"] {
        let bench = Bench::new(0);
        let list = json!([{ "uri": "x", "t": at(-60), "id": id }]).to_string();
        let vendor = Scripted::bodies(&[&list, "[]"]);
        let report = run(&bench, &vendor, &file).await;
        // What is written with escapes is one name.
        let is_name = id.contains(['%', '/']);
        let asked = if is_name { 2 } else { 1 };
        assert_eq!((report.summary.error, vendor.requests().len()), (None, asked), "{id}");
        assert_eq!(report.summary.rejected, u64::from(!is_name), "{id}");
    }
}

#[tokio::test]
async fn a_wrong_url_of_details_passes_nothing_over() {
    let bench = Bench::new(0);
    let list = json!(["a", "b", "c", "d", "e", "f"].map(|name| item(name, -30))).to_string();
    let mut answers = vec![answer(200, &[], &list)];
    answers.extend((0..6).map(|_| answer(404, &[], "{}")));
    let vendor = Scripted::answers(answers);
    let report = run(&bench, &vendor, &blobs()).await;
    let error = report.summary.error.unwrap();
    assert!(error.starts_with("all 6 listed items are gone"), "{error}");
    assert_eq!((vendor.requests().len(), bench.done().await), (7, None));
    // Once the file is right, they are all there.
    let mut answers = vec![answer(200, &[], &list)];
    answers.extend((0..6).map(|_| answer(200, &[], "[{\"id\":1}]")));
    let report = run(&bench, &Scripted::answers(answers), &blobs()).await;
    assert_eq!((report.summary.delivered, report.summary.duplicates), (6, 0));
}

#[tokio::test]
async fn what_was_deleted_before_others_holds_them_not_up() {
    let bench = Bench::new(0);
    let list = json!(["a", "b", "c", "d", "e", "f"].map(|name| item(name, -30))).to_string();
    let mut answers = vec![answer(200, &[], &list)];
    answers.extend((0..5).map(|_| answer(404, &[], "{}")));
    answers.push(answer(200, &[], "[{\"id\":1}]"));
    let report = run(&bench, &Scripted::answers(answers), &blobs()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.gone, report.summary.delivered), (5, 1));
}

#[tokio::test]
async fn what_is_on_a_later_page_of_an_item_is_not_gone_with_the_way_to_it() {
    let bench = Bench::new(0);
    let details = "      next: { token: { from: next, query: page } }\n      records: lines";
    let file = blobs().replacen("      records: \"\"", details, 1);
    let list = json!([item("a", -30)]).to_string();
    let first = r#"{"lines": [{"id": 1}], "next": "2"}"#;
    let gone = answer(410, &[], "{}");
    let vendor = Scripted::answers(vec![answer(200, &[], &list), answer(200, &[], first), gone]);
    let report = run(&bench, &vendor, &file).await;
    assert!(report.summary.error.unwrap().contains("410"));
    vendor.more(&[&list, first, r#"{"lines": [{"id": 2}]}"#]);
    run(&bench, &vendor, &file).await;
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn a_page_of_more_items_than_can_be_told_apart_is_refused() {
    let bench = Bench::new(0);
    let items: Vec<_> = (0..20_001).map(|n| item(&n.to_string(), -30)).collect();
    let vendor = Scripted::bodies(&[&json!(items).to_string()]);
    let report = run(&bench, &vendor, &blobs()).await;
    assert!(report.summary.error.unwrap().starts_with("the page lists 20001 items"));
    assert_eq!(vendor.requests().len(), 1);
}

#[tokio::test]
async fn where_repeats_are_wanted_a_page_is_gone_on_with_all_the_same() {
    let bench = Bench::new(0);
    let file = format!("{}  repeats: keep\n", blobs());
    let list = json!([item("a", -30), item("b", -20)]).to_string();
    let busy = answer(429, &[("retry-after", "60".to_owned())], "{}");
    let vendor =
        Scripted::answers(vec![answer(200, &[], &list), answer(200, &[], r#"[{"id": 1}]"#), busy]);
    run(&bench, &vendor, &file).await;
    vendor.requests();
    bench.clock.set(at(60));
    vendor.more(&[&list, r#"[{"id": 2}]"#, &list, r#"[{"id": 1}]"#, r#"[{"id": 2}]"#]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests()[1], "GET /blob/b", "the rest of the page");
    assert_eq!(bench.delivered().await, [1, 2, 1, 2], "and then each again");
}

#[tokio::test]
async fn details_that_lead_on_for_ever_end() {
    let bench = Bench::new(0);
    let details = "      next: { token: { from: next, query: page } }\n      records: lines";
    let file = blobs().replacen("      records: \"\"", details, 1);
    let mut answers = vec![answer(200, &[], &json!([item("a", -30)]).to_string())];
    answers.extend(endless("lines"));
    let vendor = Scripted::answers(answers);
    let report = run(&bench, &vendor, &file).await;
    assert!(report.summary.error.unwrap().contains("more than 1000 pages"));
    assert_eq!(vendor.requests().len(), 1_001);
}

#[tokio::test]
async fn an_item_that_comes_again_in_the_overlap_is_not_asked_for_again() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[&json!([item("a", -30)]).to_string(), r#"[{"id": 1}]"#]);
    run(&bench, &vendor, &blobs()).await;
    bench.clock.set(at(10));
    vendor.requests();
    vendor.more(&[&json!([item("a", -30), item("b", -20)]).to_string(), r#"[{"id": 2}]"#]);
    let report = run(&bench, &vendor, &blobs()).await;
    assert_eq!((report.summary.duplicates, report.summary.late), (1, 1));
    assert_eq!(vendor.requests()[1..], ["GET /blob/b"]);
    assert_eq!(bench.delivered().await, [1, 2]);
}

async fn slow_run(bench: &Bench, vendor: &Arc<Scripted>, budget: &Budget) -> RunReport {
    let each = Duration::from_secs(4);
    let slow = Slow { inner: vendor.clone(), clock: bench.clock.clone(), each };
    let poller = Poller::new(source(&blobs()), Arc::new(slow), bench.ports()).unwrap();
    poller.run(budget).await
}

#[tokio::test]
async fn a_run_that_ends_within_a_page_is_gone_on_with_at_the_next_item() {
    let bench = Bench::new(0);
    let names = ["a", "b", "c", "d", "e"];
    let list = json!(names.map(|name| item(name, -30))).to_string();
    let vendor = Scripted::bodies(&[&list]);
    vendor.more(&["[{\"id\":1}]", "[{\"id\":2}]", "[{\"id\":3}]", "[{\"id\":4}]"]);
    let report = slow_run(&bench, &vendor, &Budget::until(at(18))).await;
    assert!(matches!(report.end, RunEnd::OutOfTime), "{report:?}");
    let asked = vendor.requests().len() - 1;
    assert!((1..5).contains(&asked), "{asked} of five items");
    assert_eq!(bench.delivered().await.len(), asked, "what was asked for is delivered");
    assert_eq!(bench.done().await, None, "the cursor waits for the page");
    vendor.more(&["[{\"id\":5}]"]);
    let rest = vendor_with_list_first(&vendor, &list);
    let report = slow_run(&bench, &rest, &Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let again: Vec<_> = names.iter().skip(asked).map(|name| format!("GET /blob/{name}")).collect();
    assert_eq!(rest.requests()[1..], again);
    assert_eq!(bench.delivered().await, [1, 2, 3, 4, 5]);
    assert_eq!(bench.done().await, Some(at(0)));
}

/// The answers that `vendor` has left, after another listing.
fn vendor_with_list_first(vendor: &Arc<Scripted>, list: &str) -> Arc<Scripted> {
    let mut answers = vec![answer(200, &[], list)];
    answers.extend(vendor.left());
    Scripted::answers(answers)
}

#[tokio::test]
async fn a_limit_among_details_loses_none_of_those_before_it() {
    let bench = Bench::new(0);
    let list = json!([item("a", -30), item("b", -20)]).to_string();
    let limited = answer(429, &[("retry-after", "60".to_owned())], "{}");
    let vendor = Scripted::answers(vec![
        answer(200, &[], &list),
        answer(200, &[], r#"[{"id": 1}]"#),
        limited,
    ]);
    let report = run(&bench, &vendor, &blobs()).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(60)), "{report:?}");
    assert_eq!(bench.delivered().await, [1]);
    bench.clock.set(at(60));
    vendor.requests();
    vendor.more(&[&list, r#"[{"id": 2}]"#, "[]"]);
    let report = run(&bench, &vendor, &blobs()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests()[1], "GET /blob/b");
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn details_may_have_pages_and_details_of_their_own() {
    let bench = Bench::new(0);
    let file = by_time(
        "  request: { get: \"https://api.example.com/files\", query: { from: \"{window.start|epoch}\" } }
  records: \"\"
  details:
    - request: { get: \"https://api.example.com/files/{item.id}/lines\" }
      next: { token: { from: next, query: page } }
      records: lines
      keep: { file: \"{item.id}\" }
    - request: { post: \"https://api.example.com/line\", json: { n: \"{item.n}\", of: \"{item.file}\" } }
      record: line\n",
        "time: t, id: id",
    );
    let vendor = Scripted::bodies(&[
        &json!([{ "id": "f", "t": at(-30) }]).to_string(),
        r#"{"lines": [{"n": 1}], "next": "p2"}"#,
        r#"{"lines": [{"n": 2}]}"#,
        r#"{"line": {"id": 1}}"#,
        r#"{"line": {"id": 2}}"#,
    ]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1, 2]);
    assert_eq!(
        vendor.requests()[1..],
        [
            "GET /files/f/lines",
            "GET /files/f/lines?page=p2",
            "POST /line | application/json | {\"n\":1,\"of\":\"f\"}",
            "POST /line | application/json | {\"n\":2,\"of\":\"f\"}",
        ]
    );
}

#[tokio::test]
async fn details_of_many_items_are_asked_for_at_once() {
    let bench = Bench::new(0);
    let file = by_time(
        "  request: { get: \"https://api.example.com/alerts\", query: { from: \"{window.start|epoch}\" } }
  records: \"\"
  details:
    - request: { post: \"https://api.example.com/entities\", json: { ids: \"{item}\" } }
      batch: { size: 2, of: key }
      records: resources\n",
        "time: t, id: key",
    );
    let alert = |key: &str| json!({ "key": key, "t": at(-30) });
    let list = json!([alert("a"), alert("b"), alert("c")]).to_string();
    let vendor = Scripted::answers(vec![
        answer(200, &[], &list),
        answer(200, &[], r#"{"resources": [{"id": 1}, {"id": 2}]}"#),
        answer(404, &[], "{}"),
        answer(200, &[], &list),
        answer(200, &[], r#"{"resources": [{"id": 3}]}"#),
    ]);
    let failed = run(&bench, &vendor, &file).await;
    assert!(matches!(failed.end, RunEnd::Failed(_)), "{failed:?}");
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1, 2, 3]);
    let ids = |ids: &str| format!("POST /entities | application/json | {{\"ids\":[{ids}]}}");
    let requests = vendor.requests();
    assert_eq!(requests[1..3], [ids("\"a\",\"b\""), ids("\"c\"")]);
    assert_eq!(requests[4..], [ids("\"c\"")]);
    let nameless = json!([{ "t": at(-20) }]).to_string();
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&nameless]));
    let error = run(&bench, &vendor, &file).await.summary.error.unwrap();
    assert!(error.contains("`batch`: an item has nothing at `/key`"), "{error}");
}
