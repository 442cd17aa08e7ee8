//! Dead letters that a redrive holds, and more of them than a list shows.

use std::sync::Arc;
use std::time::Duration;

use mef_http::SystemClock;
use mef_ports::{Clock as _, DeadLetters as _};
use mef_sqlite::Store;
use serde_json::Value;

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr};

/// A folder with three dead letters.
fn refused() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=t0k=en\n");
    let run = folder.run(&[]);
    let headers = [("x-token", "t0k=en"), ("content-type", "application/json")];
    assert_eq!(run.post("/hook", &headers, br#"[{"a":1},{"b":2},{"c":3}]"#).0, 202);
    run.stop();
    folder
}

/// Holds so many letters, as a redrive does that was killed.
fn hold(folder: &Folder, letters: usize) {
    let store = Store::open(folder.path("mef.db"), Arc::new(SystemClock)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let taken = store.take(None, letters, SystemClock.now(), Duration::from_secs(300));
    assert_eq!(runtime.block_on(taken).unwrap().letters.len(), letters);
}

#[test]
fn a_redrive_says_that_letters_are_held_and_does_not_claim_to_be_done() {
    let folder = refused();
    hold(&folder, 2);
    folder.write("hook/schema.json", "{}");
    let output = folder.mef(&["dlq", "redrive", "--json"]);
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["redriven"], &done["held"]), (&1.into(), &2.into()));
    assert!(done["held_until"].as_str().unwrap().ends_with('Z'));
    let said = stderr(&output);
    assert!(said.contains("2 letters are held until") && said.contains("again then"), "{said}");
}

#[test]
fn a_letter_that_is_held_is_there_and_discard_says_until_when() {
    let folder = refused();
    let letters = folder.lines(&["dlq", "list", "--json"]);
    let first: Value = serde_json::from_str(&letters[0]).unwrap();
    hold(&folder, 1);
    let output = folder.mef(&["dlq", "discard", first["id"].as_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("is held by a redrive") && said.contains("until"), "{said}");
    let output = folder.mef(&["dlq", "list"]);
    assert!(stderr(&output).contains("1 letter is held until"), "{}", stderr(&output));
}

#[test]
fn a_list_that_ends_early_says_so() {
    let folder = refused();
    let output = folder.mef(&["dlq", "list", "--limit", "2"]);
    assert!(stderr(&output).contains("the oldest 2 of 3 dead letters"), "{}", stderr(&output));
    let output = folder.mef(&["dlq", "list", "--limit", "3"]);
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_redrive_of_letters_whose_source_is_gone_is_no_success() {
    let folder = refused();
    let mut other = HOOK.replace("source: hook", "source: other");
    other.push('\n');
    folder.write("hook/source.yml", &other);
    let output = folder.mef(&["dlq", "redrive"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("3 left: their source is not in"), "{}", stderr(&output));
}
