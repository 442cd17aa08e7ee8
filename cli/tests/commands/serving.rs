//! `mef run` as a process: how it stops, and what it reads again.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use aws_lc_rs::hmac;

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr};

const GOOD: &[(&str, &str)] = &[("x-token", "t0ken")];
const TITLE: &[u8] = br#"{"title":"one"}"#;
const WAITS: &[u8] =
    b"POST /hook HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";

fn hook() -> Folder {
    let folder = Folder::new();
    folder.write("hook/source.yml", HOOK).write("hook/schema.json", HOOK_SCHEMA);
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=t0ken\n");
    folder
}

/// Begins a request whose body never comes, once the server waits for it.
fn unfinished(run: &crate::support::Running) -> std::net::TcpStream {
    let mut stream = run.connect();
    stream.write_all(WAITS).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
fn half_a_head_does_not_keep_it_from_stopping() {
    let folder = hook();
    let run = folder.run(&[]);
    let mut stream = run.connect();
    stream.write_all(b"POST /hook HTTP/1.1\r\nhost:").unwrap();
    run.stop();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = hook();
    let mut run = folder.run(&["--body-timeout", "3600", "--stop-timeout", "3600"]);
    let _stream = unfinished(&run);
    run.signal("-TERM");
    run.says("stopping");
    run.signal("-INT");
    let (status, log) = run.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("a second signal"), "{log}");
}

#[test]
fn a_stop_has_a_deadline_for_requests() {
    let folder = hook();
    let run = folder.run(&["--body-timeout", "3600", "--stop-timeout", "1"]);
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 200);
    let _stream = unfinished(&run);
    run.signal("-TERM");
    let (status, log) = run.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("--stop-timeout is over"), "{log}");
    assert_eq!(folder.lines(&["events", "--json"]).len(), 1, "what was answered is there");
}

/// A vendor that takes a request and never responds.
#[test]
fn a_stop_has_a_deadline_for_runs() {
    let folder = Folder::new();
    let vendor = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", vendor.local_addr().unwrap());
    folder.write(
        "log/source.yml",
        &format!(
            "source: log\npoll:\n  schedule: rate(1 minute)\n  request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start}}\" }} }}\n  records: items\n  cursor: {{ time: t, overlap: 60s }}\n"
        ),
    );
    let run = folder.run(&["--stop-timeout", "1"]);
    let (_asked, _) = vendor.accept().unwrap();
    run.signal("-TERM");
    let (status, log) = run.wait();
    assert_eq!(status.code(), Some(1), "{log}");
}

#[test]
fn a_hangup_reads_new_changed_and_removed_sources() {
    let folder = hook();
    let mut run = folder.run(&[]);
    assert_eq!(run.post("/new", GOOD, TITLE).0, 404);
    let changed = HOOK.replace("header.x-token", "header.x-other");
    folder.write("hook/source.yml", &changed);
    folder.write("new/source.yml", "source: new\nwebhook: { unauthenticated: \"a test\" }\n");
    run.says("has changed, and is not used before SIGHUP");
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 200, "the old file counts");
    run.signal("-HUP");
    run.says("source files read again");
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 401);
    assert_eq!(run.post("/hook", &[("x-other", "t0ken")], TITLE).0, 200);
    assert_eq!(run.post("/new", GOOD, TITLE).0, 200);
    std::fs::remove_file(folder.path("new/source.yml")).unwrap();
    run.signal("-HUP");
    run.says("source files read again");
    assert_eq!(run.post("/new", GOOD, TITLE).0, 404);
    run.stop();
}

#[test]
fn a_broken_file_changes_nothing_and_is_told_with_its_place() {
    let folder = hook();
    let mut run = folder.run(&[]);
    folder.write("hook/source.yml", &HOOK.replace("delivery_id", "delivery_ids"));
    run.signal("-HUP");
    let line = run.says("does not load, and what it said before stays");
    assert!(line.contains("hook/source.yml:5:3") && line.contains("did you mean"), "{line}");
    run.says("source files read again");
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 200);
    run.stop();
}

#[test]
fn a_schedule_follows_its_file() {
    let folder = Folder::new();
    let (old, new) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let write = |vendor: &TcpListener| {
        let origin = format!("http://{}", vendor.local_addr().unwrap());
        folder.write(
            "log/source.yml",
            &format!(
                "source: log\npoll:\n  schedule: rate(1 minute)\n  request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start}}\" }} }}\n  records: items\n  cursor: {{ time: t, overlap: 60s }}\n"
            ),
        );
    };
    write(&old);
    let mut run = folder.run(&[]);
    let (mut asked, _) = old.accept().unwrap();
    write(&new);
    run.signal("-HUP");
    run.says("source files read again");
    // Its run comes to an end first.
    let body = r#"{"items":[]}"#;
    asked.write_all(crate::support::http(200, "", body).as_bytes()).unwrap();
    drop(asked);
    new.accept().unwrap();
    run.signal("-KILL");
}

/// The old one must not stay accepted, whatever the file's time says.
#[test]
fn a_changed_secret_counts_at_once() {
    let folder = hook();
    let run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 200);
    let path = folder.path("secrets.env");
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=other\n");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 401);
    assert_eq!(run.post("/hook", &[("x-token", "other")], TITLE).0, 200);
    run.stop();
}

