//! Rows of CSV that stand between two lines, before a footer that leads on.

use mef_poller::RunEnd;
use serde_json::{Value, json};

use crate::decoding::{read, refused, refused_once};
use crate::scripted::{Scripted, records, run};
use crate::support::Bench;

const LINES: &str = "decode: { csv: { after: \"--BEGIN BODY, CSV\", before: \"--END BODY\" } }";

#[tokio::test]
async fn rows_are_read_between_two_lines() {
    let expected = [json!({"id": "1", "x": "--END BODY\na"}), json!({"id": "2", "x": ""})];
    for body in [
        "a \nb,c\n--BEGIN BODY, CSV\nid,x\n1,\"--END BODY\na\"\n2,\n--END BODY\n",
        "\u{feff}--BEGIN BODY, CSV\r\n\r\nid,x\r\n1,\"--END BODY\na\"\r\n2,\r\n--END BODY",
        "--BEGIN BODY, CSV\nid,x\n1,\"--END BODY\na\"\n2,\n--END BODY\nWARNING\n1,2,3,4\n",
    ] {
        assert_eq!(read(LINES, body).await, expected, "{body}");
    }
    for empty in ["--BEGIN BODY, CSV\n--END BODY\n", "--BEGIN BODY, CSV\nid,x\n--END BODY\n"] {
        assert_eq!(read(LINES, empty).await, Vec::<Value>::new(), "{empty}");
    }
    let after = "decode: { csv: { after: rows } }";
    assert_eq!(read(after, "\nrows\nid\n1\n").await, [json!({"id": "1"})]);
    let before = "decode: { csv: { columns: [id], before: end } }";
    assert_eq!(read(before, "1\nend\n").await, [json!({"id": "1"})]);
}

/// Half of a page would be delivered, and its window left behind.
#[tokio::test]
async fn rows_that_end_before_their_last_line_are_cut_off() {
    for cut in ["", "id,x\n", "id,x\n1,2\n", "id,x\n1,2\n--END BOD", "id,x\n1,2\n3"] {
        refused(LINES, format!("--BEGIN BODY, CSV\n{cut}").as_bytes()).await;
    }
    for other in ["", "<html>\n", "id,x\n1,2\n--END BODY\n"] {
        assert!(refused_once(LINES, other.as_bytes()).await.contains("no line"), "{other}");
    }
    let foot = format!("--BEGIN BODY, CSV\n--END BODY\n{}", "a\n".repeat(1_001));
    assert!(refused_once(LINES, foot.as_bytes()).await.contains("1000 rows"));
}

#[tokio::test]
async fn what_follows_the_rows_leads_on() {
    let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
                request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }\n  \
                next: { url: \"3.2\" }\n  \
                decode: { csv: { after: \"----BEGIN_RESPONSE_BODY_CSV\", before: \"----END_RESPONSE_BODY_CSV\" } }\n  \
                cursor: { time: t, id: id, start: 1h, overlap: 60s }\n";
    let body =
        |id| format!("----BEGIN_RESPONSE_BODY_CSV\n\"id\"\n\"{id}\"\n----END_RESPONSE_BODY_CSV\n");
    let footer = "----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n\"CODE\",\"TEXT\",\"URL\"\n\
                  \"1980\",\"1000 record limit exceeded.\",\"https://api.example.com/logs?id_max=7&n=2\"\n\
                  ----END_RESPONSE_FOOTER_CSV\n";
    let (bench, vendor) =
        (Bench::new(0), Scripted::bodies(&[&format!("{}{footer}", body(1)), &body(2)]));
    let report = run(&bench, &vendor, file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let requests = vendor.requests();
    assert_eq!(requests[1], "GET /logs?id_max=7&n=2");
    assert_eq!(records(&bench).await, [json!({"id": "1"}), json!({"id": "2"})]);
}
