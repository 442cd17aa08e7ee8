//! Handshakes: what they mean, and those that would give too much away or take
//! events for something else.

use mef_source::checked::{HandshakeAuth, Respond};
use mef_source::load;

use crate::mistakes::{report, said};
use crate::no_files;

const CHALLENGED: &str = r#"
source: x
webhook:
  verify:
    - hmac: { hash: sha256, secrets: [webhook_secret], text: "{body}", signature: { from: header.x-sig, encoding: hex } }
  handshake:
    - when: { method: GET, present: [query.crc_token] }
      auth: none
      constrain: { query.crc_token: "[A-Za-z0-9_-]{1,128}" }
      respond: { json: { response_token: "sha256={query.crc_token|hmac_base64}" } }
"#;

const STORED: &str = "{ builtin: stored_secret, header: X-Hook-Secret, secret: webhook_secret, enrol_until: 2026-12-31T00:00:00Z }";

const WHEN: &str = "{ method: GET, present: [query.crc_token] }";
const CONSTRAIN: &str = "{ query.crc_token: \"[A-Za-z0-9_-]{1,128}\" }";
const RESPOND: &str = "{ json: { response_token: \"sha256={query.crc_token|hmac_base64}\" } }";

#[test]
fn a_good_one_loads_without_a_word() {
    assert_eq!(said(CHALLENGED), "");
}

#[test]
fn handshakes_that_give_too_much_away() {
    let cases = [
        ("anything is signed", CONSTRAIN, "{}"),
        ("an event is signed", "[A-Za-z0-9_-]{1,128}", ".*"),
        ("another value is constrained", "{ query.crc_token:", "{ query.nonce:"),
        ("a pattern that ends early", "[A-Za-z0-9_-]{1,128}", "a)|(.*"),
        (
            "a header is signed",
            RESPOND,
            "{ empty: true, headers: { X-T: \"{query.t|hmac_hex}\" } }",
        ),
        (
            "nothing to sign with",
            "hmac: { hash: sha256, secrets: [webhook_secret], text: \"{body}\", signature: { from: header.x-sig, encoding: hex } }",
            "token: { from: header.x-t, secrets: [t] }",
        ),
        (
            "a page",
            RESPOND,
            "{ text: \"{query.crc_token}\", headers: { Content-Type: text/html } }",
        ),
        ("a redirect", RESPOND, "{ empty: true, headers: { Location: \"{query.crc_token}\" } }"),
        ("an unsigned URL is fetched", RESPOND, "{ builtin: sns_confirmation }"),
    ];
    insta::assert_snapshot!(report(CHALLENGED, &cases));
}

#[test]
fn handshakes_that_take_events() {
    let cases = [
        ("every event", WHEN, "{}"),
        ("every event of a method", WHEN, "{ method: POST }"),
        ("an event with a challenge", WHEN, "{ method: POST, present: [challenge] }"),
        ("told by what is absent", WHEN, "{ method: POST, present: [challenge], absent: [event] }"),
        ("told by a query parameter", WHEN, "{ method: POST, present: [query.validationToken] }"),
    ];
    insta::assert_snapshot!(report(CHALLENGED, &cases));
}

#[test]
fn handshakes_that_cannot_be_meant() {
    let cases = [
        ("unknown key", "auth: none", "atuh: none"),
        ("unknown auth", "auth: none", "auth: nobody"),
        ("unknown key in when", "present:", "presents:"),
        ("unknown method", "method: GET", "method: DELETE"),
        ("empty present", "[query.crc_token]", "[]"),
        ("a path that is none", "[query.crc_token]", "[a..b]"),
        ("equals a list", WHEN, "{ equals: { type: [1, 2] } }"),
        ("not a pattern", "[A-Za-z0-9_-]{1,128}", "[a-"),
        ("a pattern that looks around", "[A-Za-z0-9_-]{1,128}", "(?=x)x"),
        ("a pattern without end", "[A-Za-z0-9_-]{1,128}", "(\\\\w{1,1000}){1000}"),
        ("no answer", RESPOND, "{ status: 200 }"),
        ("two answers", RESPOND, "{ text: a, empty: true }"),
        ("an answer that is not empty", RESPOND, "{ empty: false }"),
        ("a status that refuses", RESPOND, "{ empty: true, status: 403 }"),
        ("a header that is none", RESPOND, "{ empty: true, headers: { \"X Y\": z } }"),
        ("an unknown word", RESPOND, "{ text: \"{query.a|hmac}\" }"),
        ("a secret's keys elsewhere", RESPOND, "{ text: a, secret: webhook_secret }"),
        ("half of stored_secret", RESPOND, "{ builtin: stored_secret, header: X-S }"),
        ("a stored secret nobody asks for", RESPOND, STORED),
        ("a status of a built-in", RESPOND, "{ builtin: sns_confirmation, status: 201 }"),
        (
            "signed by nothing",
            "verify:\n    - hmac: { hash: sha256, secrets: [webhook_secret], text: \"{body}\", signature: { from: header.x-sig, encoding: hex } }\n  handshake:\n    - when: { method: GET, present: [query.crc_token] }\n      auth: none",
            "unauthenticated: test\n  handshake:\n    - when: { method: GET, present: [query.crc_token] }",
        ),
    ];
    insta::assert_snapshot!(report(CHALLENGED, &cases));
}