#[test]
fn a_url_below_the_endpoint_is_what_the_operator_says_also_after_a_reload() {
    let folder = Folder::new();
    folder.write("placed/source.yml", "source: placed\nwebhook:\n  public_url: \"{endpoint}/placed\"\n  verify: [ { hmac: { hash: sha256, secrets: [key], text: \"{url}{body}\", signature: { from: header.x-signature, encoding: hex } } } ]\n");
    folder.write("secrets.env", "MEF_SECRET_PLACED_KEY=a key\n");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"a key");
    let tag = hmac::sign(&key, b"https://hooks.example.org/placed{}");
    let signature = hex::encode(tag.as_ref());
    let mut run = folder.run(&[]);
    assert!(run.says("nobody says what `{endpoint}` is").contains("\"source.id\":\"placed\""));
    assert_eq!(run.post("/placed", &[("x-signature", &signature)], b"{}").0, 503);
    run.stop();
    let mut run = folder.run(&["--endpoint", "https://hooks.example.org"]);
    assert_eq!(run.post("/placed", &[("x-signature", &signature)], b"{}").0, 200);
    run.signal("-HUP");
    run.says("source files read again");
    assert_eq!(run.post("/placed", &[("x-signature", &signature)], b"{}").0, 200);
    run.stop();
}

#[test]
fn every_refusal_before_a_source_leaves_a_line_and_a_count() {
    let folder = hook();
    let mut run = folder.run(&["--body-timeout", "1"]);
    run.post("/nobody", GOOD, b"{}");
    run.says("no such source");
    run.post("/nobody", GOOD, b"{}");
    assert!(run.says("no such source").contains("\"refused.count\":2"));
    run.announce("/hook", GOOD, 7 * 1024 * 1024, b"");
    assert!(run.says("larger than `max_body`").contains("\"source.id\":\"hook\""));
    let mut stranger = run.connect();
    stranger.write_all(b"no HTTP\r\n\r\n").unwrap();
    assert!(run.says("no HTTP/1.1").contains("\"http.status\":400"));
    let mut large = run.connect();
    large
        .write_all(format!("POST /hook HTTP/1.1\r\nx: {}", "v".repeat(70_000)).as_bytes())
        .unwrap();
    assert!(run.says("too large or too many").contains("\"http.status\":431"));
    let _slow = unfinished(&run);
    assert!(run.says("came too slowly").contains("\"http.status\":408"));
    run.ask("PUT", "/hook");
    let line = run.says("method");
    assert!(line.contains("\"http.status\":405") && line.contains("\"refused.count\":1"), "{line}");
    run.post("/hook", &[("x-token", "wrong")], b"{}");
    let line = run.says("webhook refused");
    assert!(line.contains("\"http.status\":401") && line.contains("\"refused.count\":2"), "{line}");
    run.stop();
}

#[test]
fn white_space_at_the_end_of_a_secret_is_told() {
    let folder = hook();
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=\"t0ken \"\n");
    let checked = folder.mef(&["secrets", "check"]);
    let said = stderr(&checked);
    assert!(said.contains("`hook/token` begins or ends with white space"), "{said}");
    let mut run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 401);
    assert!(run.says("white space").contains("hook/token"));
    run.stop();
    folder.write(
        "one.request.json",
        r#"{"method":"POST","path":"/hook","headers":[["x-token","t0ken"]],"body":"{}"}"#,
    );
    let said = stderr(&folder.mef(&["explain", "hook", "one.request.json"]));
    assert!(said.contains("white space"), "{said}");
}

#[test]
fn an_address_to_listen_on_that_is_none_is_answered_with_an_example() {
    let folder = hook();
    let output = folder.mef(&["run", "--listen", "example.com"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("127.0.0.1:8200"), "{}", stderr(&output));
}

#[test]
fn no_source_has_the_name_that_a_monitor_asks_for() {
    let folder = Folder::new();
    folder.write("a/source.yml", "source: healthz\nwebhook: { unauthenticated: \"a test\" }\n");
    let output = folder.mef(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("a/source.yml:1:9") && said.contains("`healthz`"), "{said}");
}

#[test]
fn a_missing_secret_is_told_at_the_start() {
    let folder = hook();
    folder.write("secrets.env", "");
    let mut run = folder.run(&[]);
    let line = run.says("a secret cannot be read");
    assert!(line.contains("MEF_SECRET_HOOK_TOKEN"), "{line}");
    folder.write("secrets.env", "MEF_SECRET_HOOK_TOKEN=t0ken\n");
    run.signal("-HUP");
    run.says("source files read again");
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 200);
    assert_eq!(run.stop().matches("a secret cannot be read").count(), 1);
}

/// What was written to the old file would be gone with the process.
#[cfg(unix)]
#[test]
fn a_store_that_is_removed_while_it_serves_is_told_and_ends_it() {
    let folder = hook();
    let mut run = folder.run(&[]);
    assert_eq!(run.post("/hook", GOOD, TITLE).0, 200);
    std::fs::remove_file(folder.path("mef.db")).unwrap();
    assert_eq!(run.post("/hook", GOOD, br#"{"title":"two"}"#).0, 503);
    assert_eq!(run.ask("GET", "/healthz").0, 503);
    let line = run.says("the store is lost");
    assert!(line.contains("mef.db was removed or replaced"), "{line}");
    let (status, log) = run.wait();
    assert_eq!(status.code(), Some(1), "{log}");
}
