//! Good statuses that bring no page: each ended a window, and nothing asked for it again.

use http::HeaderValue;
use mef_poller::RunEnd;
use mef_ports::HttpResponse;
use serde_json::{Value, json};

use crate::decoding::{poll, read, refused_once};
use crate::pages::{caught_up, file, page};
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer, at};

const CSV: &str = "decode: { csv: {} }";
const NDJSON: &str = "decode: { ndjson: {} }";

/// Polls a source with `decode` for a vendor that first answers so, each time that it is asked in one
/// run, and then has a page. Returns how the first run ended.
async fn then_read(decode: &str, no_page: HttpResponse, good: &str) -> RunEnd {
    let (bench, vendor, report) = poll(decode, vec![no_page; 5]).await;
    assert_eq!(bench.done().await, None, "{report:?}");
    assert_eq!(records(&bench).await, Vec::<Value>::new(), "{report:?}");
    vendor.left();
    vendor.more(&[good]);
    bench.clock.set(at(30));
    let report_then = run(&bench, &vendor, &crate::decoding::file(decode)).await;
    caught_up(&report_then);
    assert_eq!(records(&bench).await.len(), 1, "{decode}");
    report.end
}

#[tokio::test]
async fn text_in_place_of_csv_is_no_head_row() {
    for text in [
        "Error: rate limit exceeded, try again later\n",
        "Internal error",
        "\n",
        "\r\n\n",
        "ERROR 500\nsomething failed\n",
        "t,\"x\n",
    ] {
        let end = then_read(CSV, answer(200, &[], text), "id,t\n1,2026-11-24T09:30:00Z\n").await;
        assert!(matches!(end, RunEnd::Failed(_)), "{text}: {end:?}");
    }
    let said = refused_once(CSV, b"Error: rate limit exceeded, try again later\n").await;
    assert!(said.contains("its first row has no column of `/t` or `/id`"), "{said}");
    // Without a row or a byte it is an empty page all the same.
    for empty in ["", "id\n", "id,t\n", "t,x,id", "\u{feff}id,t\n"] {
        assert_eq!(read(CSV, empty).await, Vec::<Value>::new(), "{empty}");
    }
}