#[test]
fn answers_to_events_that_cannot_be_meant() {
    let answers = CHALLENGED.replace(
        "  handshake:",
        "  respond: { accepted: { json: { id: \"{id}\", at: \"{received_at|epoch_ms}\" } }, denied: { status: 400, text: \"{denied}\" } }\n  handshake:",
    );
    let accepted = "{ json: { id: \"{id}\", at: \"{received_at|epoch_ms}\" } }";
    let cases = [
        ("as it should be", "", ""),
        ("nothing said", "{ accepted: ", "{} #"),
        ("no answer", accepted, "{ status: 200 }"),
        ("two answers", accepted, "{ text: a, empty: true }"),
        ("a status that makes the vendor try again", accepted, "{ status: 503, empty: true }"),
        ("a refusal that is none", "status: 400", "status: 200"),
        ("a refusal where nothing is refused", accepted, "{ text: \"{denied}\" }"),
        ("an event that is signed", accepted, "{ text: \"{id|hmac_hex}\" }"),
        ("a page", accepted, "{ text: a, headers: { Content-Type: text/html } }"),
        ("an unknown key", "denied:", "refused:"),
    ];
    insta::assert_snapshot!(report(&answers, &cases));
}

#[test]
fn a_secret_comes_in_the_body_and_is_asked_for_there() {
    let notion = CHALLENGED
        .replace(WHEN, "{ method: POST, present: [/verification_token], absent: [header.x-sig] }")
        .replace("      constrain: { query.crc_token: \"[A-Za-z0-9_-]{1,128}\" }\n", "")
        .replace(RESPOND, &STORED.replace("header: X-Hook-Secret", "from: /verification_token"));
    assert_eq!(said(&notion), "");
    let elsewhere = said(&notion.replace("present: [/verification_token]", "present: [/token]"));
    assert!(elsewhere.contains("`when` does not ask for `/verification_token`"), "{elsewhere}");
    let both = said(
        &notion.replace("from: /verification_token", "from: /verification_token, header: X-S"),
    );
    assert!(both.contains("one of `header` and `from`"), "{both}");
}

#[test]
fn a_stored_secret_is_not_signed_with() {
    let asana = CHALLENGED
        .replace(WHEN, "{ method: POST, present: [header.x-hook-secret] }")
        .replace("      constrain: { query.crc_token: \"[A-Za-z0-9_-]{1,128}\" }\n", "")
        .replace(RESPOND, STORED);
    assert_eq!(said(&asana), "");
    let signed = said(&asana.replace("      auth: none\n", ""));
    assert!(
        signed.contains("nothing can be signed with a secret that is not stored yet"),
        "{signed}"
    );
}

#[test]
fn an_hmac_stands_in_answers_alone() {
    let event = format!("{CHALLENGED}event: {{ map: {{ summary: \"{{a|hmac_hex}}\" }} }}\n");
    let said = said(&event);
    assert!(said.contains("there is no key here to make an HMAC with"), "{said}");
}

#[test]
fn a_rule_means_what_it_says() {
    let text = CHALLENGED
        .replace("auth: none", "auth: { token: { from: query.t, secrets: [verify_token] } }")
        .replace("{ method: GET,", "{ method: get,");
    let source = load(&text, &no_files).unwrap().source;
    assert_eq!(source.secret_names(), ["verify_token", "webhook_secret"]);
    let webhook = source.webhook.unwrap();
    let [rule] = webhook.handshake.as_slice() else { panic!("{webhook:?}") };
    assert_eq!(rule.when.methods, ["GET"]);
    assert!(matches!(&rule.auth, HandshakeAuth::Token(_)));
    let Respond::Answer(answer) = &rule.respond else { panic!("{rule:?}") };
    assert_eq!(answer.status, 200);
    let paths: Vec<_> = answer.signed_paths().into_iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["query.crc_token"]);
    let pattern = &rule.constrain.first().unwrap().pattern;
    assert!(pattern.is_match("a-_9") && !pattern.is_match("a\n") && !pattern.is_match("a.b"));
    // Without a method, those that bring events.
    let text = text.replace("{ method: get,", "{");
    let webhook = load(&text, &no_files).unwrap().source.webhook.unwrap();
    assert_eq!(webhook.handshake.first().unwrap().when.methods, ["POST"]);
}
