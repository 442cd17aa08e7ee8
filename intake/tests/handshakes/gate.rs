//! The authorizer and handshakes: it keeps out nothing that the receiver would
//! answer, and what it lets through is not thereby answered.

use mef_intake::{Decision, DenyReason};

use crate::support::{bench, request};
use crate::vendors::{from_slack, plain, slack, x};

#[tokio::test]
async fn a_method_that_only_a_rule_has_may_go_on() {
    assert_eq!(x().decide(&request("GET", "crc_token=a", &[], "")).await, Decision::Allow);
    // No rule answers this one; the receiver says 405.
    let other = request("DELETE", "crc_token=a", &[], "");
    assert_eq!(x().decide(&other).await, Decision::Deny(DenyReason::Method));
    assert_eq!(x().refuse(other).await.0, 405);
}

#[tokio::test]
async fn a_request_without_a_signature_may_go_on_where_a_rule_asks_for_none() {
    let monday = "  handshake: [ { when: { method: POST, present: [challenge], absent: [event] }, auth: none, respond: { text: \"{challenge}\" } } ]\n";
    let bench = bench(&(plain("x-signature", "hex") + monday));
    // The body, which may hold a challenge, is not seen.
    let head = request("POST", "", &[], "");
    assert_eq!(bench.decide(&head).await, Decision::Allow);
    // And what goes on is judged in full.
    assert_eq!(bench.refuse(request("POST", "", &[], "{}")).await.0, 401);
}

#[tokio::test]
async fn a_request_that_no_unsigned_rule_is_for_is_judged_as_ever() {
    let head = request("POST", "", &[], "");
    assert!(matches!(slack().decide(&head).await, Decision::Deny(DenyReason::Denied(_))));
    assert!(matches!(x().decide(&head).await, Decision::Deny(DenyReason::Denied(_))));
    assert!(matches!(
        x().decide(&request("GET", "other=1", &[], "")).await,
        Decision::Deny(DenyReason::Denied(_))
    ));
    let signed = from_slack("s3cret", "{}");
    assert_eq!(slack().decide(&signed).await, Decision::Allow);
}

#[tokio::test]
async fn where_only_a_credential_is_seen_unsigned_rules_let_all_pass() {
    use std::sync::Arc;

    use mef_intake::Authorizer;

    use crate::support::{StillClock, Vault, Web, keys};

    let gate = |rule: &str| {
        let file = format!(
            "source: hook\nwebhook:\n  verify: [ {{ token: {{ from: header.authorization, secrets: [t] }} }} ]\n  handshake: [ {{ {rule} }} ]\n"
        );
        let source = mef_source::load(&file, &|_| Err(String::new())).unwrap().source;
        let vault = Vault::default();
        vault.0.lock().unwrap().insert("t".to_owned(), vec!["t0ken".to_owned()]);
        let keys = keys(&Arc::new(Web::default()));
        Authorizer::new(Arc::new(source), Arc::new(vault), keys, Arc::new(StillClock)).unwrap()
    };
    let none = gate(
        "when: { method: GET, present: [query.c] }, auth: none, respond: { text: \"{query.c}\" }",
    );
    assert_eq!(none.decide_by_authorization(Some("GET"), "wrong").await, Decision::Allow);
    assert_eq!(none.decide_by_authorization(None, "wrong").await, Decision::Allow);
    let denied = none.decide_by_authorization(Some("POST"), "wrong").await;
    assert!(matches!(denied, Decision::Deny(DenyReason::Denied(_))), "{denied:?}");
    let head = none.decide_by_authorization(Some("HEAD"), "t0ken").await;
    assert_eq!(head, Decision::Deny(DenyReason::Method));
    let signed =
        gate("when: { method: GET, present: [query.c] }, respond: { text: \"{query.c}\" }");
    assert_eq!(signed.decide_by_authorization(Some("GET"), "t0ken").await, Decision::Allow);
    let denied = signed.decide_by_authorization(Some("GET"), "wrong").await;
    assert!(matches!(denied, Decision::Deny(DenyReason::Denied(_))), "{denied:?}");
}
