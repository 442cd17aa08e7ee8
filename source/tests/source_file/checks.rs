//! Checks that would only look like checks, and lists that would take nothing.

use mef_source::checked::{Check, SignatureFrom, TokenFrom, Verify};
use mef_source::load;

use crate::mistakes::{report, said};
use crate::{GITHUB, no_files};

const SIGNED: &str = "text: \"{body}\"";

#[test]
fn checks_that_check_nothing() {
    let cases = [
        ("constant text", SIGNED, "text: \"v0:\""),
        ("empty text", SIGNED, "text: \"\""),
        ("body left out", SIGNED, "text: \"{header.x-id}\""),
        (
            "time that the signature cannot hold",
            ", pair: \"=\", take: [sha256], encoding: hex }",
            ", encoding: hex }, timestamp: { from: signature.t, unit: s, max_age: 300s }",
        ),
        (
            "no age",
            SIGNED,
            "text: \"{timestamp}{body}\", timestamp: { from: header.t, unit: s, max_age: 0s }",
        ),
        ("inheriting from no key", "pair: \"=\", take: [sha256],", "bare: inherit,"),
        ("take without pair", "pair: \"=\", ", ""),
        ("empty separator", "pair: \"=\"", "pair: \"=\", split: \"\""),
        ("empty signature.from", "header.X-Hub-Signature-256", "[]"),
        ("empty id", SIGNED, "text: \"{id}{body}\", id: []"),
        ("empty delivery_id", "header.X-GitHub-Delivery", "[]"),
        ("empty methods", "delivery_id:", "methods: []\n  delivery_id:"),
        ("one of several paths", "header.X-GitHub-Delivery", "[header.a, a..b, header.c d]"),
        ("each wrong secret", "[webhook_secret]", "[Ab, ok, { name: c-d, not_after: soon }]"),
        ("secret twice", "[webhook_secret]", "[a, a]"),
        ("three secrets", "[webhook_secret]", "[a, b, c]"),
        (
            "credentials in public_url",
            "delivery_id:",
            "public_url: https://u:p@h/x\n  delivery_id:",
        ),
        ("fragment in public_url", "delivery_id:", "public_url: https://h/x#y\n  delivery_id:"),
        ("endpoint and no path", "delivery_id:", "public_url: \"{endpoint}x\"\n  delivery_id:"),
        (
            "query below the endpoint",
            "delivery_id:",
            "public_url: \"{endpoint}/x?y\"\n  delivery_id:",
        ),
        (
            "more than the endpoint",
            "delivery_id:",
            "public_url: \"{endpoint}/{var.x}\"\n  delivery_id:",
        ),
        (
            "endpoint in the middle",
            "delivery_id:",
            "public_url: \"https://{endpoint}/x\"\n  delivery_id:",
        ),
    ];
    insta::assert_snapshot!(report(GITHUB, &cases));
}

#[test]
fn a_time_is_signed_in_every_way_that_signs_it() {
    for (text, from) in [
        ("{timestamp}.{body}", "header.t"),
        ("{header.T}.{body}", "header.t"),
        ("{body}", "/sent_at"),
        ("{/sent_at}{/token}", "sent_at"),
        ("{query.t}{body}", "query.t"),
        ("{path_query}{body}", "query.t"),
        ("{timestamp}{body}", "signature.t"),
    ] {
        let time =
            format!("text: \"{text}\", timestamp: {{ from: {from}, unit: s, max_age: 300s }}");
        let said = said(&GITHUB.replace(SIGNED, &time));
        assert!(!said.contains("error"), "{text} {from}: {said}");
    }
    for (text, from) in [("{header.u}{body}", "header.t"), ("{/token}", "/sent_at")] {
        let time =
            format!("text: \"{text}\", timestamp: {{ from: {from}, unit: s, max_age: 300s }}");
        let said = said(&GITHUB.replace(SIGNED, &time));
        assert!(said.contains("error: the timestamp is not part of what is signed"), "{said}");
    }
}

#[test]
fn names_of_headers_and_methods_have_one_form() {
    let text = GITHUB
        .replace("header.X-Hub-Signature-256", "[header.X-Sig-#, query.Sig, Sig]")
        .replace("  delivery_id:", "  methods: [post, POST, Put]\n  delivery_id:");
    let webhook = load(&text, &no_files).unwrap().source.webhook.unwrap();
    assert_eq!(webhook.methods, ["POST", "PUT"]);
    let Verify::All(checks) = webhook.verify else { panic!("nothing is verified") };
    let [Check::Hmac(hmac)] = checks.as_slice() else { panic!("{checks:?}") };
    let [
        SignatureFrom::NumberedHeaders(prefix),
        SignatureFrom::Path(query),
        SignatureFrom::Path(body),
    ] = hmac.signed.signature.from.as_slice()
    else {
        panic!("{:?}", hmac.signed.signature.from)
    };
    assert_eq!(
        (prefix.as_str(), query.name(), body.to_string()),
        ("x-sig-", "Sig", "/Sig".to_owned())
    );
}

#[test]
fn a_token_is_where_it_was_said_to_be() {
    let token = |from: &str| {
        let text = format!(
            "source: x\nwebhook: {{ verify: [{{ token: {{ from: {from}, secrets: [t] }} }}] }}"
        );
        match load(&text, &no_files).unwrap().source.webhook.unwrap().verify {
            Verify::All(checks) => match checks.into_iter().next().unwrap() {
                Check::Token(token) => token.from,
                other => panic!("{other:?}"),
            },
            other @ Verify::Nothing { .. } => panic!("{other:?}"),
        }
    };
    assert_eq!(token("header.X-Token"), TokenFrom::Header("x-token".to_owned()));
    assert_eq!(token("query.Token"), TokenFrom::Query("Token".to_owned()));
    assert!(matches!(token("/a/*/t"), TokenFrom::Json(path) if path.segments() == ["a", "*", "t"]));
}
