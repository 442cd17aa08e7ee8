//! The presets' own files: a mistake in one fails here, and never a user.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mef_source::{Need, Preset, load, preset, preset_names, presets};
use serde_json::Value;

use crate::mistakes::said;
use crate::no_files;

/// A source that names the preset and says what it needs.
fn source(preset: &Preset) -> String {
    let mut uses = format!("name: {}", preset.name);
    let mut webhook = String::new();
    for need in &preset.needs {
        let text = match need.is_of_webhook() {
            true => &mut webhook,
            false => &mut uses,
        };
        write!(text, ", {}: {}", need.key(), given(*need)).unwrap();
    }
    format!("source: x\nwebhook: {{ verify: [ {{ preset: {{ {uses} }} }} ]{webhook} }}\n")
}

fn given(need: Need) -> &'static str {
    match need {
        Need::PublicUrl => "https://hooks.example.com/x",
        Need::From => "header.X-Token",
        Need::Username => "user",
        Need::Topics => "[\"arn:aws:sns:eu-west-1:123456789012:security\"]",
        Need::Audience => "https://hooks.example.com/x",
        Need::Issuer => "https://issuer.example.com",
        Need::Claims => "{ email: sender@example.com }",
        Need::Keys => "{ jwks_url: \"https://issuer.example.com/keys\" }",
        Need::Allow => "[192.0.2.0/24]",
        Need::Text => "\"{timestamp}|ID|{body|crc32}\"",
    }
}

#[test]
fn every_preset_can_be_read_and_has_the_name_of_its_file() {
    let mut names = Vec::new();
    for name in preset_names() {
        let preset = preset(name).unwrap().unwrap();
        assert_eq!(preset.name, name);
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        names.push(name);
    }
    assert_eq!(presets().count(), names.len());
    assert!(names.is_sorted() && names.len() > 30, "{names:?}");
}

#[test]
fn every_preset_makes_a_source_that_loads_and_whose_secrets_are_described() {
    for preset in presets() {
        let text = source(&preset);
        let loaded = load(&text, &no_files).map_err(|problems| (text.clone(), problems)).unwrap();
        let used: BTreeSet<_> = loaded.source.secret_names().into_iter().collect();
        let described: BTreeSet<_> = preset.secrets.keys().cloned().collect();
        assert_eq!(used, described, "{}", preset.name);
        let expansion = loaded.expansion.unwrap();
        assert_eq!(expansion.presets.len(), 1);
        assert!(!preset.checks().is_empty(), "{}", preset.name);
        // What it stands for is a source file too, and means the same.
        let webhook = serde_json::to_value(&expansion.webhook).unwrap();
        let written = serde_json::json!({ "source": "x", "webhook": webhook }).to_string();
        let again = load(&written, &no_files).unwrap();
        assert_eq!(format!("{:?}", again.source.webhook), format!("{:?}", loaded.source.webhook));
    }
}

#[test]
fn every_preset_tells_people_what_they_have_to_know() {
    for preset in presets() {
        let name = &preset.name;
        assert!(preset.docs.starts_with("https://"), "{name}: {}", preset.docs);
        assert!(!preset.vendor.trim().is_empty(), "{name}");
        let texts = preset.secrets.values().chain(&preset.notes);
        for text in texts {
            assert!(
                text.trim() == text && text.len() > 10 && !text.contains('\n'),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn what_a_preset_needs_is_asked_for_and_nothing_else_is_missing() {
    for preset in presets() {
        let bare = format!("source: x\nwebhook: {{ verify: [ {{ preset: {} }} ] }}\n", preset.name);
        let said = said(&bare);
        let errors: Vec<_> = said.lines().filter(|line| line.contains("error: ")).collect();
        assert_eq!(errors.len(), preset.needs.len(), "{}: {said}", preset.name);
        for need in &preset.needs {
            let asked = format!("the preset `{}` needs `{}`", preset.name, need.key());
            assert!(errors.iter().any(|error| error.contains(&asked)), "{said}");
        }
    }
}

#[test]
fn a_preset_says_nothing_that_is_the_sources_to_say() {
    for preset in presets() {
        let text = source(&preset);
        let own: Value = serde_saphyr::from_str(&text).unwrap();
        let loaded = load(&text, &no_files).unwrap();
        let webhook = serde_json::to_value(loaded.expansion.unwrap().webhook).unwrap();
        for key in ["public_url", "unauthenticated", "rejected_status"] {
            assert_eq!(webhook.get(key), own["webhook"].get(key), "{}: {key}", preset.name);
        }
        let event: Vec<_> = webhook["event"].as_object().into_iter().flatten().collect();
        assert!(event.iter().all(|(key, _)| *key == "split"), "{}: {event:?}", preset.name);
    }
}

#[test]
fn no_handshake_is_told_only_by_what_an_event_may_have_too() {
    for preset in presets() {
        let webhook = load(&source(&preset), &no_files).unwrap().source.webhook.unwrap();
        for rule in &webhook.handshake {
            let when = &rule.when;
            let brings_events = webhook.methods.iter().any(|method| when.takes(method));
            // A value that events do not have there, or the lack of what every event has.
            let tells = !when.equals.is_empty() || !when.absent.is_empty();
            assert!(tells || !brings_events, "{}: {when:?}", preset.name);
        }
    }
}

#[test]
fn every_preset_whose_id_nobody_signs_says_what_equal_bodies_are() {
    for preset in presets() {
        let said = said(&source(&preset));
        assert!(!said.contains("nobody signs the delivery's id"), "{}: {said}", preset.name);
    }
}
