//! How a program that fails affects its record and the others.

use mef_ports::RawRecord;
use serde_json::{Value, json};

use crate::{made, run, source};

#[test]
fn a_program_that_fails_refuses_its_record_alone() {
    let source = source(&json!({ "map": { "summary": { "jq": ".a + 1 | tostring" } } }));
    let outcome = run(&source, r#"[{"a":1},{"a":"a secret"},{"a":3}]"#);
    assert_eq!((outcome.events.len(), outcome.letters.len()), (2, 1));
    let letter = &outcome.letters[0];
    assert_eq!(letter.stage.to_string(), "structure");
    assert_eq!(
        letter.reason,
        "the jq program of `map.summary` fails: cannot calculate a string + a number"
    );
    assert_eq!(letter.raw, RawRecord::Record(json!({"a": "a secret"})));
}

#[test]
fn nothing_falls_back_and_two_values_are_a_mistake() {
    let source = source(&json!({ "map": { "summary": { "jq": ".a[]?" } } }));
    let outcome = run(&source, r#"[{},{"a":["one"]},{"a":["one","two"]}]"#);
    let summaries: Vec<Value> = outcome
        .events
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.message.body).unwrap()["summary"].clone())
        .collect();
    assert_eq!(summaries, ["acme_event", "one"]);
    assert_eq!(outcome.fallbacks.total(), 1);
    assert!(outcome.letters[0].reason.contains("more than one value"), "{:?}", outcome.letters);
}

#[test]
fn an_error_of_the_programs_own_is_the_reason() {
    assert_eq!(
        made("error(\"no \\(.kind) here\")", r#"{"kind":"test"}"#),
        Err("the jq program of `map.tags` fails: no test here".to_owned())
    );
    // A word that is cut may be half a secret.
    let long = format!(r#"{{"a":"two {}"}}"#, "x".repeat(300));
    assert_eq!(
        made("error(\"one \\(.a)\")", &long),
        Err("the jq program of `map.tags` fails: one two…".to_owned())
    );
    assert_eq!(
        made("error({})", "1"),
        Err("the jq program of `map.tags` fails: `error` was called with an object".to_owned())
    );
    assert_eq!(
        made(".a.b", r#"{"a":"a secret"}"#),
        Err("the jq program of `map.tags` fails: cannot index a string with `b`".to_owned())
    );
}

#[test]
fn a_program_splits_into_a_list_or_a_stream() {
    for program in [".groups[].items[]", "[.groups[].items[]]"] {
        let source = source(&json!({
            "split": { "jq": program },
            "map": { "details": { "n": "{n}", "org": "{parent.org}", "jq_org": { "jq": "$parent.org" } } }
        }));
        let body = r#"[{"org":"x","groups":[{"items":[{"n":1}]},{"items":[{"n":2.50}]}]},{"org":"y","groups":3},{"org":"z","groups":[]}]"#;
        let outcome = run(&source, body);
        let details: Vec<Value> = outcome
            .events
            .iter()
            .map(|event| {
                serde_json::from_str::<Value>(&event.message.body).unwrap()["details"].clone()
            })
            .collect();
        assert_eq!(details[0], json!({"n": 1, "org": "x", "jq_org": "x"}));
        assert_eq!(details[1].to_string(), r#"{"n":2.50,"org":"x","jq_org":"x"}"#);
        assert_eq!((details.len(), outcome.letters.len()), (2, 1));
        let letter = &outcome.letters[0];
        assert_eq!(letter.stage.to_string(), "split");
        assert_eq!(
            letter.reason,
            "the jq program of `split` fails: cannot use a number as array or object"
        );
        assert_eq!(letter.raw, RawRecord::Record(json!({"org": "y", "groups": 3})));
    }
}

/// The whole is the parent of each part. Without a bound, a sender could turn
/// megabytes into gigabytes.
#[test]
fn a_whole_is_not_kept_with_too_many_parts() {
    let source = source(&json!({ "split": { "jq": ".items[]" }, "schema": null }));
    let body = json!({ "pad": "x".repeat(1_000_000), "items": (0..100).collect::<Vec<_>>() });
    let outcome = run(&source, &body.to_string());
    assert_eq!((outcome.events.len(), outcome.letters.len()), (0, 1));
    assert!(
        outcome.letters[0].reason.contains("split it by a path"),
        "{}",
        outcome.letters[0].reason
    );
}
