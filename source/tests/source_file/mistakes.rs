//! What is said about a wrong file: what, where, and what would be right.

use std::fmt::Write as _;

use mef_source::load;
use proptest::prelude::*;

use crate::{GITHUB, OKTA, no_files};

/// Everything that is said about `text`, a problem a line.
pub(crate) fn said(text: &str) -> String {
    let files = |name: &str| match name {
        "schema.json" => {
            Ok(r#"{"additionalProperties":false,"properties":{"id":{},"actor":{}}}"#.to_owned())
        }
        "broken.json" => Ok("{".to_owned()),
        _ => Err("there is no such file".to_owned()),
    };
    let problems = match load(text, &files) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    problems.iter().fold(String::new(), |mut said, problem| {
        writeln!(said, "{problem}").unwrap();
        said
    })
}

/// A mistake made by writing `to` where `from` stood.
pub(crate) fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    said(&text.replacen(from, to, 1))
}

/// What is said about each change of `text`, under its name.
pub(crate) fn report(text: &str, cases: &[(&str, &str, &str)]) -> String {
    cases.iter().fold(String::new(), |mut report, (name, from, to)| {
        writeln!(report, "# {name}\n{}", changed(text, from, to)).unwrap();
        report
    })
}

#[test]
fn mistakes_in_a_pushed_source() {
    let hmac = "hash: sha256, secrets: [webhook_secret], text: \"{body}\"";
    let cases = [
        ("unknown version", "source: github", "version: 2\nsource: github"),
        ("unknown key at the top", "delivery_id", "delivery_ids"),
        ("unknown key in a check", "hash: sha256", "hsah: sha256"),
        ("unknown key in the signature", "encoding: hex", "encodings: hex"),
        ("unknown check", "- hmac:", "- hamc:"),
        ("unknown hash", "hash: sha256", "hash: md5"),
        ("unknown field of the event", "severity: INFO", "sevrity: INFO"),
        ("bad name", "source: github", "source: GitHub!"),
        ("no way in", "webhook:", "event_: {}\nxwebhook:"),
        ("half-filled check", "secrets: [webhook_secret]", "secrets: []"),
        ("secret's name", "[webhook_secret]", "[Webhook-Secret]"),
        ("retired secret", "[webhook_secret]", "[{ name: old, not_after: tomorrow }]"),
        ("url without public_url", "\"{body}\"", "\"{url}{body}\""),
        ("timestamp without timestamp", "\"{body}\"", "\"{timestamp}{body}\""),
        ("id without id", "\"{body}\"", "\"{id}.{body}\""),
        (
            "unsigned timestamp",
            hmac,
            "hash: sha256, secrets: [s], text: \"{body}\", timestamp: { from: header.t, unit: s, max_age: 300s }",
        ),
        (
            "duration",
            hmac,
            "hash: sha256, secrets: [s], text: \"{timestamp}{body}\", timestamp: { from: header.t, unit: s, max_age: 300 }",
        ),
        ("filter in the signed text", "\"{body}\"", "\"{body|lower}\""),
        ("pair without take", ", take: [sha256]", ""),
        ("sha1", "hash: sha256", "hash: sha1"),
        ("unclosed brace", "{received_at}", "{received_at"),
        ("unopened brace", "{received_at}", "received_at}"),
        ("unknown filter", "{received_at}", "{received_at|rfc}"),
        ("filter arguments", "{received_at}", "{received_at|date(1)}"),
        ("lookup table", "{received_at}", "{received_at|lookup(levels)}"),
        ("unknown variable", "{received_at}", "{var.x}"),
        ("secret in an event", "{received_at}", "{secret.webhook_secret}"),
        ("window in an event", "{received_at}", "{window.start}"),
        ("omit takes a list", "[installation]", "installation"),
        ("no such schema", "event:", "event:\n  schema: nothing.json"),
        ("schema is not JSON", "event:", "event:\n  schema: broken.json"),
        ("path closed by the schema", "event:", "event:\n  schema: schema.json"),
        ("method", "delivery_id:", "methods: [GET]\n  delivery_id:"),
        ("max_body", "delivery_id:", "max_body: 25MiB\n  delivery_id:"),
        ("size", "delivery_id:", "max_body: 1MB\n  delivery_id:"),
        ("public_url", "delivery_id:", "public_url: /hook\n  delivery_id:"),
        ("both", "delivery_id:", "unauthenticated: internal\n  delivery_id:"),
        ("empty path", "header.X-GitHub-Delivery", "header..x"),
        ("duplicate key", "delivery_id:", "delivery_id: a\n  delivery_id:"),
    ];
    insta::assert_snapshot!(report(GITHUB, &cases));
}

