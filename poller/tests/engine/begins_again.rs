//! Reading that begins again: what is set up anew, how often it is tried, and what is told as lost.

use std::time::Duration;

use mef_poller::{Budget, Poller, RunEnd};
use mef_ports::{HttpResponse, LostSpan};
use serde_json::json;

use crate::every_stream::{BY_PAGE, file};
use crate::scripted::{Scripted, run};
use crate::support::{Bench, answer, at, source};

const DAY: i64 = 86_400;
const SESSION: &str = "  setup: [ { request: { post: \"https://api.example.com/sessions\" }, values: { session: id } } ]\n";

/// A file for each kind of cursor whose place a vendor can refuse, read by pages.
fn by_every_kind(query: &str, rest: &str) -> Vec<(&'static str, String)> {
    let file = |of_kind: &str, next: &str, cursor: &str| {
        file(&format!("{query}{of_kind}"), &format!("{rest}{next}  cursor: {{ {cursor} }}\n"))
    };
    let since = "since: \"{cursor.start|epoch}\"";
    vec![
        ("window", file("since: \"{window.start|epoch}\"", BY_PAGE, "windows: true, overlap: 1m")),
        ("id", file("after: \"{cursor.id}\"", BY_PAGE, "id: id, order: ascending")),
        ("token", file(since, BY_PAGE, "token: token, restart: { from: start }")),
        ("link", file(since, "  next: { url: link }\n", "next_link: {}, restart: { from: start }")),
        ("listing", file("all: \"yes\"", BY_PAGE, "listing: true, id: id")),
    ]
}

fn page(ids: &[u32], next: Option<&str>) -> HttpResponse {
    let items: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
    let link = next.map(|next| format!("https://api.example.com/logs?page={next}"));
    answer(200, &[], &json!({ "items": items, "token": next, "link": link }).to_string())
}

fn gone() -> HttpResponse {
    answer(410, &[], "{}")
}

fn limited() -> HttpResponse {
    answer(429, &[("retry-after", "60".to_owned())], "{}")
}

fn session(id: &str) -> HttpResponse {
    answer(200, &[], &json!({ "id": id }).to_string())
}

