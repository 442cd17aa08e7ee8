//! The bytes of a page that was not understood.

use serde_json::Value;

use crate::support::{Folder, http, stderr, vendor};

fn log_source(origin: &str) -> String {
    format!(
        "source: log\npoll:\n  schedule: rate(1 minute)\n  \
         request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
         records: items\n  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n"
    )
}

const PAGE: &str = r#"{"data":[{"id":1,"t":"2026-11-01T00:00:00Z"}],"meta":{}}"#;

#[test]
fn the_bytes_of_a_page_that_is_not_understood_can_be_shown() {
    for run in [["poll", "log", "--once"].as_slice(), &["poll", "log", "--dry-run"]] {
        let folder = Folder::new();
        let origin = vendor(|_| http(200, "", PAGE));
        folder.write("log/source.yml", &log_source(&origin));
        let output = folder.mef(run);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(said.contains("`mef blobs show log/page-not-understood`"), "{run:?}: {said}");

        let shown = folder.mef(&["blobs", "show", "log/page-not-understood"]);
        assert!(shown.status.success(), "{}", stderr(&shown));
        assert_eq!(String::from_utf8(shown.stdout).unwrap(), PAGE, "byte for byte");
        let listed: Value =
            serde_json::from_str(&folder.lines(&["blobs", "list", "--json"])[0]).unwrap();
        assert_eq!(listed["key"], "log/page-not-understood");
        assert_eq!(listed["bytes"], PAGE.len());
        let json: Value = serde_json::from_str(
            &folder.lines(&["blobs", "show", "log/page-not-understood", "--json"])[0],
        )
        .unwrap();
        assert_eq!(json["text"], PAGE);
        let output = folder.mef(&["blobs", "show", "other"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("mef blobs list"), "{}", stderr(&output));
    }
}
