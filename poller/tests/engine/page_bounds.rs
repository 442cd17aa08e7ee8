//! What a page may take of memory, which a few bytes of it can be many of.

use mef_poller::RunEnd;
use mef_ports::{DeadLetters, Stage};
use serde_json::json;

use crate::decoding::{bytes, poll, read, refused_once};
use crate::scripted::records;

/// `count` times `one` in a list.
fn list(one: &str, count: usize) -> String {
    format!("[{}{one}]", format!("{one},").repeat(count - 1))
}

#[tokio::test]
async fn a_page_of_json_has_a_bound_of_records_as_one_of_lines_has() {
    for (records, page) in [
        ("records: items", format!("{{\"items\":{}}}", list("0", 200_001))),
        ("records: \"\"", list("0", 200_001)),
        ("records: [a, b]", format!("{{\"a\":{0},\"b\":{0}}}", list("0", 100_001))),
        // What leads on stands in the list, so that the page is read as a whole.
        (
            "records: items\n  next: { url: items.0 }",
            format!("{{\"items\":{}}}", list("\"\"", 200_001)),
        ),
        ("decode: xml\n  records: r.i", format!("<r>{}</r>", "<i/>".repeat(200_001))),
    ] {
        let said = refused_once(records, page.as_bytes()).await;
        assert!(said.contains("TooManyRecords(200000)"), "{records}: {said}");
    }
    assert_eq!(
        read("records: items\n  repeats: keep", format!("{{\"items\":{}}}", list("7", 2_000)))
            .await
            .len(),
        2_000
    );
}

/// Eight megabytes of `0,` beside an empty list took half a gigabyte.
#[tokio::test]
async fn what_stands_around_the_records_has_a_bound_of_values() {
    let (few, many) = (list("0", 100_000), list("0", 900_001));
    for (records, page) in [
        ("records: items", format!("{{\"items\":[],\"a\":{few},\"b\":{many}}}")),
        ("record: one", format!("{{\"one\":{{\"a\":{few},\"b\":{many}}}}}")),
        ("decode: xml\n  records: r.i", format!("<r>{}</r>", "<a b=''/>".repeat(500_000))),
    ] {
        let said = refused_once(records, page.as_bytes()).await;
        assert!(said.contains("TooManyValues(1000000)"), "{records}: {said}");
    }
    assert_eq!(read("records: items", format!("{{\"items\":[{{}}],\"a\":{few}}}")).await.len(), 1);
}

#[tokio::test]
async fn a_record_of_too_many_values_is_a_dead_letter() {
    let page = format!("{{\"items\":[{{\"id\":1}},{}]}}", list("0", 1_000_001));
    let (bench, _, report) = poll("records: items", vec![bytes(page)]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(records(&bench).await, [json!({"id": 1})]);
    let letters = DeadLetters::list(&bench.store, Some("acme"), usize::MAX).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.stage).collect::<Vec<_>>(), [Stage::Decode]);
}

/// It stays in memory while what it lists is asked for.
#[tokio::test]
async fn a_page_of_items_has_a_bound_of_values() {
    let items = list(&list("0", 1_000), 1_001);
    let details = "records: \"\"\n  details: [{ request: { get: \"https://api.example.com/{item}\" }, records: \"\" }]";
    let said = refused_once(details, items.as_bytes()).await;
    assert!(said.contains("TooManyValues(1000000)"), "{said}");
}

/// Of each row the names of the columns come again: 24 kilobytes took 1.5 gigabytes.
#[tokio::test]
async fn rows_have_a_bound_of_what_they_are_with_their_names() {
    let csv = "decode: { csv: {} }";
    let mut names: Vec<_> = (0..1_000).map(|n| format!("{n:0>200}")).collect();
    names[0] = "id".to_owned();
    let page = format!("{}\n{}", names.join(","), format!("{}\n", ",".repeat(999)).repeat(90));
    assert!(page.len() < 1 << 20);
    let small = format!("{csv}\n  max_page: 1MiB");
    let said = refused_once(&small, page.as_bytes()).await;
    assert!(said.contains("TooManyBytes(16777216)"), "{said}");
    let wide: Vec<_> = (0..1_001).map(|n| n.to_string()).collect();
    let said = refused_once(csv, wide.join(",").as_bytes()).await;
    assert!(said.contains("1000 columns"), "{said}");
}