#[test]
fn mistakes_in_a_pulled_source() {
    let cases = [
        ("unknown key in poll", "records: \"\"", "recrods: \"\""),
        ("unknown key in the cursor", "overlap: 60s", "overlaps: 60s"),
        ("unknown order", "order: ascending", "order: newest"),
        ("schedule", "rate(1 minute)", "every minute"),
        ("schedule in the singular", "rate(1 minute)", "rate(5 minute)"),
        ("host from nothing", "https://{var.domain}/", "{var.domain}/"),
        ("host from a secret", "https://{var.domain}/", "https://{secret.host}/"),
        ("host with a suffix", "https://{var.domain}/", "https://{var.domain}{secret.x}/"),
        ("credentials in the URL", "https://{var.domain}/", "https://user:pw@{var.domain}/"),
        ("unencrypted", "https://{var.domain}/", "http://{var.domain}/"),
        ("unknown variable", "{var.domain}", "{var.domian}"),
        ("unknown word", "{window.start|rfc3339}", "{widnow.start}"),
        ("no such bound", "{window.start|rfc3339}", "{window.begin}"),
        ("window never used", "since: \"{window.start|rfc3339}\", ", ""),
        ("record in a request", "sortOrder: ASCENDING", "sortOrder: \"{/actor}\""),
        ("object in a query", "limit: 1000", "limit: { a: 1000 }"),
        ("neither time nor token", "time: published, ", ""),
        ("both time and token", "time: published,", "time: published, token: next,"),
        ("token without next token", "time: published,", "token: next,"),
        ("late records", "end_lag: 60s, overlap: 60s, ", ""),
        ("overlap as long as the window", "overlap: 60s", "overlap: 1d"),
        ("timeout", "records: \"\"", "records: \"\"\n  timeout: 60s"),
        ("allowed origin", "records: \"\"", "records: \"\"\n  allow_origins: [https://a/b]"),
        ("header's name", "name: Authorization", "name: \"Autho rization\""),
        ("push and pull without an id", "poll:", "webhook: { unauthenticated: test }\npoll:"),
        ("wrong type", "vars: { domain: example.okta.com }", "vars: [domain]"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn files_that_are_no_source_files() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\nsource: x\n";
    let deep = format!("source: x\nevent: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases = [
        ("empty", ""),
        ("not YAML", "source: [x"),
        ("a list", "- source: x"),
        ("tabs", "source: x\n\twebhook: {}"),
        ("two documents", "source: x\n---\nsource: y\n"),
        ("nothing but a name", "source: x"),
        ("verifies nothing", "source: x\nwebhook: {}"),
        ("verifies an empty list", "source: x\nwebhook: { verify: [] }"),
    ];
    let mut report = String::new();
    for (name, text) in cases {
        writeln!(report, "# {name}\n{}", said(text)).unwrap();
    }
    insta::assert_snapshot!(report);
    for hostile in [bomb, deep.as_str(), "\u{0}", "\u{feff}source: [", "source: \"\\u0000\""] {
        assert!(said(hostile).contains("error"), "{hostile:?}");
    }
}

#[test]
fn several_mistakes_are_reported_together_each_with_its_line() {
    let text = GITHUB
        .replace("source: github", "source: Git Hub")
        .replace("{received_at}", "{received_at|rfc}")
        .replace("\"{body}\"", "\"{url}{body}\"");
    let said = said(&text);
    let lines: Vec<_> = said.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(lines, ["1", "5", "13"], "{said}");
}

#[test]
fn a_source_holds_the_names_of_secrets_and_never_a_value() {
    let source = load(OKTA, &no_files).unwrap().source;
    assert!(format!("{source:?}").contains("api_token"));
}

proptest! {
    #[test]
    fn no_text_makes_loading_panic(cut in 0..GITHUB.len(), insert in "\\PC{0,12}", at in 0..OKTA.len()) {
        if let Some(text) = GITHUB.get(..cut) {
            said(text);
        }
        if let (Some(before), Some(after)) = (OKTA.get(..at), OKTA.get(at..)) {
            said(&format!("{before}{insert}{after}"));
        }
    }
}
