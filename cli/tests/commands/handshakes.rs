//! Handshakes with `mef run`: every method reaches the source, and a secret that
//! a sender brings is kept.

use crate::support::Folder;

const ASKED: &str = r#"
source: asked
webhook:
  verify: [ { token: { from: header.x-hook-token, secrets: [hook_secret] } } ]
  handshake:
    - { when: { method: GET, present: [query.challenge] }, auth: none, respond: { text: "{query.challenge}" } }
    - { when: { method: HEAD }, auth: none, respond: { text: here } }
    - when: { method: OPTIONS, present: [query.origin] }
      auth: none
      respond: { status: 204, empty: true, headers: { WebHook-Allowed-Origin: "{query.origin}" } }
    - when: { method: POST, present: [header.x-hook-secret] }
      auth: none
      respond: { builtin: stored_secret, header: X-Hook-Secret, secret: hook_secret, enrol_until: 9000-01-01T00:00:00Z }
"#;

#[test]
fn every_method_reaches_the_source() {
    let folder = Folder::new();
    folder.write("asked/source.yml", ASKED);
    let run = folder.run(&[]);
    let (status, answer) = run.ask("GET", "/asked?challenge=%3Cb%3E");
    assert!(status == 200 && answer.ends_with("\r\n\r\n<b>"), "{answer}");
    assert!(answer.contains("content-type: text/plain\r\n"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
    let (status, answer) = run.ask("HEAD", "/asked");
    assert!(status == 200 && answer.ends_with("\r\n\r\n"), "{answer}");
    let (status, answer) = run.ask("OPTIONS", "/asked?origin=a.example.com");
    assert!(status == 204 && answer.contains("webhook-allowed-origin: a.example.com"), "{answer}");
    assert_eq!(run.ask("GET", "/asked").0, 405);
    assert_eq!(run.ask("DELETE", "/asked?challenge=a").0, 405);
    let log = run.stop();
    assert_eq!(log.matches("handshake answered").count(), 3, "{log}");
}

#[test]
fn a_secret_that_a_sender_brings_is_kept_once() {
    let folder = Folder::new();
    folder.write("asked/source.yml", ASKED).write("secrets.env", "# ours, without an end");
    let run = folder.run(&[]);
    let brings = |secret: &str| run.post("/asked", &[("x-hook-secret", secret)], b"");
    let sends = |secret: &str| run.post("/asked", &[("x-hook-token", secret)], b"{\"a\":1}").0;
    // Nothing can be verified yet.
    assert_eq!(sends("b537207f20cbfa02357c"), 503);
    let (status, answer) = brings("b537207f20cbfa02357c");
    assert!(status == 200 && answer.contains("x-hook-secret: b537207f20cbfa02357c"), "{answer}");
    assert_eq!(brings("another-of-an-attacker").0, 401);
    assert_eq!((sends("b537207f20cbfa02357c"), sends("another-of-an-attacker")), (200, 401));
    let log = run.stop();
    assert!(!log.contains("b537207f20cbfa02357c"), "{log}");
    let kept = std::fs::read_to_string(folder.path("secrets.env")).unwrap();
    let line = "MEF_SECRET_ASKED_HOOK_SECRET=b537207f20cbfa02357c";
    assert_eq!(kept, format!("# ours, without an end\n{line}\n"));
}
