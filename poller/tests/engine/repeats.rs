//! What a repeat is: which records are known when they come again, and which are others.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::chains::by_time;
use crate::every_stream::file;
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer, at, source, source_file};

/// Five pages of five thousand records, of which the last is refused once.
#[derive(Default)]
struct Large(Mutex<bool>);

#[async_trait]
impl Http for Large {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let after = request.url.query_pairs().find(|(name, _)| name == "after");
        let page = after.map_or(0, |(_, page)| page.parse::<u32>().unwrap());
        if page == 4 && !std::mem::replace(&mut *self.0.lock().unwrap(), true) {
            return Ok(answer(410, &[], "{}"));
        }
        let time = |id: u32| at(-3_000 + i64::from(id / 10)).to_string();
        let ids = page * 5_000..(page + 1) * 5_000;
        let records: Vec<_> = ids.map(|id| json!({ "id": id, "time": time(id) })).collect();
        let next = format!("<https://api.example.com/logs?after={}>; rel=\"next\"", page + 1);
        let links = if page < 4 { vec![("link", next)] } else { vec![] };
        Ok(answer(200, &links, &Value::Array(records).to_string()))
    }
}

#[tokio::test]
async fn a_window_of_more_records_than_are_stored_is_read_again_without_a_repeat() {
    let bench = Bench::new(0);
    let file = source(&source_file("start: 1h, overlap: 60s", true));
    let poller = Poller::new(file, Arc::new(Large::default()), bench.ports()).unwrap();
    let summary = poller.run(&Budget::default()).await.summary;
    assert_eq!((summary.delivered, summary.duplicates), (25_000, 20_000));
    assert_eq!(summary.dedupe_overflow, 0, "the next window needs a minute of them");
}

/// A vendor that has two records for each request and no second page.
#[tokio::test]
async fn what_is_left_of_an_ascending_window_is_asked_for_from_where_the_cursor_stands() {
    let bench = Bench::new(2);
    (1..=12).for_each(|n| bench.vendor.add(n, at(-3_000 + 100 * i64::from(n))));
    bench.vendor.state.lock().unwrap().refuse_next = true;
    let file = source_file("order: ascending, start: 1h, overlap: 10m", true);
    let report = bench.run(&file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, (1..=12).collect::<Vec<_>>());
    let firsts = bench.vendor.requests().into_iter().filter(|query| !query.contains("after="));
    let firsts: Vec<_> = firsts.collect();
    assert!(firsts.is_sorted() && firsts.len() == 11, "each begins later: {firsts:#?}");
}

/// A first run asked for all, and has delivered some of it.
#[tokio::test]
async fn what_is_left_of_a_first_window_is_asked_for_with_a_bound() {
    let bench = Bench::new(0);
    let page = |seconds: [i64; 2], next: &str| {
        let records = seconds.map(|second| json!({ "id": second, "time": at(second) }));
        answer(200, &[], &json!({ "items": records, "next": next }).to_string())
    };
    let (first, second) = (page([-90, -80], "2"), page([-80, -70], ""));
    let vendor = Scripted::answers(vec![first, answer(410, &[], "{}"), second]);
    let file = file(
        "since: \"{window.since|rfc3339}\"",
        "  next: { token: { from: next, query: page } }\n  cursor: { time: time, id: id, order: ascending, start: 1h, overlap: 60s }\n",
    );
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let since = at(-80).to_string().replace(':', "%3A");
    assert_eq!(vendor.requests()[2], format!("GET /logs?since={since}"));
    assert_eq!(report.summary.delivered, 3);
}

/// A vendor without ids, as many audit logs are.
fn without_ids() -> String {
    file(
        "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"",
        "  next: { token: { from: next, query: page } }\n  cursor: { time: time, start: 1h, overlap: 60s }\n",
    )
}

pub(crate) async fn event_ids(bench: &Bench) -> Vec<String> {
    let events = bench.store.events(None, usize::MAX).await.unwrap();
    events.into_iter().map(|event| event.message.event_id).collect()
}

#[tokio::test]
async fn two_equal_records_are_two_events_and_no_more_when_they_are_read_again() {
    let login = json!({ "time": at(-10), "what": "login" });
    let page = json!({ "items": [login, login] }).to_string();
    let halves = [json!({ "items": [login], "next": "2" }), json!({ "items": [login] })];
    let halves = halves.map(|page| page.to_string());
    let mut ids = Vec::new();
    for pages in [vec![&page], vec![&halves[0], &halves[1]]] {
        let bench = Bench::new(0);
        let pages: Vec<&str> = pages.iter().map(|page| page.as_str()).collect();
        let vendor = Scripted::bodies(&pages);
        assert_eq!(run(&bench, &vendor, &without_ids()).await.summary.delivered, 2);
        bench.clock.set(at(30));
        vendor.more(&pages);
        let summary = run(&bench, &vendor, &without_ids()).await.summary;
        assert_eq!((summary.delivered, summary.duplicates), (0, 2));
        // A third one is new.
        bench.clock.set(at(40));
        vendor.more(&[&json!({ "items": [login, login, login] }).to_string()]);
        let summary = run(&bench, &vendor, &without_ids()).await.summary;
        assert_eq!((summary.delivered, summary.duplicates), (1, 2));
        ids.push(event_ids(&bench).await);
    }
    assert_eq!(ids[0], ids[1], "however they come");
    ids[0].dedup();
    assert_eq!(ids[0].len(), 3, "each event has an id of its own");
}

