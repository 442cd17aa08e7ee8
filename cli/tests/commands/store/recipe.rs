//! A test made from a capture: what it is judged by, what it pins, and what it says.

use serde_json::{Value, json};

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr};

/// A source with a path that no record has.
const MAPPED: &str = "
source: hook
webhook: { verify: [ { token: { from: header.x-token, secrets: [token] } } ] }
event: { map: { summary: \"{title}\", details: { who: \"{actor.e-mail}\" } } }
";

fn request(folder: &Folder, more: Value) {
    let mut file = json!({
        "method": "POST", "path": "/hook", "body": "{\"title\":\"one\"}",
        "headers": [["x-token", "t0k=en"], ["content-type", "application/json"]],
    });
    for (key, value) in more.as_object().unwrap() {
        file[key] = value.clone();
    }
    folder.write("hook/tests/one.request.json", &file.to_string());
}

fn expected(folder: &Folder) -> Option<Value> {
    let text = std::fs::read_to_string(folder.path("hook/tests/one.expected.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn hook(source: &str) -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", source).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("hook/tests/secrets.env", "MEF_SECRET_HOOK_TOKEN=t0k=en\n");
    folder
}

#[test]
fn a_test_made_from_a_capture_runs_at_the_moment_it_came() {
    let folder = hook(HOOK);
    request(&folder, json!({ "received_at": "2026-11-24T12:00:00Z" }));
    let output = folder.mef(&["test", "--update"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let pinned = expected(&folder).unwrap();
    assert_eq!((&pinned["at"], &pinned["status"]), (&"2026-11-24T12:00:00Z".into(), &200.into()));
    // One that an earlier version pinned at the moment for want of a better one.
    let mut old = pinned.clone();
    old["at"] = "2026-01-01T00:00:00Z".into();
    folder.write("hook/tests/one.expected.json", &old.to_string());
    folder.lines(&["test", "--update"]);
    assert_eq!(expected(&folder).unwrap(), pinned);
}

#[test]
fn a_refusal_is_pinned_only_by_whoever_says_so() {
    let folder = hook(HOOK);
    request(&folder, json!({ "headers": [["x-token", "wrong"]] }));
    let output = folder.mef(&["test", "--update"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("answered 401") && said.contains("--accept-refusal"), "{said}");
    assert_eq!(expected(&folder), None);
    folder.lines(&["test", "--update", "--accept-refusal"]);
    assert_eq!(expected(&folder).unwrap()["status"], 401);
    // It is written down now, so it may be written again.
    folder.lines(&["test", "--update"]);
    folder.lines(&["test"]);
}

#[test]
fn missing_secrets_of_a_test_are_told_and_their_503_is_not_pinned() {
    let folder = hook(HOOK);
    request(&folder, json!({}));
    std::fs::remove_file(folder.path("hook/tests/secrets.env")).unwrap();
    let output = folder.mef(&["test", "--update"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("answered 503") && said.contains("secrets.env is not there"), "{said}");
    assert_eq!(expected(&folder), None);
}

#[test]
fn a_pass_says_what_came_out_and_which_paths_found_nothing() {
    let folder = hook(MAPPED);
    request(&folder, json!({}));
    let said = stderr(&folder.mef(&["test", "--update"]));
    assert!(
        said.contains("PASS hook/one: 200, 1 event: INFO \"one\"; details.who is missing in all"),
        "{said}"
    );
    folder.write("hook/source.yml", &MAPPED.replace("{title}", "{titel}"));
    let said = stderr(&folder.mef(&["test", "--update"]));
    assert!(said.contains("summary fell back to its default in 1 of 1"), "{said}");
    let line: Value = serde_json::from_str(&folder.lines(&["test", "--json"])[0]).unwrap();
    assert_eq!(line["fallbacks"], json!({ "summary": 1, "details.who": 1 }));
}
