//! The generated JSON Schema, and what it says about source files.

use mef_source::{presets_reference, source_file_schema};
use serde_json::{Value, json};

use crate::{GITHUB, OKTA};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

#[test]
fn the_checked_in_schema_is_what_the_types_say() {
    let generated = serde_json::to_string_pretty(&source_file_schema()).unwrap() + "\n";
    has_not_drifted("source-file.schema.json", &generated);
}

#[test]
fn the_checked_in_page_on_presets_is_what_their_files_say() {
    has_not_drifted("presets.md", &presets_reference());
}

fn has_not_drifted(name: &str, generated: &str) {
    let file = format!("{DOCS}/{name}");
    if option_env!("UPDATE_GENERATED").is_some() {
        std::fs::write(&file, generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == generated,
        "docs/{name} has drifted: run `UPDATE_GENERATED=1 cargo test -p mef-source --test source_file`"
    );
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn it_takes_good_files_and_no_misspelt_ones() {
    let schema = jsonschema::validator_for(&source_file_schema()).unwrap();
    for text in [GITHUB, OKTA] {
        let errors: Vec<_> = schema.iter_errors(&yaml(text)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let preset = "source: x\nwebhook: { verify: [ { preset: github }, { preset: { name: stripe, hash: sha1 } } ] }";
    assert!(schema.is_valid(&yaml(preset)));
    let google = OKTA.replace(
        "header: { name: Authorization, value:",
        "google_service_account: { scopes: [a], key:",
    );
    assert!(schema.is_valid(&yaml(&google)));
    for (text, from, to) in [
        (&*google, "google_service_account", "google_service_acount"),
        (&*google, "scopes: [a], ", ""),
        (&*google, "[a]", "a"),
        (&*google, "key:", "kei:"),
        (preset, "github", "githb"),
        (preset, "name: stripe", "name: strip"),
        (GITHUB, "delivery_id", "delivery_ids"),
        (GITHUB, "take:", "takes:"),
        (GITHUB, "severity", "sevrity"),
        (OKTA, "overlap", "overlaps"),
    ] {
        assert!(!schema.is_valid(&yaml(&text.replace(from, to))), "{to}");
    }
}

#[test]
fn every_object_is_closed_and_every_key_described() {
    fn walk(value: &Value, path: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            let is_variant = properties.len() == 1 && value.get("required").is_some();
            // What a preset's use says differently is any key of the preset's checks.
            let is_open = path.starts_with("/$defs/PresetUse/");
            assert_eq!(value.get("additionalProperties"), Some(&json!(is_open)), "{path}");
            for (name, property) in properties {
                let described = property.get("description").is_some() || is_variant;
                assert!(described, "{path}/{name}");
            }
        }
        match value {
            Value::Object(object) => {
                object.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}")));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, path)),
            _ => {}
        }
    }
    walk(&source_file_schema(), "");
}