#[tokio::test]
async fn a_place_of_any_kind_that_is_refused_is_set_up_anew() {
    for (name, file) in by_every_kind("session: \"{setup.session}\", ", SESSION) {
        let bench = Bench::new(0);
        let vendor = Scripted::answers(vec![
            session("a"),
            page(&[1], Some("p2")),
            gone(),
            session("b"),
            page(&[1], Some("p3")),
            page(&[2], None),
        ]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        let requests = vendor.requests();
        assert_eq!(requests.iter().filter(|line| line.starts_with("POST")).count(), 2, "{name}");
        assert!(requests[4].contains("session=b"), "{name}: {requests:?}");
        let mut delivered = bench.delivered().await;
        delivered.dedup();
        assert_eq!(delivered, [1, 2], "{name}");
    }
}

#[tokio::test]
async fn a_place_that_stays_refused_fails_the_run() {
    for (name, file) in by_every_kind("", "") {
        let bench = Bench::new(0);
        let refused = |n: usize| [page(&[1], Some(&format!("p{n}"))), gone()];
        let vendor = Scripted::answers((0..20).flat_map(refused).collect());
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{name}: {report:?}");
        // Half of a window is another question, anything else is the same one.
        let pages = if name == "window" { 14 } else { 4 };
        assert_eq!(vendor.requests().len(), pages, "{name}");
    }
}

#[tokio::test]
async fn a_vendor_that_keeps_the_place_has_none_to_begin_again_at() {
    let bench = Bench::new(0);
    let query = "from: \"{cursor.start|epoch}\", ask: \"{cursor.ask}\"";
    let file = file(query, "  next: { again: true }\n  cursor: { vendor: true, id: id }\n");
    let vendor = Scripted::answers(vec![page(&[1], None), gone(), page(&[2], None)]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(vendor.left().len(), 1);
}

#[tokio::test]
async fn what_lies_before_a_later_beginning_is_told_as_lost() {
    let since = "since: \"{cursor.start|epoch}\"";
    let again = "  errors: [ { when: { status: 418 }, do: restart_from_time } ]\n";
    let by_id = format!("{again}  cursor: {{ id: id, order: ascending }}\n");
    let by_token = format!("{again}{BY_PAGE}  cursor: {{ token: token }}\n");
    let listing = "  cursor: { listing: true, id: id }\n".to_owned();
    for (name, file) in [
        ("id", file(&format!("{since}, after: \"{{cursor.id}}\""), &by_id)),
        ("token", file(since, &by_token)),
        ("listing", file(since, &listing)),
    ] {
        let bench = Bench::new(0);
        let first = if name == "token" { page(&[1], Some("t")) } else { page(&[1], None) };
        let vendor = Scripted::answers(vec![first, page(&[], None)]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        assert_eq!(report.summary.lost, None, "{name}");
        bench.clock.set(at(13 * DAY));
        let refused = if name == "listing" { vec![] } else { vec![answer(418, &[], "{}")] };
        let rest = [page(&[2], None), page(&[], None)];
        let vendor = Scripted::answers(refused.into_iter().chain(rest).collect());
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        assert_eq!(report.summary.lost, Some(LostSpan { from: at(0), to: at(12 * DAY) }), "{name}");
    }
}

#[tokio::test]
async fn a_backfill_that_the_vendor_has_forgotten_meanwhile_is_told_as_lost() {
    let bench = Bench::new(0);
    let query = "since: \"{window.start|epoch}\", until: \"{window.end|epoch}\"";
    let file = file(query, "  cursor: { time: time, start: 1h, overlap: 1m, retention: 30d }\n");
    let vendor = Scripted::bodies(&[]);
    let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
    let poller = poller.backfill(at(-7_200), at(-3_600), Duration::from_millis(1)).unwrap();
    bench.clock.set(at(40 * DAY));
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.lost, Some(LostSpan { from: at(-7_200), to: at(-3_600) }));
    assert_eq!(vendor.requests(), [""; 0]);
}

#[tokio::test]
async fn a_pass_that_is_left_open_knows_every_record_when_it_goes_on() {
    let bench = Bench::new(0);
    let file = file(
        "after: \"{cursor.id}\"",
        &format!("{BY_PAGE}  cursor: {{ id: id, order: descending }}\n"),
    );
    let ids: Vec<u32> = (1..=1_500).rev().collect();
    let vendor = Scripted::answers(vec![page(&ids, Some("p2")), answer(405, &[], "{}")]);
    run(&bench, &vendor, &file).await;
    // Late records moved all others to the next page.
    let vendor = Scripted::answers(vec![page(&ids, None)]);
    let report = run(&bench, &vendor, &file).await;
    assert_eq!((report.summary.delivered, report.summary.duplicates), (0, 1_500));
}

#[tokio::test]
async fn a_page_at_which_reading_ends_closes_no_circle() {
    let bench = Bench::new(0);
    let cursor = "  cursor: { time: time, order: descending, start: 1h, overlap: 1m }\n";
    let file = file("limit: 2", &format!("{BY_PAGE}{cursor}"));
    let page = |second: i64| {
        let item = json!({ "id": second.abs(), "time": at(second).to_string() });
        json!({ "items": [item], "token": "a" }).to_string()
    };
    let vendor = Scripted::bodies(&[&page(-10), &page(-9_000)]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [10]);
}

#[tokio::test]
async fn a_new_beginning_that_is_put_off_is_the_next_runs_and_no_new_job() {
    let in_session = "session: \"{setup.session}\", ";
    for (name, file) in by_every_kind(in_session, SESSION) {
        if name == "listing" {
            continue;
        }
        let bench = Bench::new(0);
        let vendor = Scripted::answers(vec![session("a"), page(&[1], Some("p2")), limited()]);
        run(&bench, &vendor, &file).await;
        bench.clock.set(at(100));
        let vendor = Scripted::answers(vec![gone(), session("b"), limited()]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Limited { .. }), "{name}: {report:?}");
        bench.clock.set(at(200));
        let vendor = Scripted::answers(vec![page(&[2], None)]);
        run(&bench, &vendor, &file).await;
        let first = vendor.requests().swap_remove(0);
        assert!(first.contains("session=b") && !first.contains("page=p2"), "{name}: {first}");
        assert!(!bench.cursor().await.record.refused(), "{name}");
    }
}

#[tokio::test]
async fn an_id_that_a_rule_gives_up_stays_given_up_until_a_page_is_delivered() {
    let query =
        "since: \"{cursor.start|epoch}\", after: \"{cursor.id}\", session: \"{setup.session}\"";
    let rule = "  errors: [ { when: { status: 418 }, do: restart_from_time } ]\n";
    let file = file(query, &format!("{SESSION}{rule}  cursor: {{ id: id, order: ascending }}\n"));
    let bench = Bench::new(0);
    let vendor = Scripted::answers(vec![session("a"), page(&[1], None), page(&[], None)]);
    run(&bench, &vendor, &file).await;
    bench.clock.set(at(100));
    let refused = answer(418, &[], "{}");
    let vendor = Scripted::answers(vec![session("b"), refused, session("c"), limited()]);
    run(&bench, &vendor, &file).await;
    bench.clock.set(at(200));
    let vendor = Scripted::answers(vec![page(&[1, 2], None), page(&[], None)]);
    run(&bench, &vendor, &file).await;
    let requests = vendor.requests();
    assert_eq!(requests[0], "GET /logs?session=c&since=1795428200");
    assert_eq!(requests[1], "GET /logs?after=2&session=c");
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn one_refusal_in_the_middle_of_a_run_loses_nothing() {
    let since = "since: \"{cursor.start|epoch}\"";
    for (name, file) in [
        (
            "token",
            file(
                since,
                &format!("{BY_PAGE}  cursor: {{ token: token, restart: {{ from: start }} }}\n"),
            ),
        ),
        (
            "link",
            file(
                since,
                "  next: { url: link }\n  cursor: { next_link: {}, restart: { from: start } }\n",
            ),
        ),
    ] {
        let bench = Bench::new(0);
        let vendor = Scripted::answers(vec![page(&[1], Some("p2")), page(&[], Some("p3"))]);
        run(&bench, &vendor, &file).await;
        bench.clock.set(at(13 * DAY));
        let vendor = Scripted::answers(vec![
            page(&[2], Some("p4")),
            answer(409, &[], "{}"),
            page(&[9], None),
        ]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{name}: {report:?}");
        let vendor = Scripted::answers(vec![page(&[3], None)]);
        let report = run(&bench, &vendor, &file).await;
        assert!(vendor.requests()[0].contains("page=p4"), "{name}");
        assert_eq!(report.summary.lost, None, "{name}");
        assert_eq!(bench.delivered().await, [1, 2, 3], "{name}");
    }
}

#[tokio::test]
async fn what_runs_that_were_put_off_had_not_read_is_told_as_lost() {
    let bench = Bench::new(0);
    let cursor = "  cursor: { token: token, restart: { from: start } }\n";
    let file = file("since: \"{cursor.start|epoch}\"", &format!("{BY_PAGE}{cursor}"));
    for (day, id) in [(0, 1), (2, 2)] {
        bench.clock.set(at(day * DAY));
        let next = format!("p{id}");
        let vendor = Scripted::answers(vec![page(&[id], Some(&next)), limited()]);
        run(&bench, &vendor, &file).await;
    }
    bench.clock.set(at(2 * DAY + 100));
    let report = run(&bench, &Scripted::answers(vec![gone(), page(&[3], None)]), &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.lost, Some(LostSpan { from: at(0), to: at(DAY + 100) }));
}

#[tokio::test]
async fn a_detail_that_is_to_be_read_again_gives_up_no_page_of_its_window() {
    let rest = "  details: [ { request: { get: \"https://api.example.com/detail/{item.id}\" }, record: \"\" } ]\n  \
                errors: [ { when: { status: 418 }, do: restart_from_time } ]\n";
    let file = file(
        "since: \"{window.start|epoch}\"",
        &format!("{BY_PAGE}{rest}  cursor: {{ windows: true, id: id, overlap: 1m }}\n"),
    );
    let bench = Bench::new(0);
    let detail = |id: u32| answer(200, &[], &json!({ "id": id }).to_string());
    let vendor = Scripted::answers(vec![
        page(&[1], Some("p2")),
        detail(1),
        page(&[2], None),
        answer(418, &[], "{}"),
    ]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    vendor.requests();
    let vendor = Scripted::answers(vec![page(&[2], None), detail(2)]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let requests = vendor.requests();
    assert!(requests[0].ends_with("&page=p2"), "{requests:?}");
    assert_eq!(bench.delivered().await, [1, 2]);
}
