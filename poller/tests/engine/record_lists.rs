//! Where a page has its records: in several lists, or as the one that it is.

use serde_json::{Value, json};

use crate::decoding::{read, refused_once};
use crate::pages::{caught_up, file};
use crate::scripted::{Scripted, records, run};
use crate::support::Bench;

#[tokio::test]
async fn records_of_several_lists_follow_each_other_as_the_lists_are_named() {
    let lists = "records: [clicks.permitted, clicks.blocked, messages]";
    let page = json!({
        "messages": [{"id": 4}],
        "clicks": {"blocked": [{"id": 3}], "permitted": [{"id": 1}, {"id": 2}]},
        "queryEndTime": "2026-11-24T10:00:00Z",
    });
    let expected = [1, 2, 3, 4].map(|id| json!({"id": id}));
    assert_eq!(read(lists, page.to_string()).await, expected);
    let xml = "<r><b><id>3</id></b><a><id>1</id></a><a><id>2</id></a></r>";
    let lists = "decode: xml\n  records: [r.a, r.b]";
    assert_eq!(read(lists, xml).await, ["1", "2", "3"].map(|id| json!({"id": id})));
}

#[tokio::test]
async fn one_of_several_lists_may_be_missing_only_where_the_source_says_so() {
    let lists = "records: [a, b]";
    for page in ["{\"a\":[{\"id\":1}]}", "{\"a\":[{\"id\":1}],\"b\":null}"] {
        assert!(refused_once(lists, page.as_bytes()).await.contains("\"/b\""), "{page}");
        let lists = format!("{lists}\n  missing_records: empty");
        assert_eq!(read(&lists, page).await, [json!({"id": 1})], "{page}");
    }
}

#[tokio::test]
async fn records_of_several_lists_are_counted_together() {
    for paging in [
        "next: { offset: { query: p } }\n  stop: [{ short_page: 3 }]",
        "next: { offset: { query: p } }\n  stop: [{ total: total }]",
    ] {
        let file = format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
             request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start}}\" }} }}\n  \
             records: [a, b]\n  {paging}\n  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n"
        );
        let pages = [
            "{\"b\":[{\"id\":3}],\"a\":[{\"id\":1},{\"id\":2}],\"total\":5}",
            "{\"b\":[{\"id\":5}],\"a\":[{\"id\":4}],\"total\":5}",
        ];
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(&pages));
        caught_up(&run(&bench, &vendor, &file).await);
        let requests = vendor.requests();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert!(requests[1].ends_with("&p=3"), "{requests:?}");
        assert_eq!(records(&bench).await, [1, 2, 3, 4, 5].map(|id| json!({"id": id})));
    }
}

/// Half of a surrogate pair is JSON by its form, and no text.
#[tokio::test]
async fn a_record_of_several_lists_that_cannot_be_read_holds_up_no_other() {
    let page = "{\"a\":[{\"id\":1},{\"id\":\"\\ud800\"}],\"b\":[{\"id\":3}]}";
    assert_eq!(read("records: [a, b]", page).await, [json!({"id": 1}), json!({"id": 3})]);
}

/// It was passed over in silence, whatever the vendor had answered instead.
#[tokio::test]
async fn a_page_without_its_one_record_is_not_understood() {
    let record = "record: data.user";
    let page = "{\"data\":{\"user\":{\"id\":1}}}";
    assert_eq!(read(record, page).await, [json!({"id": 1})]);
    let empty = format!("{record}\n  missing_records: empty");
    for none in ["{\"data\":{\"user\":null}}", "{\"data\":{}}"] {
        assert!(refused_once(record, none.as_bytes()).await.contains("/data/user"), "{none}");
        assert_eq!(read(&empty, none).await, Vec::<Value>::new(), "{none}");
    }
    for other in ["{\"error\":\"unavailable\"}", "[]", "null"] {
        refused_once(record, other.as_bytes()).await;
        refused_once(&empty, other.as_bytes()).await;
    }
    refused_once("record: \"\"", b"null").await;
    refused_once("decode: xml\n  record: a.b", b"<a/>").await;
    let xml = "decode: xml\n  record: a.b\n  missing_records: empty";
    assert_eq!(read(xml, "<a/>").await, Vec::<Value>::new());
}

/// The advice to take a page for an empty one would hide the mistake and lose every record.
#[tokio::test]
async fn where_the_path_is_wrong_the_names_on_the_page_are_told_and_nothing_is_hidden() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    for (body, says) in [
        (
            "{\"data\":[{\"id\":1}],\"meta\":{}}",
            "found nothing: the page has `data` (a list of 1), `meta` (an object); did you mean `data`?",
        ),
        ("{\"items\":{\"list\":[{\"id\":1}]}}", "found an object: did you mean `items.list`?"),
        ("[{\"id\":1}]", "did you mean `\"\"`?"),
        (
            "{\"error\":{\"message\":\"the quota is used up\"}}",
            "the vendor says: error: message: the quota is used up",
        ),
        ("{\"message\":\"no such stream\"}", "the vendor says: message: no such stream"),
    ] {
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[body]));
        let report = run(&bench, &vendor, &file(paging)).await;
        let error = report.summary.error.unwrap();
        assert!(error.contains(says), "{body}: {error}");
        assert!(!error.contains("missing_records"), "{body}: {error}");
    }
}
