//! `mef explain`: one captured request, judged offline.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr, stdout};

const SECRET: &str = "a key that nobody may see";
const SIGNED_AT: i64 = 1_700_000_000;

const SIGNED: &str = r#"
source: signed
webhook:
  verify:
    - hmac:
        hash: sha256
        secrets: [{ name: old, not_after: "2030-01-01T00:00:00Z" }, current]
        text: "v0:{timestamp}:{body}"
        signature: { from: header.x-signature, split: ",", pair: "=", take: [v0], encoding: hex }
        timestamp: { from: header.x-time, unit: s, max_age: 300s }
  delivery_id: /id
event: { schema: schema.json, map: { summary: "{title}" } }
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("signed/source.yml", SIGNED).write("signed/schema.json", HOOK_SCHEMA);
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    // What is wrong with another file is no reason not to explain.
    folder.write("broken/source.yml", "source: broken\n");
    folder.write(
        "secrets.env",
        &format!(
            "MEF_SECRET_SIGNED_OLD=another key of the past\nMEF_SECRET_SIGNED_CURRENT={SECRET}\n\
             MEF_SECRET_HOOK_TOKEN=t0ken-of-the-hook\n"
        ),
    );
    folder
}

fn signed(time: i64, body: &str) -> Value {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("v0:{time}:{body}").as_bytes());
    let signature = format!("v9=00,v0={}", hex::encode(tag.as_ref()));
    json!({
        "method": "POST", "path": "/signed", "body": body,
        "headers": [["X-Signature", signature], ["X-Time", time.to_string()]],
    })
}

fn explain(folder: &Folder, request: &Value, more: &[&str]) -> Value {
    folder.write("request.json", &request.to_string());
    let source = request["path"].as_str().unwrap().trim_start_matches('/');
    let arguments = [&["explain", source, "request.json", "--json"], more].concat();
    let lines = folder.lines(&arguments);
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(&lines[0]).unwrap()
}

const AT: [&str; 2] = ["--at", "2023-11-14T22:13:20Z"];

