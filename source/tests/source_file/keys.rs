//! A key that is not known is an error at every level, and so is one that is
//! missing or of another type.

use crate::mistakes::{report, said};
use crate::{GITHUB, OKTA};

#[test]
fn unknown_keys_and_choices_in_a_pushed_source() {
    let cases = [
        ("top", "source: github", "source: github\nowner: me"),
        ("webhook", "  delivery_id:", "  path: /x\n  delivery_id:"),
        ("hmac", "hash: sha256,", "hash: sha256, algorithm: x,"),
        ("key", "hash: sha256,", "hash: sha256, key: { encode: hex },"),
        ("key's encoding", "hash: sha256,", "hash: sha256, key: { encoding: base32 },"),
        ("signature", "pair: \"=\"", "pairs: \"=\""),
        ("signature's encoding", "encoding: hex", "encoding: base58"),
        ("timestamp", "text: \"{body}\",", "text: \"{body}\", timestamp: { form: header.t },"),
        ("retiring secret", "[webhook_secret]", "[{ name: old, notafter: x }]"),
        ("decode", "delivery_id:", "decode: yaml\n  delivery_id:"),
        ("event", "event:", "event:\n  spilt: x"),
        ("map", "category:", "categroy:"),
        ("kind as a value", "- hmac:", "- type: hmac\n      hmac:"),
        ("two checks in one", "  delivery_id:", "      token: {}\n  delivery_id:"),
    ];
    insta::assert_snapshot!(report(GITHUB, &cases));
}

#[test]
fn unknown_keys_and_choices_in_a_pulled_source() {
    let cases = [
        ("auth", "header: {", "headr: {"),
        ("auth's header", "name: Authorization", "nmae: Authorization"),
        ("client credentials", "{ header: {", "{ client_credentials: { url: x,"),
        ("request", "    get:", "    put:"),
        ("next", "{ link: next }", "{ links: next }"),
        ("next's token", "{ link: next }", "{ token: { path: x } }"),
        ("stop", "empty_page", "empty"),
        ("cursor", "time: published", "times: published"),
        ("limits", "records:", "limits: { remain: x }\n  records:"),
        ("poll's event", "records:", "event: { maps: {} }\n  records:"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn missing_keys_and_other_types() {
    let pushed = [
        ("no name", "source: github", "description: x"),
        ("no hash", "hash: sha256, ", ""),
        ("no secrets", "secrets: [webhook_secret], ", ""),
        ("no text", "text: \"{body}\",", ""),
        ("no signature", "signature: {", "key: {"),
        ("no place of the signature", "from: header.X-Hub-Signature-256, ", ""),
        ("no encoding", ", encoding: hex", ""),
        (
            "filebeat's half",
            "signature: { from: header.X-Hub-Signature-256, pair: \"=\", take: [sha256], encoding: hex }",
            "",
        ),
        ("name of another type", "source: github", "source: [github]"),
        ("no name's text", "source: github", "source: ~"),
        ("version of another type", "source: github", "version: one\nsource: github"),
        ("checks of another type", "    - hmac:", "      hmac:"),
        ("check of another type", "verify:", "verify: [hmac]\n  xverify:"),
        ("secret of another type", "[webhook_secret]", "[1]"),
        ("secret of nothing", "[webhook_secret]", "[~]"),
        ("event of nothing", "source: github", "event:\nsource: github"),
    ];
    let pulled = [
        ("no schedule", "schedule: rate(1 minute)", "max_page: 1MiB"),
        ("no URL", "    get: \"https://{var.domain}/api/v1/logs\"\n", ""),
        ("no records", "  records: \"\"\n", ""),
        ("no value", ", value: \"SSWS {secret.api_token}\"", ""),
    ];
    insta::assert_snapshot!(report(GITHUB, &pushed) + &report(OKTA, &pulled));
}

#[test]
fn an_empty_part_counts_as_none() {
    insta::assert_snapshot!(
        said("source: x\nwebhook:\n"),
        @"1:9: error: the source has neither `webhook` nor `poll` (say how its events come; a `webhook:` with nothing in it says nothing)"
    );
}

/// It was never found, and no repeat was known.
#[test]
fn an_id_in_a_body_of_several_records_that_is_looked_for_as_in_one_is_warned_of() {
    let warns = |decode: &str, path: &str| {
        let text = format!(
            "{{ source: x, webhook: {{ unauthenticated: x, decode: {decode}, delivery_id: [header.x-id, {path}] }} }}"
        );
        let loaded = mef_source::load(&text, &|_| Err(String::new())).unwrap();
        loaded.warnings.iter().any(|warning| warning.message.contains("is a list of records"))
    };
    assert!(warns("ndjson", "batch.id"));
    assert!(warns("concatenated", "id"));
    assert!(!warns("ndjson", "0.id"));
    assert!(!warns("ndjson", "query.id"));
    assert!(!warns("json", "id"));
}
