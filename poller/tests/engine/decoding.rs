//! Pages in every format: whole, cut off, and too large.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, StatusCode};
use mef_poller::{RunEnd, RunReport};
use mef_ports::{DeadLetters, HttpResponse, Position, RawRecord, Stage};
use serde_json::{Value, json};

use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer};

/// A source by time whose pages are read as `decode` says.
pub(crate) fn file(decode: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
         request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start}}\" }} }}\n  \
         {decode}\n  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n"
    )
}

pub(crate) fn bytes(body: impl Into<Bytes>) -> HttpResponse {
    HttpResponse { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() }
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, body) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(body).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) async fn poll(
    decode: &str,
    answers: Vec<HttpResponse>,
) -> (Bench, Arc<Scripted>, RunReport) {
    let (bench, vendor) = (Bench::new(0), Scripted::answers(answers));
    let report = run(&bench, &vendor, &file(decode)).await;
    (bench, vendor, report)
}

/// What comes of one page.
pub(crate) async fn read(decode: &str, body: impl Into<Bytes>) -> Vec<Value> {
    let (bench, _, report) = poll(decode, vec![bytes(body)]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    records(&bench).await
}

/// What is said of a page that is refused, as often as it is asked for.
pub(crate) async fn refused(decode: &str, body: &[u8]) -> String {
    refused_times(5, decode, body).await
}

/// What is said of a page that would be no other the next time.
pub(crate) async fn refused_once(decode: &str, body: &[u8]) -> String {
    refused_times(1, decode, body).await
}

async fn refused_times(times: usize, decode: &str, body: &[u8]) -> String {
    let answers = (0..5).map(|_| bytes(body.to_vec())).collect();
    let (bench, vendor, report) = poll(decode, answers).await;
    let said = format!("{report:?}");
    assert!(matches!(report.end, RunEnd::Failed(_)), "{said}");
    assert_eq!(bench.done().await, None);
    assert_eq!(vendor.requests().len(), times, "{said}");
    assert_eq!(records(&bench).await, Vec::<Value>::new());
    said
}

const LINES: &[u8] = b"{\"id\":1}\n\n{\"id\":9007199254740993,\"x\":1.10}\r\n{\"id\":3}";

fn expected() -> Vec<Value> {
    serde_json::from_str(r#"[{"id":1},{"id":9007199254740993,"x":1.10},{"id":3}]"#).unwrap()
}

#[tokio::test]
async fn lines_are_records_in_any_compression() {
    let decode = "decode: { ndjson: {} }";
    assert_eq!(read(decode, LINES).await, expected());
    assert_eq!(read(decode, gzip(LINES)).await, expected());
    let (first, second) = LINES.split_at(9);
    assert_eq!(read(decode, zip(&[("a", first), ("b", second)])).await, expected());
    assert_eq!(read(decode, Bytes::new()).await, Vec::<Value>::new());
    let exported = zip(&[("a.gz", &gzip(first)), ("b.gz", &gzip(second)), ("empty", b"")]);
    assert_eq!(read(decode, exported).await, expected());
    for (compression, body) in [("gzip", gzip(LINES)), ("zip", zip(&[("a", LINES)]))] {
        let decode = format!("{decode}\n  compression: {compression}");
        assert_eq!(read(&decode, body).await, expected());
        refused(&decode, LINES).await;
    }
}

#[tokio::test]
async fn json_of_several_files_is_joined() {
    let files = zip(&[("a.json", b"{\"v\":[{\"id\":1}]}"), ("b.json", b"{\"v\":[{\"id\":2}]}")]);
    assert_eq!(read("records: v", files).await, [json!({"id": 1}), json!({"id": 2})]);
    assert_eq!(read("records: v", gzip(b"{\"v\":[{\"id\":1}]}")).await, [json!({"id": 1})]);
}

#[tokio::test]
async fn what_is_cut_off_or_garbled_is_no_page() {
    let lines = "decode: { ndjson: {} }";
    assert!(refused(lines, b"{\"id\":1}\n{\"id\":").await.contains("line 2"));
    let packed = gzip(LINES);
    refused(lines, &packed[..packed.len() - 4]).await;
    let mut flipped = zip(&[("a", LINES)]);
    let at = flipped.windows(4).position(|four| four == &LINES[3..7]).unwrap_or(40);
    flipped[at] ^= 1;
    refused(lines, &flipped).await;
    refused("decode: { csv: {} }", b"id,t\n1,2\n3\n").await;
    refused("decode: xml\n  records: a.b", b"<a><b><id>1</id></b>").await;
}

#[tokio::test]
async fn n15_nothing_grows_beyond_the_largest_page() {
    let bomb = vec![b' '; 5_000_000];
    let document = format!("<a>{}</a>", " ".repeat(2_000_000)).into_bytes();
    for (decode, packed) in [
        ("decode: { ndjson: {} }", gzip(&bomb)),
        ("records: \"\"", gzip(&bomb)),
        ("decode: { csv: {} }", zip(&[("a", &bomb)])),
        ("decode: xml\n  records: a", zip(&[("a", &document), ("b", &document)])),
    ] {
        assert!(packed.len() < 20_000);
        let said = refused_once(&format!("{decode}\n  max_page: 3MiB"), &packed).await;
        assert!(said.contains("TooLarge(3145728)"), "{said}");
    }
}

/// A gigabyte of rows in two megabytes: what is held as a whole has a bound, and
/// what is a file of details is read in parts.
#[tokio::test]
async fn n15_a_gigabyte_of_rows_is_read_to_the_bound_and_no_further() {
    let rows = "1,name\n".repeat(153_392);
    let packed = gzip(rows.as_bytes()).repeat(1_000);
    assert!(rows.len() * 1_000 > 1 << 30);
    let csv = "decode: { csv: { columns: [id, name] } }";
    let (bench, vendor, report) = poll(csv, vec![bytes(packed)]).await;
    let RunEnd::Failed(error) = report.end else { panic!("{report:?}") };
    assert!(format!("{error:?}").contains("TooManyRecords(200000)"), "{error:?}");
    assert_eq!((vendor.requests().len(), records(&bench).await.len()), (1, 0), "asked once");
}

const FILES: &str =
    "records: \"\"\n  details: [{ request: { get: \"{item.uri}\" }, decode: { csv: {} } }]";

/// Rows `from` to `to` of a file.
fn rows(from: u32, to: u32) -> String {
    (from..=to).map(|id| format!("{id},x\n")).collect()
}

#[tokio::test]
async fn a_file_of_details_without_content_has_no_rows() {
    let list = "[{\"id\":1,\"t\":\"2026-11-24T09:30:00Z\",\"uri\":\"/file\"}]";
    let files = FILES.replace("{ csv: {} }", "{ csv: {} }, compression: gzip");
    let (_, vendor, report) = poll(&files, vec![bytes(list), answer(204, &[], "")]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((vendor.requests().len(), report.summary.gone), (2, 0));
}

#[tokio::test]
async fn a_file_of_details_is_delivered_in_parts_and_one_that_is_cut_comes_again() {
    let list = || answer(200, &[], "[{\"id\":1,\"t\":\"2026-11-24T09:30:00Z\",\"uri\":\"/file\"}]");
    let file = gzip(format!("id,name\n{}", rows(1, 9_000)).as_bytes());
    let cut = file[..file.len() * 2 / 3].to_vec();
    let answers = std::iter::once(list()).chain((0..5).map(|_| bytes(cut.clone())));
    let (bench, vendor, report) = poll(FILES, answers.collect()).await;
    let RunEnd::Failed(error) = report.end else { panic!("{report:?}") };
    assert!(format!("{error:?}").contains("page-not-understood"), "{error:?}");
    let first = records(&bench).await.len();
    assert!((2_000..9_000).contains(&first), "{first}");
    assert_eq!(bench.done().await, None);
    let rest = Scripted::answers(vec![list(), bytes(file)]);
    let report = run(&bench, &rest, &self::file(FILES)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let all = records(&bench).await;
    assert_eq!(all.len(), first + 9_000);
    assert_eq!(
        all[first..].iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
        (1..=9_000).map(|id: u32| id.to_string()).collect::<Vec<_>>()
    );
    assert_eq!(vendor.requests().len() + rest.requests().len(), 8);
}

#[tokio::test]
async fn rows_are_objects_of_texts() {
    let rows = b"\xef\xbb\xbfid,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n9007199254740993,\r\n";
    let expected =
        [json!({"id": "1", "text": "a, \"b\"\nc"}), json!({"id": "9007199254740993", "text": ""})];
    assert_eq!(read("decode: { csv: {} }", rows.to_vec()).await, expected);
    let own = "decode: { csv: { separator: \"\\t\", columns: [id, x] } }";
    assert_eq!(read(own, "1\ta;b\n").await, [json!({"id": "1", "x": "a;b"})]);
    assert!(refused_once("decode: { csv: {} }", b"id,id\n1,2\n").await.contains("two columns"));
}

/// Half a row was delivered, and its page counted as read.
#[tokio::test]
async fn a_page_of_rows_that_is_cut_inside_quotes_is_cut_off() {
    let csv = "decode: { csv: {} }";
    for cut in ["id,text\n1,\"a", "id,text\n1,\"a\n", "id,text\n1,\"", "id,text\n1,\"a\"\"", "\"id"]
    {
        assert!(refused(csv, cut.as_bytes()).await.contains("quote"), "{cut}");
    }
    for whole in ["id,text\n1,\"a\"", "id,text\n1,\"a\"\r\n\n", "id,text\n1,a\r"] {
        assert_eq!(read(csv, whole).await, [json!({"id": "1", "text": "a"})], "{whole}");
    }
    assert_eq!(read("decode: { csv: { columns: [a] } }", "end").await, [json!({"a": "end"})]);
    assert_eq!(read(csv, "").await, Vec::<Value>::new());
}

/// It was asked for five times, as if it had been garbled on its way.
#[tokio::test]
async fn html_where_json_is_wanted_is_told_at_once() {
    for html in [
        "<!DOCTYPE html><html>Sign in</html>",
        "\u{feff}\r\n <html>",
        "<?xml version=\"1.0\"?><e/>",
    ] {
        for decode in ["records: items", "record: \"\"", "decode: { ndjson: {} }"] {
            assert!(refused_once(decode, html.as_bytes()).await.contains("login page"), "{html}");
        }
        assert!(refused_once("records: v", &gzip(html.as_bytes())).await.contains("login page"));
    }
    assert!(!refused("records: v", b"{\"v\": <").await.contains("login page"));
}

#[tokio::test]
async fn an_error_page_is_not_taken_for_a_head_row() {
    let csv = "decode: { csv: {} }";
    for other in ["<html>\n<body>\n", "\n  {\"error\":1}", "\u{feff}[]", "[\"a\"]\n"] {
        assert!(refused_once(csv, other.as_bytes()).await.contains("head row"), "{other}");
        assert!(refused_once(csv, &gzip(other.as_bytes())).await.contains("head row"), "{other}");
    }
    let own = "decode: { csv: { columns: [x] } }";
    assert_eq!(read(own, "<a>\n").await, [json!({"x": "<a>"})]);
}

#[tokio::test]
async fn rows_of_uneven_length_are_asked_for_again_only_where_the_last_is_short() {
    let csv = "decode: { csv: {} }";
    assert!(refused(csv, b"id,t\n1,2\n3").await.contains("1 values for 2 columns"));
    // With no row that fits, it is another kind of table.
    refused_once(csv, b"id,t\n1\n2,3,4\n").await;
    refused_once(csv, b"id,t\n1,2,3\n").await;
}

#[tokio::test]
async fn lines_of_text_are_records() {
    let text = b"\xef\xbb\xbf1_a.log\r\n\n 2_b.log \nlast";
    let expected = ["1_a.log", " 2_b.log ", "last"].map(|line| json!({ "line": line }));
    assert_eq!(read("decode: lines", text.to_vec()).await, expected);
    assert_eq!(read("decode: lines", gzip(text)).await, expected);
    let many = "x\n".repeat(200_001);
    assert!(refused_once("decode: lines", many.as_bytes()).await.contains("TooManyRecords"));
}

#[tokio::test]
async fn lines_of_text_list_files_of_lines_of_text() {
    let files = "decode: lines\n  details: [{ request: { get: \"https://api.example.com/{item.line}\" }, decode: lines }]";
    let answers = vec![bytes("a.log\nb.log\n"), bytes("x\ny\n"), bytes("z")];
    let (bench, vendor, report) = poll(files, answers).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests()[1..], ["GET /a.log", "GET /b.log"]);
    assert_eq!(records(&bench).await, ["x", "y", "z"].map(|line| json!({ "line": line })));
}

#[tokio::test]
async fn a_map_of_records_is_read_in_the_order_of_the_page() {
    let values = "records: { values: data }";
    let page = "{\"data\":{\"Event2\":{\"id\":2},\"Event1\":{\"id\":1}},\"next\":null}";
    assert_eq!(read(values, page).await, [json!({"id": 2}), json!({"id": 1})]);
    // So an empty map is written in PHP.
    for none in ["{\"data\":{}}", "{\"data\":[]}"] {
        assert_eq!(read(values, none).await, Vec::<Value>::new());
    }
    for other in ["{}", "{\"data\":\"none\"}"] {
        assert!(refused_once(values, other.as_bytes()).await.contains("NoRecords"));
    }
    assert_eq!(
        read(&format!("{values}\n  missing_records: empty"), "{}").await,
        Vec::<Value>::new()
    );
    let pages = format!("{values}\n  next: {{ page: {{ start: 1, query: page }} }}");
    let (_, vendor, report) = poll(&pages, vec![bytes(page), bytes("{\"data\":{}}")]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests().len(), 2, "a page of two is not empty");
}

const TRAILER: &str = "next: { token: { from: offset, query: offset } }\n  \
                       decode: { ndjson: { trailer: { has: [total, offset] } } }";

#[tokio::test]
async fn the_last_line_leads_on_and_is_no_record() {
    let (bench, vendor, report) = poll(
        TRAILER,
        vec![
            bytes("{\"id\":1}\n{\"total\":1,\"offset\":\"b;1\"}\n"),
            bytes("{\"id\":2,\"total\":7}\n{\"total\":0,\"offset\":null}\n"),
        ],
    )
    .await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(records(&bench).await, [json!({"id": 1}), json!({"id": 2, "total": 7})]);
    assert!(vendor.requests()[1].ends_with("&offset=b%3B1"));
}

#[tokio::test]
async fn n17_a_page_without_its_trailer_is_incomplete_and_never_commits() {
    assert!(refused(TRAILER, b"{\"id\":1}\n{\"id\":2}\n").await.contains("NoTrailer"));
    let (bench, vendor, report) = poll(
        TRAILER,
        vec![bytes("{\"id\":1}\n"), bytes("{\"id\":1}\n{\"id\":2}\n{\"total\":0,\"offset\":null}")],
    )
    .await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(records(&bench).await.len(), 2);
    assert_eq!(vendor.requests().len(), 2);
}

#[tokio::test]
async fn a_trailer_that_may_be_missing_leaves_the_token_as_it_was() {
    let file = "
source: acme
poll:
  schedule: rate(1 minute)
  request:
    get: https://api.example.com/siem
    query: { from: \"{cursor.start|epoch}\", offset: \"{cursor.token}\" }
  then: { repeat: none }
  next: { token: { from: offset, query: offset } }
  decode: { ndjson: { trailer: { has: [total, offset], missing: last } } }
  cursor: { token: offset, id: id, start: 1h }
";
    let pages = ["{\"id\":1}\n{\"total\":1,\"offset\":\"b\"}", "{\"id\":2}\n"];
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&pages));
    let report = run(&bench, &vendor, file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.done, Some(Position::Token("b".to_owned())));
    assert_eq!(vendor.requests(), ["GET /siem?from=1795510800", "GET /siem?offset=b"]);
    assert_eq!(records(&bench).await, [json!({"id": 1}), json!({"id": 2})]);
}

#[tokio::test]
async fn an_answer_without_content_is_an_empty_page() {
    let mut nothing = bytes(Bytes::new());
    nothing.status = StatusCode::NO_CONTENT;
    let (bench, _, report) = poll("records: items", vec![nothing]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert!(bench.done().await.is_some());
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_a_dead_letter_and_the_others_go_on() {
    let deep = format!("{{\"id\":4,\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let half = "{\"id\":\"\\ud83d\"}";
    let page = format!("{{\"items\":[{{\"id\":1}},{half},{{\"id\":3}},{deep}]}}");
    let (bench, _, report) = poll("records: items", vec![bytes(page)]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.delivered, report.summary.rejected), (2, 2));
    assert_eq!(records(&bench).await, [json!({"id": 1}), json!({"id": 3})]);
    assert!(bench.done().await.is_some());
    let letters = DeadLetters::list(&bench.store, Some("acme"), usize::MAX).await.unwrap();
    assert!(letters.iter().all(|letter| letter.stage == Stage::Decode), "{letters:?}");
    let mut raw: Vec<_> = letters.into_iter().map(|letter| letter.raw).collect();
    raw.sort_by_key(|raw| format!("{raw:?}").len());
    assert_eq!(raw, [RawRecord::Text(half.to_owned()), RawRecord::Text(deep)]);
}

/// It was asked for five times by each run, since nothing is no gzip.
#[tokio::test]
async fn an_empty_body_is_an_empty_page_whatever_it_would_have_been_packed_in() {
    for decode in ["{ ndjson: {} }", "{ csv: {} }", "lines"] {
        for compression in ["auto", "gzip", "zip"] {
            let decode = format!("decode: {decode}\n  compression: {compression}");
            assert_eq!(read(&decode, Bytes::new()).await, Vec::<Value>::new(), "{decode}");
        }
    }
}
