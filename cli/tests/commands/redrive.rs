//! Dead letters run again, and dropped; secrets asked for by name.

use serde_json::Value;

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr};

const GOOD: &[(&str, &str)] = &[("x-token", "t0k=en"), ("content-type", "application/json")];

/// A folder with two dead letters.
fn refused() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=t0k=en\n");
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, br#"[{"tite":"a"},{"titel":"b"}]"#).0, 202);
    run.stop();
    folder
}

fn json(folder: &Folder, arguments: &[&str]) -> Vec<Value> {
    let lines = folder.lines(&[arguments, &["--json"]].concat());
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_mended_schema_and_a_redrive_bring_the_events() {
    let folder = refused();
    let output = folder.mef(&["dlq", "redrive"]);
    assert_eq!(output.status.code(), Some(1), "some were refused again");
    assert!(stderr(&output).contains("2 refused again"), "{}", stderr(&output));
    assert_eq!(json(&folder, &["dlq", "list"])[0]["attempts"], 2);

    folder.write("hook/schema.json", r#"{"required":["tite"]}"#);
    let output = folder.mef(&["dlq", "redrive", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["redriven"], &done["refused_again"]), (&1.into(), &1.into()));
    assert_eq!(json(&folder, &["events"])[0]["details"]["hook"]["tite"], "a");

    folder.write("hook/schema.json", "{}");
    folder.write("other/source.yml", &HOOK.replace("source: hook", "source: other"));
    folder.write("other/schema.json", HOOK_SCHEMA);
    assert_eq!(json(&folder, &["dlq", "redrive", "--source", "other"])[0]["redriven"], 0);
    assert_eq!(json(&folder, &["dlq", "redrive", "--source", "hook"])[0]["redriven"], 1);
    assert!(json(&folder, &["dlq", "list"]).is_empty());
    assert_eq!(json(&folder, &["events"]).len(), 2);
}

#[test]
fn a_discarded_letter_is_gone_and_the_others_stay() {
    let folder = refused();
    let letters = json(&folder, &["dlq", "list"]);
    let id = letters[1]["id"].as_str().unwrap();
    folder.lines(&["dlq", "discard", id]);
    assert_eq!(json(&folder, &["dlq", "list"]), letters[..1]);
    let output = folder.mef(&["dlq", "discard", id]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no dead letter"), "{}", stderr(&output));
    // The other is not held.
    folder.write("hook/schema.json", "{}");
    assert_eq!(json(&folder, &["dlq", "redrive"])[0]["redriven"], 1);
}

#[test]
fn secrets_that_are_not_set_are_told_with_what_to_do() {
    let folder = refused();
    let listed = json(&folder, &["secrets", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["set"]), (&"token".into(), &true.into()));
    assert!(!listed[0].to_string().contains("t0k=en"));
    assert!(folder.mef(&["secrets", "check"]).status.success());
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=\n");
    assert_eq!(json(&folder, &["secrets", "list"])[0]["set"], false);
    let output = folder.mef(&["secrets", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("MEF_SECRET_HOOK_TOKEN") && said.contains("0 of 1"), "{said}");
    for (arguments, expected) in [
        (["secrets", "set", "hook", "token"], "MEF_SECRET_<SOURCE>_<NAME>"),
        (["secrets", "set", "hook", "other"], "no source file"),
    ] {
        let output = folder.mef(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}
