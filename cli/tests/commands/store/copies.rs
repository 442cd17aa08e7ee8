//! A copy of the store is whole, or says that it is not.

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr};

const GOOD: &[(&str, &str)] = &[("x-token", "t0k=en"), ("content-type", "application/json")];

fn hook() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=t0k=en\n");
    folder
}

#[test]
fn one_file_copied_after_a_stop_has_every_event() {
    let folder = hook();
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, br#"{"title":"one"}"#).0, 200);
    run.stop();
    std::fs::copy(folder.path("mef.db"), folder.path("copy.db")).unwrap();
    assert_eq!(folder.lines(&["events", "--store", "copy.db"]).len(), 1);
    assert!(!folder.path("mef.db-wal").exists());
}

#[test]
fn a_backup_made_while_mef_runs_has_every_event() {
    let folder = hook();
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, br#"[{"title":"one"},{"tite":"two"}]"#).0, 202);
    let line = folder.lines(&["backup", "copy.db", "--json"]).remove(0);
    assert!(line.contains(r#""events":1,"#) && line.contains(r#""dead_letters":1"#), "{line}");
    assert_eq!(run.post("/hook", GOOD, br#"{"title":"three"}"#).0, 200);
    assert_eq!(folder.lines(&["events", "--store", "copy.db"]).len(), 1);
    let output = folder.mef(&["backup", "copy.db"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there already"), "{}", stderr(&output));
    run.stop();
    assert_eq!(folder.lines(&["events"]).len(), 2);
}

/// The usual mistake: the file without its log.
#[test]
fn a_copy_of_a_store_in_use_without_its_log_is_told() {
    let folder = hook();
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, br#"{"title":"one"}"#).0, 200);
    std::fs::copy(folder.path("mef.db"), folder.path("copy.db")).unwrap();
    let output = folder.mef(&["events", "--store", "copy.db"]);
    assert!(stderr(&output).contains("mef backup"), "{}", stderr(&output));
    // The store itself, and one at rest, raise no alarm.
    assert_eq!(stderr(&folder.mef(&["events"])), "");
    run.stop();
    assert_eq!(stderr(&folder.mef(&["events"])), "");
}
