//! What a request costs before anything is proven: memory in proportion to its body, whatever stands in it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify};
use mef_ports::Secret;

/// A third of what a source takes by default.
const BODY: usize = 2 * 1024 * 1024;

/// How many times the body's size a check may need.
const TIMES: usize = 4;

/// One measures at a time, also where all tests share a process.
static MEASURING: Mutex<()> = Mutex::new(());

/// Asserts that a forged request with this body is denied, and within how much memory.
fn assert_is_denied_within_bounds(check: &str, content_type: &str, body: Vec<u8>) {
    let _alone = MEASURING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let text = format!(
        "source: test\nwebhook:\n  public_url: https://hooks.example.com/test\n  verify:\n    - {check}\n"
    );
    let loaded = mef_source::load(&text, &|_| Err("no files".to_owned()));
    let webhook = loaded.unwrap_or_else(|p| panic!("{p:?} in\n{text}")).source.webhook.unwrap();
    let secrets: LiveSecrets = [("s".to_owned(), Secret::new("k3y"))].into_iter().collect();
    let headers = [("content-type", content_type), ("x-sig", "00")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let size = body.len();
    let request = Request::new("POST", "/test", "", headers.to_vec(), body);
    // Sets the peak to what is in use now (proc_pid_clear_refs(5)).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = kib("VmHWM");
    let judged = verify(&webhook, request, &secrets, Timestamp::UNIX_EPOCH);
    // The kernel counts in steps of some pages, so both may be a little off.
    let used = kib("VmHWM").saturating_sub(before) * 1024;
    assert!(judged.is_err());
    assert!(used <= size * TIMES, "{used} bytes for a body of {size}: {:?}", judged.err());
}

/// Reads a figure of this process, in KiB.
fn kib(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

/// Returns `before`, as many different `piece`s as there is room for in `size` bytes, and `after`.
fn filled(size: usize, before: &str, piece: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let mut text = before.to_owned();
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() + after.len() > size {
            break;
        }
        text.push_str(&next);
    }
    (text + after).into_bytes()
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[test]
fn a_form_of_many_fields_is_not_sorted_in_many_times_its_size() {
    let check = r#"hmac: { hash: sha1, secrets: [s], text: "{url}{form_sorted}", signature: { from: header.x-sig, encoding: hex } }"#;
    assert_is_denied_within_bounds(check, FORM, filled(BODY, "", |n| format!("{n:x}&"), ""));
}

#[test]
fn a_form_of_one_long_field_is_not_decoded_in_many_times_its_size() {
    let check = r#"hmac: { hash: sha1, secrets: [s], text: "{url}{form_sorted}", signature: { from: header.x-sig, encoding: hex } }"#;
    for piece in ["a", "+", "%41", "%F0%9F%98%80"] {
        assert_is_denied_within_bounds(check, FORM, filled(BODY, "a=", |_| piece.to_owned(), ""));
    }
}

#[test]
fn a_field_is_found_in_a_form_without_a_list_of_all() {
    let check = "token: { from: form.token, secrets: [s] }";
    assert_is_denied_within_bounds(check, FORM, filled(BODY, "", |n| format!("{n:x}&"), "token=x"));
}

#[test]
fn a_value_is_found_in_json_without_a_list_of_all() {
    let check = "token: { from: a.1.b, secrets: [s] }";
    for body in [
        filled(BODY, "{\"a\":[0,{", |n| format!("\"{n:x}\":0,"), "\"b\":\"x\"}]}"),
        filled(BODY, "{\"a\":[0,{\"b\":\"x\"}", |_| ",0".to_owned(), "]}"),
        filled(BODY, "{\"a\":[0,{", |_| "\"\\u0061\":0,".to_owned(), "\"b\":\"x\"}]}"),
    ] {
        assert_is_denied_within_bounds(check, JSON, body);
    }
}

#[test]
fn values_that_are_checked_one_by_one_are_few() {
    let signed = r#"hmac: { hash: sha256, secrets: [s], each: "/a/*", text: "{b}", signature: { from: c, encoding: hex } }"#;
    for check in ["token: { from: /a/*/b, secrets: [s] }", signed] {
        let objects = filled(BODY, "{\"a\":[{}", |_| ",{}".to_owned(), "]}");
        let numbers = filled(BODY, "{\"a\":[0", |_| ",0".to_owned(), "]}");
        assert_is_denied_within_bounds(check, JSON, objects);
        assert_is_denied_within_bounds(check, JSON, numbers);
    }
}

/// Returns a token of these two parts that nobody signed.
fn token(header: &[u8], claims: &[u8]) -> Vec<u8> {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.AAAA").into_bytes()
}

#[test]
fn a_token_of_many_members_is_not_read_in_many_times_its_size() {
    let check = "jwt: { from: body, record: claims, algorithms: [RS256], keys: { pem: [s] }, audience: us, claims: { pinned: 1 }, required: [exp] }";
    // What base64 makes a body of.
    let part = |before: &str, piece: fn(usize) -> String, after: &str| {
        filled(BODY * 3 / 4 - 64, before, piece, after)
    };
    let header = br#"{"alg":"RS256"}"#;
    let members = part("{", |n| format!("\"{n:x}\":0,"), "\"alg\":\"RS256\"}");
    let zero: fn(usize) -> String = |_| ",0".to_owned();
    let audience = part("{\"exp\":9999999999,\"aud\":[\"us\"", |_| ",\"\"".to_owned(), "]}");
    let pinned = part("{\"exp\":9999999999,\"aud\":\"us\",\"pinned\":[0", zero, "]}");
    let deep = part("{\"alg\":\"RS256\",\"x\":[0", zero, "]}");
    for (header, claims) in [
        (members.as_slice(), b"{}".as_slice()),
        (header, &members),
        (header, &audience),
        (header, &pinned),
        (&deep, b"{}"),
    ] {
        assert_is_denied_within_bounds(check, "application/secevent+jwt", token(header, claims));
    }
    let check = check.replace("from: body, record: claims", "from: form.t, record: body");
    let claims = [b"t=".as_slice(), &token(header, &deep)].concat();
    assert_is_denied_within_bounds(&check, FORM, claims);
}

#[test]
fn a_message_of_many_members_is_not_read_in_many_times_its_size() {
    let check = r#"aws_sns: { topics: ["arn:aws:sns:eu-west-1:123456789012:t"] }"#;
    assert_is_denied_within_bounds(
        check,
        "text/plain",
        filled(BODY, "{", |n| format!("\"{n:x}\":0,"), "\"a\":0}"),
    );
}
