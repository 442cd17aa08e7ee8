//! Handshakes that reach outside: a URL is fetched, a secret stored.

use mef_intake::Verdict;

use crate::support::{Bench, bench, bench_with, hmac_hex, request};
use crate::vendors::plain;

fn sns() -> Bench {
    // The host follows from the check of SNS, whichever alternative passes.
    let hmac = plain("x-signature", "hex");
    let sns = "aws_sns: { topics: ['arn:aws:sns:us-west-2:123456789012:t'] }";
    let hmac = hmac.replace("[ { hmac", &format!("[ {{ any: [ {{ {sns} }}, {{ hmac"));
    let hmac = hmac.replace(" } } ]\n", " } } ] } ]\n");
    bench(
        &(hmac
            + "  handshake: [ { when: { method: POST, equals: { Type: SubscriptionConfirmation } }, respond: { builtin: sns_confirmation } } ]\n"),
    )
}

fn confirmation(url: &str) -> mef_auth::Request {
    let body = format!(r#"{{"Type":"SubscriptionConfirmation","SubscribeURL":"{url}"}}"#);
    request("POST", "", &[("x-signature", &hmac_hex("s3cret", &body))], &body)
}

const URL: &str = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f";

#[tokio::test]
async fn sns_is_confirmed_by_getting_the_url_that_it_names() {
    let bench = sns();
    let got = bench.shake(confirmation(URL)).await;
    assert_eq!((got.status, got.body.as_str()), (200, ""));
    let asked = bench.web.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    let asked = asked.first().unwrap();
    assert_eq!((asked.method.as_str(), asked.url.as_str()), ("GET", URL));
    assert!(asked.max_body <= 1024 * 1024 && asked.timeout.as_secs() <= 10);
}

#[tokio::test]
async fn sns_is_told_to_come_again_where_the_url_does_not_answer() {
    for status in [Some(302), Some(403), Some(500), None] {
        let bench = sns();
        *bench.web.status.lock().unwrap() = status;
        let (told, outcome) = bench.refuse(confirmation(URL)).await;
        assert_eq!(told, 503, "{status:?}");
        assert!(matches!(outcome, Verdict::Unconfirmed { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn nothing_is_fetched_from_elsewhere_or_for_a_stranger() {
    let bench = sns();
    for url in [
        "http://sns.us-west-2.amazonaws.com/",
        "https://sns.us-west-2.amazonaws.com.evil.com/",
        "https://169.254.169.254/latest/meta-data/",
        "",
    ] {
        assert_eq!(bench.refuse(confirmation(url)).await.0, 401, "{url}");
    }
    let body = format!(r#"{{"Type":"SubscriptionConfirmation","SubscribeURL":"{URL}"}}"#);
    assert_eq!(bench.refuse(request("POST", "", &[], &body)).await.0, 401);
    assert!(bench.web.asked.lock().unwrap().is_empty());
}

/// Asana's: the first request brings the secret that signs all others.
fn asana(until: &str, secrets: &[(&str, &[&str])]) -> Bench {
    let rule = format!(
        "  handshake: [ {{ when: {{ method: POST, present: [header.X-Hook-Secret] }}, auth: none, \
         respond: {{ builtin: stored_secret, header: X-Hook-Secret, secret: webhook_secret, enrol_until: {until} }} }} ]\n"
    );
    bench_with(&(plain("X-Hook-Signature", "hex") + &rule), secrets)
}

fn brings(secret: &str) -> mef_auth::Request {
    request("POST", "", &[("x-hook-secret", secret)], "")
}

const SECRET: &str = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81";

#[tokio::test]
async fn asana_has_its_secret_stored_once_and_given_back() {
    let bench = asana("2026-12-31T00:00:00Z", &[]);
    let got = bench.shake(brings(SECRET)).await;
    assert_eq!((got.status, got.body.as_str()), (200, ""));
    assert_eq!(got.header("x-hook-secret"), Some(SECRET));
    // Whoever comes second is nobody, with another secret or the same.
    for again in [SECRET, "another-secret-of-an-attacker"] {
        assert_eq!(bench.refuse(brings(again)).await.0, 401);
    }
    let body = r#"{"events":[]}"#;
    let signed =
        |secret: &str| request("POST", "", &[("x-hook-signature", &hmac_hex(secret, body))], body);
    assert_eq!(bench.refuse(signed("another-secret-of-an-attacker")).await.0, 401);
    let handled = bench.handle(signed(SECRET)).await;
    assert_eq!((handled.answer.status, bench.queued().await), (200, 1));
}

#[tokio::test]
async fn no_secret_is_taken_late_or_in_place_of_one_or_that_is_none() {
    let late = asana("2026-01-01T00:00:00Z", &[]);
    assert_eq!(late.refuse(brings(SECRET)).await.0, 401);
    assert!(late.vault.0.lock().unwrap().is_empty());
    let set = asana("2026-12-31T00:00:00Z", &[("webhook_secret", &["s3cret"])]);
    assert_eq!(set.refuse(brings(SECRET)).await.0, 401);
    let open = asana("2026-12-31T00:00:00Z", &[]);
    for none in [
        "short",
        "with a space in the middle of it",
        "\"quoted-quoted-quoted\"",
        "ü-ü-ü-ü-ü-ü-ü-ü-ü-ü-ü",
    ] {
        assert_eq!(open.refuse(brings(none)).await.0, 401, "{none}");
    }
    let twice = [("x-hook-secret", SECRET), ("x-hook-secret", SECRET)];
    assert_ne!(open.refuse(request("POST", "", &twice, "")).await.0, 200);
    assert!(open.vault.0.lock().unwrap().is_empty());
}
