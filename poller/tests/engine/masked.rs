//! What a vendor says back of our secrets is masked wherever an error shows it.

use mef_poller::RunReport;
use mef_ports::{BlobKey, Blobs, DeadLetters, RawRecord};
use serde_json::json;

use crate::scripted::{self, Scripted};
use crate::support::{Bench, answer};

fn file(query: &str, more: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {{ bearer: \"{{secret.token}}\" }}\n  \
         request: {{ get: \"https://api.example.com/logs\", query: {{ {query} }} }}\n  records: items\n  \
         cursor: {{ listing: true }}\n{more}"
    )
}

async fn refused(file: &str, said: &str) -> String {
    let vendor = Scripted::answers(vec![answer(400, &[], said)]);
    error(scripted::run(&Bench::new(1), &vendor, file).await)
}

fn error(report: RunReport) -> String {
    report.summary.error.unwrap_or_else(|| panic!("no error: {:?}", report.end))
}

#[tokio::test]
async fn half_a_secret_at_the_end_of_the_vendors_words_is_not_shown() {
    for before in ["x".repeat(195), " ".repeat(795), format!("{}é", "x ".repeat(97))] {
        let error = refused(&file("", ""), &format!("{before}s3cr3t-token")).await;
        assert!(error.contains("400 Bad Request") && !error.contains("s3"), "{error}");
    }
}

#[tokio::test]
async fn what_a_filter_makes_of_a_secret_is_not_shown() {
    for (filter, made) in [
        ("upper", "S3CR3T-TOKEN"),
        ("sha256_hex", "fb07916a0e7daf7f3f4823b7773f85a839a8dd46fbf3858b8f53d3fa463c8ef3"),
    ] {
        let query = format!("k: \"{{secret.token|{filter}}}\"");
        let error = refused(&file(&query, ""), &format!("no such key: {made}")).await;
        assert!(error.ends_with("(no such key: ***)"), "{error}");
    }
}

#[tokio::test]
async fn half_a_secret_in_the_name_of_a_partition_is_not_shown() {
    let more = "  partitions:\n    request:\n      name: \"{id}\"\n      request: { get: \"https://api.example.com/orgs\" }\n      records: items\n";
    let file = file("org: \"{partition}\"", more);
    let page = format!("{{\"items\":[{{\"id\":\"backfill {}s3cr3t-token\"}}]}}", "x".repeat(86));
    let error = error(scripted::run(&Bench::new(1), &Scripted::bodies(&[&page]), &file).await);
    assert!(error.contains("xxxx") && !error.contains("s3"), "{error}");
}

#[tokio::test]
async fn a_dead_letter_has_the_record_as_it_came_and_a_reason_without_secrets() {
    let file = file("", "event: { map: { summary: { jq: \"error(.echo)\" } } }\n");
    let bench = Bench::new(1);
    scripted::run(&bench, &Scripted::bodies(&[r#"{"items":[{"echo":"no s3cr3t-token"}]}"#]), &file)
        .await;
    let letters = DeadLetters::list(&bench.store, None, 10).await.unwrap();
    assert!(letters[0].reason.ends_with("no ***"), "{}", letters[0].reason);
    assert_eq!(letters[0].raw, RawRecord::Record(json!({"echo": "no s3cr3t-token"})));
}

/// `mef blobs show` prints it.
#[tokio::test]
async fn a_page_that_is_kept_for_a_person_has_no_secret_in_it() {
    let bench = Bench::new(1);
    let mut page = answer(200, &[], "");
    page.body = b"<p>\xff key s3cr3t-token \xe9 czNjcjN0LXRva2Vu".as_slice().into();
    let report = scripted::run(&bench, &Scripted::answers(vec![page; 5]), &file("", "")).await;
    assert!(error(report).contains("acme/page-not-understood"));
    let key = BlobKey("acme/page-not-understood".to_owned());
    let kept = Blobs::get(&bench.store, &key).await.unwrap();
    assert_eq!(kept.unwrap().as_ref(), b"<p>\xff key *** \xe9 ***");
}
