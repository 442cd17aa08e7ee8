//! `mef check` says what one index would refuse of the events of several sources.

use serde_json::{Value, json};

use crate::support::{Folder, stderr};

fn source(folder: &Folder, name: &str, details: &str, events: &[Value]) {
    let file = format!(
        "source: {name}\nwebhook: {{ unauthenticated: test }}\nevent: {{ map: {{ details: {details} }} }}\n"
    );
    folder.write(&format!("{name}/source.yml"), &file);
    let events: Vec<_> = events.iter().map(|details| json!({ "details": details })).collect();
    let expected = json!({ "at": "2026-01-01T00:00:00Z", "events": events });
    folder.write(&format!("{name}/tests/one.expected.json"), &expected.to_string());
}

/// What `mef check` says, whose exit status is that of a folder without errors.
fn said(folder: &Folder) -> String {
    let output = folder.mef(&["check"]);
    assert!(output.status.success(), "{}", stderr(&output));
    // A long line is wrapped for a person.
    stderr(&output).split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn sources_whose_records_lie_under_their_names_do_not_meet() {
    let folder = Folder::new();
    source(&folder, "one", "{ omit: [] }", &[json!({ "one": { "id": 1 } })]);
    source(&folder, "two", "{ omit: [] }", &[json!({ "two": { "id": { "a": true } } })]);
    assert!(!said(&folder).contains("one index"), "{}", said(&folder));
}

#[test]
fn a_field_of_two_kinds_is_told_with_both_places() {
    for (one, other, words) in [
        (json!("a"), json!({ "b": 1 }), "`details.id` is an object here"),
        (json!(1), json!("a"), "`details.id` is a text here"),
        (json!([true]), json!(["a"]), "`details.id` is a text here"),
    ] {
        let folder = Folder::new();
        source(&folder, "one", "{ jq: . }", &[json!({ "id": one })]);
        source(&folder, "two", "{ jq: . }", &[json!({ "id": other, "n": null })]);
        let said = said(&folder);
        assert!(said.contains(words), "{said}");
        assert!(said.contains("one/tests/one.expected.json"), "{said}");
        assert!(said.contains("two/tests/one.expected.json"), "{said}");
        assert_eq!(said.matches("one index takes").count(), 1, "{said}");
    }
}

#[test]
fn the_maps_alone_show_a_clash() {
    let folder = Folder::new();
    source(&folder, "one", "{ who: \"{first} {last}\" }", &[]);
    source(&folder, "two", "{ who: { name: \"{name}\" } }", &[]);
    assert!(said(&folder).contains("`details.who` is an object here"), "{}", said(&folder));
}

#[test]
fn what_mozdefs_index_has_a_type_for_is_held_to_it() {
    let folder = Folder::new();
    let details = "{ sourceipaddress: \"{client}\", success: \"{ok}\" }";
    source(&folder, "one", details, &[json!({ "sourceipaddress": "web-1", "success": "yes" })]);
    let said = said(&folder);
    for told in [
        "may be no IP address",
        "`details.sourceipaddress` is \"web-1\"",
        "`details.success` is \"yes\"",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let good = Folder::new();
    let details = "{ sourceipaddress: \"{client|ip}\", success: \"{ok}\" }";
    source(&good, "one", details, &[json!({ "sourceipaddress": "192.0.2.1", "success": true })]);
    assert!(!self::said(&good).contains("MozDef"), "{}", self::said(&good));
}

#[test]
fn more_fields_than_an_index_takes_are_counted() {
    let wide = |fields: usize| {
        let folder = Folder::new();
        let record: Value = (0..fields).map(|n| (format!("f{n}"), json!(n))).collect();
        source(&folder, "wide", "{ omit: [] }", &[json!({ "wide": record })]);
        said(&folder)
    };
    // Two levels are fields as well.
    assert!(!wide(998).contains("fields, and an index takes 1000"));
    assert!(wide(999).contains("show 1001 fields, and an index takes 1000"), "{}", wide(999));
}