#[test]
fn a_genuine_request_is_accepted_and_its_event_is_shown() {
    let folder = folder();
    let request = signed(SIGNED_AT, r#"{"title":"hello","id":"d-1"}"#);
    let said = explain(&folder, &request, &AT);
    assert_eq!(said["outcome"], "accept");
    assert_eq!((&said["status"], &said["delivery_id"]), (&json!(200), &json!("d-1")));
    assert_eq!(said["events"][0]["summary"], "hello");
    assert_eq!(said["response"]["headers"]["content-type"], "application/json");
    assert_eq!(said["response"]["body"], r#"{"accepted":1,"rejected":0}"#);
    let text = r#"v0:1700000000:{"title":"hello","id":"d-1"}"#;
    assert_eq!(said["signed_text"]["text"], text);
    let secrets = &said["checks"][0]["secrets"];
    assert_eq!((&secrets[0]["name"], &secrets[0]["matched"]), (&json!("old"), &json!(false)));
    assert_eq!((&secrets[1]["name"], &secrets[1]["matched"]), (&json!("current"), &json!(true)));
    assert_eq!(secrets[1]["version"], "file:2");
    // Seconds since the epoch are a moment too, and nothing is remembered.
    assert_eq!(explain(&folder, &request, &["--at", "1700000000"]), said);
    assert!(!folder.path("mef.db").exists(), "no store was opened");
}

/// One file for all stages: which URL the vendor signed, the deployment says, and in a test always the same.
#[test]
fn a_url_below_the_endpoint_is_that_of_the_stage_that_is_asked_about() {
    let folder = folder();
    let text = "source: placed\nwebhook:\n  public_url: \"{endpoint}/placed\"\n  verify: [ { hmac: { hash: sha256, secrets: [key], text: \"{url}{body}\", signature: { from: header.x-signature, encoding: hex } } } ]\n";
    folder.write("placed/source.yml", text);
    let secrets = format!("MEF_SECRET_PLACED_KEY={SECRET}\n");
    folder.write("secrets.env", &secrets).write("placed/tests/secrets.env", &secrets);
    let request = |endpoint: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = hmac::sign(&key, format!("{endpoint}/placed{{}}").as_bytes());
        json!({
            "method": "POST", "path": "/placed", "body": "{}",
            "headers": [["X-Signature", hex::encode(tag.as_ref())]],
        })
    };
    let prod = request("https://hooks.example.org/events");
    let status = |more: &[&str]| explain(&folder, &prod, more)["status"].clone();
    assert_eq!(status(&["--endpoint", "https://hooks.example.org/events/"]), 200);
    assert_eq!(status(&["--endpoint", "https://dev.example.org/events"]), 401);
    assert_eq!(status(&[]), 503);
    let tested = request("https://hooks.example.com").to_string();
    folder.write("placed/tests/signed.request.json", &tested);
    folder.lines(&["test", "placed", "--update"]);
    let expected = std::fs::read_to_string(folder.path("placed/tests/signed.expected.json"));
    let expected: Value = serde_json::from_str(&expected.unwrap()).unwrap();
    assert_eq!(expected["status"], 200);
}

#[test]
fn a_refusal_says_why_and_shows_no_credential() {
    let folder = folder();
    let body = r#"{"title":"hello"}"#;
    let mut request = signed(SIGNED_AT, body);
    request["body"] = format!("{body}\n").into();
    let said = explain(&folder, &request, &AT);
    assert_eq!((&said["outcome"], &said["status"]), (&json!("reject"), &json!(401)));
    assert_eq!(said["response"]["body"], r#"{"error":"unauthorized"}"#);
    assert!(said["reason"].as_str().unwrap().contains("`old` or `current`"), "{said}");
    assert_eq!(said["signed_text"]["text"], r#"v0:1700000000:{"title":"hello"}\n"#);
    let places = said["checks"][0]["places"].to_string();
    assert!(places.contains("`v9` (not taken) of 2 characters"), "{places}");
    assert!(places.contains("`v0` of 64 characters, hexadecimal of 32 bytes"), "{places}");
    assert_eq!(said["events"], json!([]));

    folder.write("request.json", &request.to_string());
    let output = folder.mef(&[&["explain", "signed", "request.json"], &AT[..]].concat());
    assert_eq!(output.status.code(), Some(0), "it was judged");
    let words = stdout(&output);
    assert!(words.contains("outcome      reject (401)"), "{words}");
    assert!(words.contains(r#"v0:1700000000:{"title":"hello"}\n"#), "{words}");
    let signature = request["headers"][0][1].as_str().unwrap().to_owned();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let expected = hmac::sign(&key, format!("v0:{SIGNED_AT}:{body}\n").as_bytes());
    for secret in [SECRET, &signature[8..], &hex::encode(expected.as_ref())] {
        let shown = words.clone() + &stderr(&output) + &said.to_string();
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_clock_is_that_of_at_or_of_the_capture_or_of_now() {
    let folder = folder();
    let mut request = signed(SIGNED_AT, r#"{"title":"hello"}"#);
    let said = explain(&folder, &request, &[]);
    assert!(said["reason"].as_str().unwrap().contains("300 s old"), "{said}");
    assert!(said["checks"][0]["places"][1]["found"].as_str().unwrap().contains("s before"));
    assert_eq!(said["signed_text"], Value::Null);
    request["received_at"] = "2023-11-14T22:13:21Z".into();
    assert_eq!(explain(&folder, &request, &[])["outcome"], "accept");
    let early = explain(&folder, &request, &["--at", "2023-11-14T20:00:00Z"]);
    assert!(early["reason"].as_str().unwrap().contains("ahead"), "{early}");
}

#[test]
fn a_record_for_the_dead_letters_is_accepted_and_listed() {
    let folder = folder();
    let said = explain(&folder, &signed(SIGNED_AT, r#"{"no":"title"}"#), &AT);
    assert_eq!((&said["outcome"], &said["status"]), (&json!("accept"), &json!(202)));
    assert_eq!(said["rejected"][0]["stage"], "validate");
    assert_eq!(said["events"], json!([]));
}

#[test]
fn a_secret_in_the_signed_text_is_masked_and_a_long_text_is_cut() {
    let folder = folder();
    let request = signed(SIGNED_AT, &format!("{{\"title\":\"{SECRET}{}\"}}", "x".repeat(5000)));
    let said = explain(&folder, &request, &AT);
    let text = said["signed_text"]["text"].as_str().unwrap();
    assert!(text.contains("\"***xxx") && !text.contains(SECRET), "{text}");
    assert_eq!(text.len(), 2000);
    assert!(said["signed_text"]["cut"].as_u64().unwrap() > 3000);
    let full = explain(&folder, &request, &[&AT[..], &["--full"]].concat());
    assert_eq!(full["signed_text"]["cut"], 0);
    assert!(full["signed_text"]["text"].as_str().unwrap().ends_with("xxx\"}"));
}

#[test]
fn a_token_is_told_by_its_length_alone() {
    let folder = folder();
    let request = |token: &str| json!({ "method": "POST", "path": "/hook", "headers": [["x-token", token]], "body": "{\"title\":\"t\"}" });
    let said = explain(&folder, &request("t0ken-of-the-h00k"), &[]);
    assert_eq!(said["status"], 401);
    assert_eq!(said["checks"][0]["places"][0]["found"], "17 characters");
    assert!(!said.to_string().contains("h00k"), "{said}");
    assert_eq!(explain(&folder, &request("t0ken-of-the-hook"), &[])["outcome"], "accept");
}

#[test]
fn what_cannot_be_judged_ends_with_1_and_says_what_is_right() {
    let folder = folder();
    let request = signed(SIGNED_AT, "{}");
    for (source, file, says) in [
        ("signed", "[]", "request.json is not a captured request: it is not an object"),
        (
            "signed",
            r#"{"method":"POST","path":"/","headers":[["a"]]}"#,
            "`headers[0]` is not a pair",
        ),
        ("other", &request.to_string(), "there is no source `other`"),
    ] {
        folder.write("request.json", file);
        if source == "other" {
            std::fs::remove_dir_all(folder.path("broken")).unwrap();
        }
        let output = folder.mef(&["explain", source, "request.json"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    let output = folder.mef(&["explain", "signed", "request.json", "--at", "noon"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("RFC 3339"), "{}", stderr(&output));
}

#[test]
fn a_refused_request_is_captured_and_explained_by_its_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder();
    std::fs::remove_dir_all(folder.path("broken")).unwrap();
    let running = folder.run(&["--capture", "refused"]);
    let body = b"{\"title\":\"\xc3\xa9\"}\n";
    let headers = [("x-token", "t0ken-of-the-h00k"), ("x-other", "é")];
    assert_eq!(running.post("/hook?a=%20", &headers, body).0, 401);
    assert_eq!(running.post("/hook", &[("x-token", "t0ken-of-the-hook")], body).0, 200);
    let log = running.stop();
    assert!(log.contains("refused webhook captured"), "{log}");
    assert!(!log.contains("h00k"), "{log}");
    let files: Vec<_> = std::fs::read_dir(folder.path("refused")).unwrap().collect();
    assert_eq!(files.len(), 1, "what was taken is not kept");
    let path = files[0].as_ref().unwrap().path();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("hook-20") && name.ends_with("Z.request.json"), "{name}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!((&file["path"], &file["source"]), (&json!("/hook?a=%20"), &json!("hook")));
    assert_eq!(file["body"], "{\"title\":\"é\"}\n");
    let explain = ["explain", "hook", path.to_str().unwrap(), "--json"];
    let said: Value = serde_json::from_str(&folder.lines(&explain)[0]).unwrap();
    assert_eq!((&said["outcome"], &said["reason"]), (&json!("reject"), &file["reason"]));
    assert_eq!(said["at"], file["received_at"], "judged when it came");
    // With the secret mended it is what it always was.
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=t0ken-of-the-h00k\n");
    let said: Value = serde_json::from_str(&folder.lines(&explain)[0]).unwrap();
    assert_eq!(said["events"][0]["summary"], "é");
}

#[test]
fn what_is_captured_is_bounded_and_can_be_masked() {
    let folder = folder();
    std::fs::remove_dir_all(folder.path("broken")).unwrap();
    let running = folder.run(&["--capture", "refused", "--capture-masked"]);
    let large = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(running.post("/hook", &[("x-token", "wr0ng")], &large).0, 401);
    for _ in 0..50 {
        assert_eq!(running.post("/hook", &[("x-token", "wr0ng")], b"{}").0, 401);
    }
    let log = running.stop();
    assert!(log.contains("its body is too large") && log.contains("no more refused"), "{log}");
    let files: Vec<_> = std::fs::read_dir(folder.path("refused")).unwrap().flatten().collect();
    // Twenty an hour; the test may run through the end of one.
    assert!((20..=40).contains(&files.len()), "{}", files.len());
    for file in &files {
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(text.contains("***") && !text.contains("wr0ng"), "{text}");
    }
    let output = folder.mef(&["explain", "hook", files[0].path().to_str().unwrap()]);
    assert!(stderr(&output).contains("were masked"), "{}", stderr(&output));
    assert!(stdout(&output).contains("token in the header `x-token`: 3 characters"));
    // A second run in the same hour goes on counting.
    let running = folder.run(&["--capture", "refused"]);
    assert_eq!(running.post("/hook", &[("x-token", "wr0ng")], b"{}").0, 401);
    running.stop();
    let after = std::fs::read_dir(folder.path("refused")).unwrap().count();
    assert!(after <= 40, "{after}");
}

#[test]
fn a_path_that_leads_elsewhere_is_told() {
    let folder = folder();
    for (path, says) in [
        ("/signed", None),
        ("/prod/events/%73igned/?a=1", None),
        ("/", None),
        ("/hook", Some("its path `/hook` leads to the source `hook`")),
        ("/signed;x=1", Some("its path `/signed;x=1` leads to no source")),
    ] {
        let mut request = signed(SIGNED_AT, "{}");
        request["path"] = path.into();
        folder.write("request.json", &request.to_string());
        let said = stderr(&folder.mef(&["explain", "signed", "request.json"]));
        assert_eq!(said.contains("a server would not judge"), says.is_some(), "{path}: {said}");
        assert!(said.contains(says.unwrap_or_default()), "{path}: {said}");
    }
}

#[test]
fn a_secret_that_cannot_be_used_is_explained_as_the_server_answers_it() {
    let folder = folder();
    let keyed = SIGNED.replace("{ name: old, not_after: \"2030-01-01T00:00:00Z\" }, ", "");
    let keyed = keyed.replace("        text:", "        key: { encoding: base64 }\n        text:");
    folder.write("signed/source.yml", &keyed);
    let said = explain(&folder, &signed(SIGNED_AT, "{}"), &AT);
    assert_eq!((&said["status"], &said["outcome"]), (&json!(503), &json!("reject")));
    let reason = said["reason"].as_str().unwrap();
    assert!(reason.contains("the secret `current` is not base64"), "{reason}");
}
