//! `mef check` on sources that name presets: who may push is said, not hidden.

use mef_source::load;

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr, stdout};

const SIGNED: &str = "source: signed
webhook:
  verify: [ { preset: { name: stripe, secrets: [current, previous] } } ]
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("signed/source.yml", SIGNED);
    folder.write(
        "two/source.yml",
        "source: two\nwebhook: { verify: [ { preset: github }, { preset: snyk } ] }\n",
    );
    folder
}

#[test]
fn a_line_a_preset_says_what_is_checked() {
    assert_eq!(
        folder().lines(&["check"]),
        [
            "SOURCE  PRESET  CHECKS",
            "signed  stripe  hmac sha256 over \"{timestamp}.{body}\", header.Stripe-Signature, at most 300s old, secret current or previous",
            "two     github  hmac sha256 over \"{body}\", header.X-Hub-Signature-256, secret webhook_secret",
            "two     snyk    hmac sha256 over \"{body}\", header.X-Hub-Signature, secret webhook_secret",
        ]
    );
}

#[test]
fn expanded_it_is_a_source_file_that_means_the_same() {
    let folder = folder();
    let printed = stdout(&folder.mef(&["check", "--expand"]));
    let [signed, two] = printed.split("---\n").collect::<Vec<_>>()[..] else { panic!("{printed}") };
    assert!(signed.starts_with("# signed: preset stripe\nsource: signed\nwebhook:\n"), "{signed}");
    assert!(two.starts_with("# two: preset github, snyk\n"), "{two}");
    let webhook = |text: &str| {
        let loaded = load(text, &|_| Err("there is no such file".to_owned())).unwrap();
        format!("{:?}", loaded.source.webhook)
    };
    assert!(!signed.lines().skip(1).any(|line| line.contains("preset")), "{signed}");
    assert_eq!(webhook(signed), webhook(SIGNED));
}

#[test]
fn as_json_it_is_one_object_a_preset() {
    let lines = folder().lines(&["check", "--json"]);
    let objects: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|object: &serde_json::Value| object.get("preset").is_some())
        .collect();
    let names: Vec<_> =
        objects.iter().map(|o| (o["source"].as_str(), o["preset"].as_str())).collect();
    assert_eq!(
        names,
        [
            (Some("signed"), Some("stripe")),
            (Some("two"), Some("github")),
            (Some("two"), Some("snyk"))
        ]
    );
    let hmac = &objects[0]["expanded"]["webhook"]["verify"][0]["hmac"];
    assert_eq!(hmac["secrets"], serde_json::json!(["current", "previous"]));
}

#[test]
fn a_preset_that_is_not_there_is_shown_at_its_letter() {
    let folder = Folder::new();
    folder.write("a/source.yml", &SIGNED.replace("name: stripe", "name: stripes"));
    let output = folder.mef(&["check"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
    let said = stderr(&output);
    assert!(said.contains("a/source.yml:3:23: there is no preset `stripes`"), "{said}");
    assert!(said.contains("did you mean `stripe`?"), "{said}");
}
