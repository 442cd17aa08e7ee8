//! Presets: what naming one means, what can be said differently, and what is
//! said when it goes wrong.

use mef_source::checked::{Check, Verify};
use mef_source::{Loaded, load};
use serde_json::{Value, json};

use crate::mistakes::said;
use crate::{OKTA, no_files};

fn source(webhook: &str) -> String {
    format!("source: x\nwebhook:\n{webhook}")
}

fn loaded(webhook: &str) -> Loaded {
    load(&source(webhook), &no_files).map_err(|problems| (webhook.to_owned(), problems)).unwrap()
}

fn checks(loaded: &Loaded) -> &[Check] {
    match &loaded.source.webhook.as_ref().unwrap().verify {
        Verify::All(checks) => checks,
        Verify::Nothing { .. } => &[],
    }
}

/// The webhook as it would have been written without presets.
fn expanded(webhook: &str) -> Value {
    serde_json::to_value(loaded(webhook).expansion.unwrap().webhook).unwrap()
}

#[test]
fn a_preset_by_name_is_what_its_file_says() {
    let loaded = loaded("  verify: [ { preset: github } ]");
    let [Check::Hmac(hmac)] = checks(&loaded) else { panic!("{loaded:?}") };
    assert_eq!(hmac.signed.signature.take, ["sha256"]);
    let webhook = loaded.source.webhook.as_ref().unwrap();
    assert_eq!(webhook.delivery_id[0].paths().next().unwrap().name(), "x-github-delivery");
    assert_eq!(webhook.max_body, 10 * 1024 * 1024);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn what_a_preset_became_can_be_shown_and_loaded_without_it() {
    let text = "  verify: [ { preset: { name: stripe, secrets: [current, previous], timestamp: { max_age: 600s } } } ]";
    let expanded = expanded(text);
    assert_eq!(
        expanded,
        json!({
            "verify": [{ "hmac": {
                "hash": "sha256",
                "secrets": ["current", "previous"],
                "text": "{timestamp}.{body}",
                "signature": {
                    "from": "header.Stripe-Signature",
                    "split": ",", "pair": "=", "take": ["v1"], "encoding": "hex"
                },
                "timestamp": { "from": "signature.t", "unit": "s", "max_age": "600s" },
            }}],
            "delivery_id": "id",
        })
    );
    let written_out = json!({ "source": "x", "webhook": expanded }).to_string();
    let again = load(&written_out, &no_files).unwrap();
    assert!(again.expansion.is_none());
    let first = loaded(text).source.webhook.unwrap();
    assert_eq!(format!("{first:?}"), format!("{:?}", again.source.webhook.unwrap()));
}

#[test]
fn what_the_source_writes_itself_stands() {
    let own =
        expanded("  delivery_id: header.x-mine\n  max_body:\n  verify: [ { preset: github } ]");
    assert_eq!(own["delivery_id"], "header.x-mine");
    assert_eq!(own["max_body"], "10MiB", "a key with nothing in it says nothing");
}

#[test]
fn checks_stand_where_the_preset_was_named_and_the_first_has_its_say() {
    let both = "  verify: [ { token: { from: query.t, secrets: [t] } }, { preset: github }, { preset: stripe } ]";
    let loaded = loaded(both);
    assert!(matches!(checks(&loaded), [Check::Token(_), Check::Hmac(a), Check::Hmac(b)]
        if a.signed.timestamp.is_none() && b.signed.timestamp.is_some()));
    assert_eq!(
        loaded.source.webhook.as_ref().unwrap().delivery_id[0].paths().next().unwrap().name(),
        "x-github-delivery"
    );
    let names: Vec<_> = loaded.expansion.unwrap().presets.into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["github", "stripe"]);
}

#[test]
fn a_key_that_no_check_has_goes_into_the_first() {
    let token =
        expanded("  verify: [ { preset: { name: datadog, from: header.X-Mine, prefix: 42 } } ]");
    let body = json!({ "from": "header.X-Mine", "secrets": ["webhook_secret"], "prefix": 42 });
    assert_eq!(token["verify"], json!([{ "token": body }]));
}

#[test]
fn a_key_without_a_value_takes_nothing_out_of_a_preset() {
    for (preset, key) in [("messagebird", "digest"), ("linear", "timestamp"), ("slack", "secrets")]
    {
        let text = format!(
            "  public_url: https://a.example/x\n  verify: [ {{ preset: {{ name: {preset}, {key}: }} }} ]"
        );
        let told = said(&source(&text));
        assert!(told.contains(&format!("`{key}` of the preset `{preset}` has no value")), "{told}");
    }
}

#[test]
fn keys_of_ones_own_stand_in_the_place_of_the_presets() {
    let own = "  verify: [ { preset: { name: google-pubsub, audience: a, claims: { email: e }, keys: { pem: [own] } } } ]";
    let expanded = expanded(own);
    assert_eq!(expanded["verify"][0]["jwt"]["keys"], json!({ "pem": ["own"] }));
}

#[test]
fn mistakes_are_told_where_they_are_with_the_preset_and_what_to_do() {
    let cases = [
        "  verify: [ { preset: githb } ]",
        "  verify: [ { preset: gitlab } ]",
        "  verify: [ { preset: qwertyuiop } ]",
        "  verify:\n    - preset: square",
        "  verify:\n    - preset: { secrets: [a] }",
        "  verify:\n    - preset: [github]",
        "  verify:\n    - preset:\n        name: github\n        secretz: [a]",
        "  verify:\n    - preset:\n        name: stripe\n        timestamp:\n          max_age: 300\n          max_ages: 5s",
        "  verify:\n    - preset:\n        name: stripe\n        timestamp:\n          max_age: 300",
        "  verify:\n    - preset:\n        name: stripe\n        hash: md5",
        "  verify:\n    - preset:\n        name: stripe\n        secrets: [Bad-Name]",
        "  verify:\n    - preset:\n        name: stripe\n        text: \"{url}.{timestamp}.{body}\"",
        "  verify:\n    - preset:\n        name: stripe\n        timestamp: {from: header.t}\n        text: \"{body}\"",
        "  verify: [ { preset: githb }, { preset: square }, { preset: github } ]",
        "  verify: [ { preset: github } ]\n  delivery_id: 'a..b'",
        "  verify: [ { preset: square } ]\n  delivery_id: 'a..b'",
    ];
    let report: String =
        cases.iter().map(|case| format!("{case}\n{}\n", said(&source(case)))).collect();
    insta::assert_snapshot!(report);
}

#[test]
fn the_version_of_a_source_takes_in_its_presets() {
    let pushed = source("  verify: [ { preset: github } ]");
    let pulled = OKTA.replace(
        "header: { name: Authorization, value:",
        "google_service_account: { scopes: [a], key:",
    );
    for text in [pushed, pulled] {
        let mut alone = text.clone().into_bytes();
        alone.push(0);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &alone);
        let version = |text: &str| load(text, &no_files).unwrap().source.version;
        assert!(!hex::encode(digest).starts_with(&version(&text)));
        assert_eq!(version(&text), version(&text));
    }
}