/// Such a file was never asked for again.
#[tokio::test]
async fn text_in_place_of_a_file_of_rows_leaves_the_file_for_the_next_run() {
    let decode = "records: files\n  details:\n    - request: { get: \"https://api.example.com/f/{item.id}\" }\n      decode: { csv: {} }";
    let list = json!({ "files": [{ "id": "a", "t": at(-60) }] }).to_string();
    for (text, map) in [
        ("Service temporarily unavailable", ""),
        ("Service unavailable, try again later", "{ID}"),
        ("ERROR 500\nsomething failed\n", "{ID}"),
        ("\n", ""),
    ] {
        let map = match map {
            "" => String::new(),
            map => format!("event:\n  map: {{ summary: \"{map}\" }}\n"),
        };
        let file = format!("{}{map}", crate::decoding::file(decode));
        let bench = Bench::new(0);
        let vendor = Scripted::bodies(&[&list, text, &list, "ID,X\n1,x\n"]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{text}: {report:?}");
        caught_up(&run(&bench, &vendor, &file).await);
        assert_eq!(records(&bench).await, [json!({"ID": "1", "X": "x"})], "{text}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_ready_is_asked_for_again_later() {
    for (decode, good) in [
        (CSV, "id,t\n1,2026-11-24T09:30:00Z\n"),
        (NDJSON, "{\"id\":1}\n"),
        ("records: \"\"", "[{\"id\":1}]"),
        ("records: \"\"\n  missing_records: empty", "[{\"id\":1}]"),
    ] {
        let end = then_read(decode, answer(202, &[], ""), good).await;
        assert!(matches!(end, RunEnd::NotReady { .. }), "{decode}: {end:?}");
    }
    let later = answer(202, &[("retry-after", "60".to_owned())], "{\"state\":\"queued\"}");
    let (_, vendor, report) = poll(NDJSON, vec![later]).await;
    assert!(matches!(report.end, RunEnd::NotReady { until } if until == at(60)), "{report:?}");
    assert_eq!(vendor.requests().len(), 1);
    // JSON shows that the page is there.
    let (bench, _, report) = poll("records: \"\"", vec![answer(202, &[], "[{\"id\":1}]")]).await;
    caught_up(&report);
    assert_eq!(records(&bench).await.len(), 1);
}

#[tokio::test]
async fn a_part_of_a_page_is_refused_and_asked_for_again() {
    let half = "{\"id\":1}\n";
    for range in [Some("bytes 0-499/999"), Some("bytes 0-8/*"), Some("bytes 1-8/9"), None] {
        let mut part = answer(206, &[], half);
        if let Some(range) = range {
            part.headers.insert("content-range", HeaderValue::from_static(range));
        }
        let end = then_read(NDJSON, part, half).await;
        assert!(matches!(end, RunEnd::Failed(_)), "{range:?}: {end:?}");
    }
    // The whole range of bytes, and pages that are counted in another unit.
    for range in ["bytes 0-8/9", "records 0-199/400", "id a..b; max=200"] {
        let mut whole = answer(206, &[], half);
        whole.headers.insert("content-range", HeaderValue::from_static(range));
        let (bench, _, report) = poll(NDJSON, vec![whole]).await;
        caught_up(&report);
        assert_eq!(records(&bench).await.len(), 1, "{range}");
    }
}

#[tokio::test]
async fn a_status_that_brings_no_page_is_none_without_a_body() {
    for status in [201, 205, 206] {
        for decode in [CSV, NDJSON, "decode: lines", "records: \"\""] {
            let (bench, _, report) = poll(decode, vec![answer(status, &[], ""); 5]).await;
            assert!(matches!(report.end, RunEnd::Failed(_)), "{status} {decode}: {report:?}");
            assert_eq!(bench.done().await, None);
        }
        let ignored =
            format!("{NDJSON}\n  errors: [{{ when: {{ status: {status} }}, do: ignore }}]");
        caught_up(&poll(&ignored, vec![answer(status, &[], "")]).await.2);
    }
}

/// The rest of the window was lost.
#[tokio::test]
async fn a_page_that_was_named_and_has_no_content_is_asked_for_again() {
    let get = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    for (more, nothing) in [
        ("", answer(204, &[], "")),
        ("\n  missing_records: empty", answer(200, &[], "")),
        ("\n  missing_records: empty", answer(200, &[], "\n")),
    ] {
        let paging = format!("{get}\n  next: {{ token: {{ from: next, query: at }} }}{more}");
        let first = answer(200, &[], &page(&[1], ",\"next\":\"b\""));
        let mut answers = vec![nothing.clone(); 6];
        answers[0] = first.clone();
        let (bench, vendor) = (Bench::new(0), Scripted::answers(answers));
        let report = run(&bench, &vendor, &file(&paging)).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
        assert!(report.summary.error.unwrap().contains("write `empty_page` under `stop`"));
        assert_eq!((bench.delivered().await, bench.done().await), (vec![1], None));
        vendor.requests();
        vendor.more(&[&page(&[2], "")]);
        caught_up(&run(&bench, &vendor, &file(&paging)).await);
        assert_eq!(bench.delivered().await, [1, 2]);
        assert!(vendor.requests()[0].ends_with("&at=b"));
        // Where the file says that pages end so, they do.
        let (bench, vendor) = (Bench::new(0), Scripted::answers(vec![first, nothing]));
        let paging = format!("{paging}\n  stop: [empty_page]");
        caught_up(&run(&bench, &vendor, &file(&paging)).await);
        assert_eq!(bench.delivered().await, [1]);
    }
}

#[tokio::test]
async fn html_is_no_lines_of_text() {
    for (kind, body) in [
        (None, "<html><body>Log in</body></html>"),
        (None, "\n <!DOCTYPE html>\n<p>"),
        (Some("text/html; charset=utf-8"), "<head><title>Proxy</title></head>"),
        (Some("application/xhtml+xml"), "<?xml version=\"1.0\"?>"),
    ] {
        let mut html = answer(200, &[], body);
        if let Some(kind) = kind {
            html.headers.insert("content-type", HeaderValue::from_static(kind));
        }
        let end = then_read("decode: lines", html, "a line").await;
        assert!(matches!(end, RunEnd::Failed(_)), "{body}: {end:?}");
    }
    for (kind, body) in [("text/html", "<134>1 2026-11-24T10:00:00Z"), ("text/plain", "<Event/>")] {
        let mut page = answer(200, &[], body);
        page.headers.insert("content-type", HeaderValue::from_static(kind));
        let (bench, _, report) = poll("decode: lines", vec![page]).await;
        caught_up(&report);
        assert_eq!(records(&bench).await, [json!({ "line": body })]);
    }
}

/// It became an event, and the window counted as read.
#[tokio::test]
async fn an_error_object_alone_is_no_record() {
    let error = "{\"error\":{\"code\":500,\"message\":\"query timed out\"}}\n";
    for (decode, good) in [
        (NDJSON, "{\"id\":1,\"t\":\"2026-11-24T09:30:00Z\"}"),
        ("decode: json_seq", "{\"id\":1}"),
        ("decode: concatenated", "{\"id\":1}"),
        ("record: \"\"", "{\"id\":1}"),
    ] {
        let end = then_read(decode, answer(200, &[], error), good).await;
        let RunEnd::Failed(failed) = &end else { panic!("{decode}: {end:?}") };
        let said = format!("{failed:?}");
        assert!(said.contains("query timed out"), "{said}");
    }
    // A record may speak of an error.
    for record in ["{\"id\":1,\"error\":\"denied\"}", "{\"x\":1,\"error\":null}", "{\"x\":2}"] {
        assert_eq!(read(NDJSON, record).await.len(), 1, "{record}");
    }
    let said = refused_once(NDJSON, error.as_bytes()).await;
    assert!(said.contains("ErrorRecord"), "{said}");
    // So is one in place of a file of lines.
    let decode = "records: files\n  details:\n    - request: { get: \"https://api.example.com/f/{item.id}\" }\n      decode: { ndjson: {} }";
    let list = json!({ "files": [{ "id": "a", "t": at(-60) }] }).to_string();
    let file =
        format!("{}event:\n  map: {{ summary: \"{{what}}\" }}\n", crate::decoding::file(decode));
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[&list, error, &list, "{\"what\":\"x\"}"]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    caught_up(&run(&bench, &vendor, &file).await);
    assert_eq!(records(&bench).await, [json!({"what": "x"})]);
}
