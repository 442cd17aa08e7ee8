//! Source files on disk: `check`, `test`, and what `run` says of a broken one.

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr, stdout};

fn examples() -> String {
    format!("{}/../config-examples", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_examples_are_free_of_errors_and_pass_their_tests() {
    let folder = Folder::new();
    let check = folder.mef(&["check", &examples()]);
    assert!(check.status.success(), "{}", stderr(&check));
    let test = folder.mef(&["test", &examples(), "--json"]);
    assert!(test.status.success(), "{}", stderr(&test));
    assert!(stdout(&test).lines().count() >= 5);
}

#[test]
fn a_mistake_is_shown_with_its_place_and_ends_with_1() {
    let folder = Folder::new();
    folder.write("a/source.yml", &HOOK.replace("delivery_id", "delivery_ids"));
    let output = folder.mef(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("a/source.yml:5:3"), "{said}");
    assert!(said.contains("did you mean `delivery_id`?"), "{said}");
    assert!(said.contains("delivery_ids: header.x-delivery"), "the line is shown: {said}");
    let json = stdout(&folder.mef(&["check", "--json"]));
    let problem: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&problem["line"], &problem["severity"]), (&5.into(), &"error".into()));
    // And nothing runs with it.
    let run = folder.mef(&["run", "--listen", "127.0.0.1:0"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(stderr(&run).contains("a/source.yml:5:3"));
}

#[test]
fn two_sources_of_one_name_and_a_schema_that_is_none_are_errors() {
    let folder = Folder::new();
    folder.write("a/source.yml", HOOK).write("a/schema.json", HOOK_SCHEMA);
    folder.write("b/source.yml", HOOK).write("b/schema.json", HOOK_SCHEMA);
    let said = stderr(&folder.mef(&["check"]));
    assert!(said.contains("the source `hook` is also in ./a/source.yml"), "{said}");
    folder.write("b/source.yml", &HOOK.replace("source: hook", "source: other"));
    folder.write("b/schema.json", r#"{"type":"objekt"}"#);
    let output = folder.mef(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("schema.json"), "{}", stderr(&output));
    folder.write("b/schema.json", r#"{"$ref":"https://example.com/x.json"}"#);
    assert_eq!(folder.mef(&["check"]).status.code(), Some(1));
}

#[test]
fn a_schema_outside_the_folder_is_not_read() {
    let folder = Folder::new();
    folder.write("schema.json", HOOK_SCHEMA);
    folder.write("a/source.yml", &HOOK.replace("schema.json", "../schema.json"));
    assert!(stderr(&folder.mef(&["check"])).contains("beside the source file"));
}

#[test]
fn a_test_that_expects_something_else_fails_and_shows_what_came() {
    let folder = Folder::new();
    folder.write("a/source.yml", HOOK).write("a/schema.json", HOOK_SCHEMA);
    let request = r#"{"method":"POST","path":"/hook","headers":[["x-token","t0ken"]],"body":"{\"title\":\"hello\"}"}"#;
    folder.write("a/tests/one.request.json", request);
    folder.write("a/tests/secrets.env", "MEF_SECRET_HOOK_TOKEN=t0ken\n");
    assert_eq!(folder.mef(&["test"]).status.code(), Some(1), "nothing is expected yet");
    assert!(folder.mef(&["test", "--update"]).status.success());
    assert!(folder.mef(&["test"]).status.success());
    let expected = std::fs::read_to_string(folder.path("a/tests/one.expected.json")).unwrap();
    folder.write("a/tests/one.expected.json", &expected.replace("hello", "good bye"));
    let output = folder.mef(&["test"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("\"summary\": \"hello\""), "{}", stderr(&output));
}

#[test]
fn a_folder_without_sources_says_how_to_name_one() {
    let folder = Folder::new();
    let output = folder.mef(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--sources"), "{}", stderr(&output));
}