#[tokio::test]
async fn equal_records_on_two_sides_of_a_page_at_which_a_run_ended_are_both_delivered() {
    let bench = Bench::new(0);
    let login = json!({ "time": at(-10), "what": "login" });
    let first = json!({ "items": [login], "next": "2" }).to_string();
    let last = json!({ "items": [login] }).to_string();
    let limit = answer(429, &[("retry-after", "60".to_owned())], "{}");
    let vendor = Scripted::answers(vec![answer(200, &[], &first), limit]);
    assert_eq!(run(&bench, &vendor, &without_ids()).await.summary.delivered, 1);
    bench.clock.set(at(60));
    vendor.more(&[&last, r#"{"items": []}"#]);
    assert_eq!(run(&bench, &vendor, &without_ids()).await.summary.delivered, 1);
}

#[tokio::test]
async fn records_with_one_id_and_time_are_told_apart_by_what_they_say() {
    let bench = Bench::new(0);
    let file = without_ids().replace("time: time,", "time: time, id: id,");
    let said = |what: &str| json!({ "id": 7, "time": at(-10), "what": what });
    let page = |said: &[Value]| json!({ "items": said }).to_string();
    let (a, b, c) = (said("a"), said("b"), said("c"));
    let vendor = Scripted::bodies(&[&page(&[a.clone(), b.clone(), b.clone()])]);
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 3);
    bench.clock.set(at(30));
    vendor.more(&[&page(&[b.clone(), a.clone(), b.clone()])]);
    let summary = run(&bench, &vendor, &file).await.summary;
    assert_eq!((summary.delivered, summary.duplicates), (0, 3), "in whatever order");
    bench.clock.set(at(40));
    vendor.more(&[&page(&[a.clone(), b.clone(), b, c])]);
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 1);
    let mut ids = event_ids(&bench).await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn a_record_that_moves_to_the_next_page_while_a_window_is_read_is_one_record() {
    let bench = Bench::new(0);
    let file = without_ids().replace("time: time,", "time: time, id: id,");
    let record = |id: u32| json!({ "id": id, "time": at(-10) });
    let first = json!({ "items": [record(3), record(2)], "next": "2" }).to_string();
    let second = json!({ "items": [record(2), record(1)] }).to_string();
    let summary = run(&bench, &Scripted::bodies(&[&first, &second]), &file).await.summary;
    assert_eq!((summary.delivered, summary.duplicates), (3, 1));
}

/// As GuardDuty's findings are read: listed by their ids, by the time of their last change.
fn findings(cursor: &str) -> String {
    by_time(
        "  request:
    post: https://api.example.com/findings
    json: { from: \"{window.start|epoch_ms}\", to: \"{window.end|epoch_ms}\" }
  records: ids
  details:
    - request: { post: \"https://api.example.com/get\", json: { ids: \"{item}\" } }
      batch: { size: 50, of: \"\" }
      records: findings\n",
        "windows: true",
    )
    .replace("overlap: 60s, ", cursor)
}

#[tokio::test]
async fn an_entity_that_changes_before_each_run_is_delivered_by_each() {
    for (cursor, again) in [("", 1), ("overlap: 60s, ", 0), ("overlap: 1d, max_window: 3d, ", 0)] {
        let (bench, file) = (Bench::new(0), findings(cursor));
        let finding = |count: u32| json!({ "findings": [{ "id": "f", "count": count }] });
        // At the end it is listed once more, and has not changed.
        for (second, count, delivered) in
            [(0, 1, 1), (20, 2, 1), (40, 3, 1), (60, 4, 1), (80, 4, again)]
        {
            bench.clock.set(at(second));
            let vendor = Scripted::bodies(&[r#"{"ids": ["f"]}"#, &finding(count).to_string()]);
            let report = run(&bench, &vendor, &file).await;
            assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
            assert_eq!(report.summary.delivered, delivered, "{cursor}: {report:?}");
        }
        let counts: Vec<_> =
            records(&bench).await.iter().map(|finding| finding["count"].clone()).collect();
        assert_eq!(counts[..4], [1, 2, 3, 4], "{cursor}");
    }
}

/// Its records come with the file, and the file is listed by two windows.
#[tokio::test]
async fn a_file_that_did_not_change_is_delivered_once_where_windows_overlap() {
    let bench = Bench::new(0);
    let keys = "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\", to: \"{window.end|epoch}\" } }
  records: \"\"
  details: [{ request: { get: \"https://api.example.com/file/{item.name}\" }, decode: { ndjson: {} } }]\n";
    let file = by_time(keys, "windows: true, id: name");
    let (list, lines) = (r#"[{"name": "x"}]"#, "{\"n\":1}\n{\"n\":1}\n");
    let vendor = Scripted::bodies(&[list, lines]);
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 2);
    bench.clock.set(at(30));
    vendor.more(&[list, lines]);
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 0);
    bench.clock.set(at(40));
    vendor.more(&[list, "{\"n\":1}\n{\"n\":2}\n"]);
    assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 2);
}

#[tokio::test]
async fn what_an_unfinished_item_has_brought_of_a_window_comes_once() {
    let bench = Bench::new(0);
    let file = by_time(
        "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\", to: \"{window.end|epoch}\" } }
  records: \"\"
  details: [{ request: { get: \"https://api.example.com/{item.id}\" }, next: { url: next }, records: items }]\n",
        "windows: true",
    );
    let many = |from: u32, next: Option<&str>| {
        let items: Vec<_> = (from..from + 2_000).collect();
        answer(200, &[], &json!({ "items": items, "next": next }).to_string())
    };
    let list = || answer(200, &[], r#"[{"id": "a"}]"#);
    let answers = vec![list(), many(0, Some("/a?p=1")), answer(400, &[], "{}")];
    let vendor = Scripted::answers(answers);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(report.summary.delivered, 2_000);
    let vendor = Scripted::answers(vec![list(), many(0, Some("/a?p=1")), many(2_000, None)]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.delivered, report.summary.duplicates), (2_000, 2_000));
}

#[tokio::test]
async fn an_equal_record_without_a_time_is_another_in_a_window_that_overlaps_none() {
    for (overlap, delivered) in [("", [1, 1, 1]), (", overlap: 60s", [1, 0, 1])] {
        let bench = Bench::new(0);
        let cursor = format!("  cursor: {{ windows: true, id: id, start: 1h{overlap} }}\n");
        let file =
            file("since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"", &cursor);
        let vendor = Scripted::bodies(&[r#"{"items": [{"id": 1, "what": "login"}]}"#; 3]);
        let mut minutes = 0;
        for delivered in delivered {
            bench.clock.set(at(minutes * 60));
            minutes += 10;
            assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, delivered, "{overlap}");
        }
        // It has changed.
        bench.clock.set(at(minutes * 60));
        vendor.more(&[r#"{"items": [{"id": 1, "what": "logout"}]}"#]);
        assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 1, "{overlap}");
    }
}

/// The vendor selects by the time at which it got a record, which is hours after what it says.
#[tokio::test]
async fn what_the_vendor_selects_by_its_arrival_is_known_by_when_it_was_read() {
    for (says_so, late) in [(", filters_by: arrival", 0), ("", 1)] {
        let bench = Bench::new(0);
        let cursor = format!(
            "  cursor: {{ time: time, id: id, start: 1d, overlap: 10m, max_window: 2d{says_so} }}\n"
        );
        let file =
            file("since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"", &cursor);
        let page = |ids: &[i64]| {
            let record = |id: &i64| json!({ "id": id, "time": at(-3_600 * id) });
            json!({ "items": ids.iter().map(record).collect::<Vec<_>>() }).to_string()
        };
        // It came in the minute before the first run, so that each run of ten minutes has it.
        let vendor = Scripted::bodies(&[&page(&[3])]);
        assert_eq!(run(&bench, &vendor, &file).await.summary.delivered, 1);
        bench.clock.set(at(300));
        vendor.more(&[&page(&[3, 4])]);
        let summary = run(&bench, &vendor, &file).await.summary;
        assert_eq!((summary.delivered, summary.duplicates, summary.late), (1, 1, late));
        bench.clock.set(at(600));
        vendor.more(&[&page(&[3, 4])]);
        let summary = run(&bench, &vendor, &file).await.summary;
        assert_eq!((summary.delivered, summary.duplicates), (0, 2), "{says_so}");
    }
}

/// A device's clock is ahead: what has arrived says a time to come, and is not given a second time.
#[tokio::test]
async fn what_has_arrived_is_delivered_though_its_time_is_to_come() {
    let bench = Bench::new(0);
    let file = file(
        "since: \"{window.start|rfc3339}\"",
        "  cursor: { time: time, id: id, start: 1d, max_window: 2d, filters_by: arrival }\n",
    );
    let page = json!({ "items": [{ "id": 1, "time": at(6) }] }).to_string();
    let summary = run(&bench, &Scripted::bodies(&[&page]), &file).await.summary;
    assert_eq!((summary.delivered, summary.held_back), (1, 0));
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Lines come out of it before it turns out to be cut off.
#[tokio::test]
async fn a_file_of_details_that_is_cut_off_is_asked_for_again() {
    let keys = "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\" } }
  records: \"\"
  details: [{ request: { get: \"https://api.example.com/file/{item.id}\" }, decode: { ndjson: {} }, compression: gzip }]\n";
    for cursor in ["time: t, id: id", "windows: true, id: id"] {
        for lines in [3, 5_000] {
            let text: String = (0..lines).map(|n| format!("{{\"id\":{n}}}\n")).collect();
            let packed = gzip(&text);
            let body = |bytes: &[u8]| HttpResponse {
                body: bytes::Bytes::copy_from_slice(bytes),
                ..answer(200, &[], "")
            };
            let list = json!([{ "id": "a", "t": at(-60) }]).to_string();
            let cut = &packed[..packed.len() - 4];
            let vendor = Scripted::answers(vec![
                answer(200, &[], &list),
                body(cut),
                body(cut),
                body(&packed),
            ]);
            let bench = Bench::new(0);
            let report = run(&bench, &vendor, &by_time(keys, cursor)).await;
            assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
            assert_eq!(bench.delivered().await, (0..lines).collect::<Vec<_>>());
            // One that is never whole is not asked for without end.
            let vendor = Scripted::answers(
                std::iter::once(answer(200, &[], &list)).chain((0..9).map(|_| body(cut))).collect(),
            );
            let bench = Bench::new(0);
            let report = run(&bench, &vendor, &by_time(keys, cursor)).await;
            assert!(report.summary.error.unwrap().contains("page-not-understood"));
            assert_eq!(vendor.requests().len(), 6);
        }
    }
}

/// Of 60 records, listed by twenty, one of the first is deleted or changed meanwhile.
#[tokio::test]
async fn a_total_that_shrinks_while_pages_are_counted_has_them_read_again() {
    let page = |ids: std::ops::Range<u32>, total: u32| {
        let items: Vec<_> = ids.map(|id| json!({ "id": id, "time": at(-60) })).collect();
        json!({ "items": items, "total": total }).to_string()
    };
    let paging = "  next: { offset: { query: skip } }\n  stop: [{ total: total }]\n";
    let by_window = file(
        "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"",
        &format!("{paging}  cursor: {{ time: time, id: id, start: 1h, overlap: 60s }}\n"),
    );
    let listing = file("all: yes", &format!("{paging}  cursor: {{ listing: true, id: id }}\n"));
    let before = [page(0..20, 60), page(21..41, 59)];
    let after = [page(1..21, 59), page(21..41, 59), page(41..60, 59)];
    for file in [&by_window, &listing] {
        let bench = Bench::new(0);
        let pages: Vec<&str> = before.iter().chain(&after).map(|page| page.as_str()).collect();
        let report = run(&bench, &Scripted::bodies(&pages), file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        let mut delivered = bench.delivered().await;
        delivered.sort_unstable();
        assert_eq!(delivered, (0..60).collect::<Vec<_>>(), "20 had moved to the first page");
        assert_eq!((report.summary.duplicates, report.summary.missing), (19, 0));
    }
    // If it shrinks again, that is told.
    let again =
        [page(0..20, 60), page(21..41, 59), page(1..21, 59), page(22..42, 58), page(42..60, 58)];
    let again: Vec<&str> = again.iter().map(|page| page.as_str()).collect();
    let report = run(&Bench::new(0), &Scripted::bodies(&again), &by_window).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.missing, 1);
}

#[tokio::test]
async fn fewer_records_than_the_vendor_counts_are_told() {
    let bench = Bench::new(0);
    let file = file(
        "since: \"{window.start|rfc3339}\"",
        "  next: { offset: { query: skip } }\n  stop: [{ total: total }, empty_page]\n  cursor: { time: time, id: id, start: 1h, overlap: 60s }\n",
    );
    let some = json!({ "items": [{ "id": 1, "time": at(-60) }], "total": 3 }).to_string();
    let none = r#"{"items": [], "total": 3}"#;
    let vendor = Scripted::bodies(&[&some, none]);
    let summary = run(&bench, &vendor, &file).await.summary;
    assert_eq!((summary.delivered, summary.missing), (1, 2));
    bench.clock.set(at(60));
    vendor.more(&[r#"{"items": [], "total": 0}"#]);
    assert_eq!(run(&bench, &vendor, &file).await.summary.missing, 0);
}
