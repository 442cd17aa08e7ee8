//! Looking changes nothing, and a name that nobody knows is told.

use crate::support::{Folder, HOOK, HOOK_SCHEMA, http, stderr, vendor};

fn hook() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder
}

#[test]
fn a_look_at_a_store_that_is_not_there_fails_and_makes_none() {
    let folder = hook();
    for look in [
        ["events", "--consume"].as_slice(),
        &["events"],
        &["dlq", "list"],
        &["dlq", "show", "x"],
        &["dlq", "discard", "x"],
        &["cursors", "list"],
        &["cursors", "show", "hook"],
        &["blobs", "list"],
        &["backup", "copy.db"],
    ] {
        let output = folder.mef(&[look, &["--store", "typo.db"]].concat());
        assert_eq!(output.status.code(), Some(1), "{look:?}");
        let said = stderr(&output);
        assert!(said.contains("typo.db") && said.contains("--store"), "{look:?}: {said}");
    }
    let entries = std::fs::read_dir(folder.path("")).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["hook"]);
}

/// Before the first run that is the answer to what there is.
#[test]
fn the_status_without_a_store_lists_the_sources_and_makes_none() {
    let folder = hook();
    let output = folder.mef(&["status", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("there is no store"), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains(r#""source":"hook""#));
    assert!(!folder.path("mef.db").exists());
}

#[test]
fn a_misspelt_source_is_an_error_that_says_what_may_be_meant() {
    let folder = hook();
    folder.run(&[]).stop();
    for look in [
        ["events", "--source", "hoook"].as_slice(),
        &["events", "--consume", "--source", "hoook"],
        &["dlq", "list", "--source", "hoook"],
        &["dlq", "redrive", "--source", "hoook"],
        &["secrets", "list", "--source", "hoook"],
        &["poll", "hoook"],
        &["pause", "hoook"],
    ] {
        let output = folder.mef(look);
        assert_eq!(output.status.code(), Some(1), "{look:?}");
        assert!(stderr(&output).contains("did you mean `hook`?"), "{look:?}: {}", stderr(&output));
    }
    // One that is known and has nothing is no error.
    assert!(folder.lines(&["events", "--source", "hook"]).is_empty());
}

/// Its list may be empty, or the source file may look in the wrong place.
#[test]
fn a_source_that_never_had_a_record_is_not_fresh() {
    let folder = Folder::new();
    let wrong = vendor(|_| http(200, "", r#"{"data":[{"id":1,"t":"2026-11-01T00:00:00Z"}]}"#));
    let source = |records: &str| {
        format!(
            "source: log\npoll:\n  schedule: rate(1 minute)\n  \
             request: {{ get: \"{wrong}/log\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
             records: {records}\n  missing_records: empty\n  \
             cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n"
        )
    };
    let status = || folder.lines(&["status", "--json"]).remove(0);
    folder.write("log/source.yml", &source("items"));
    folder.lines(&["poll", "log", "--once"]);
    assert!(status().contains(r#""state":"no record yet""#), "{}", status());
    folder.write("log/source.yml", &source("data"));
    folder.lines(&["cursors", "reset", "log"]);
    folder.lines(&["poll", "log", "--once"]);
    assert!(status().contains(r#""state":"fresh""#), "{}", status());
}

/// Otherwise every event is called `log_event`, and nobody knows why.
#[test]
fn a_poll_says_which_fields_fell_back_and_a_dry_run_does_too() {
    let page =
        r#"{"items":[{"id":1,"t":"2026-11-01T00:00:00Z"},{"id":2,"t":"2026-11-01T00:00:01Z"}]}"#;
    let origin = vendor(move |_| http(200, "", page));
    let folder = Folder::new();
    folder.write(
        "log/source.yml",
        &format!(
            "source: log\npoll:\n  schedule: rate(1 minute)\n  \
             request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
             records: items\n  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n\
             event: {{ map: {{ summary: \"{{actor.e-mail}} came\" }} }}\n"
        ),
    );
    for run in [["poll", "log", "--dry-run"].as_slice(), &["poll", "log", "--once"]] {
        let said = stderr(&folder.mef(run));
        assert!(said.contains("summary fell back to its default in 2 of 2"), "{run:?}: {said}");
    }
    let cursor = folder.lines(&["cursors", "show", "log", "--json"]).remove(0);
    assert!(cursor.contains(r#""fallbacks":{"summary":2}"#), "{cursor}");
}
