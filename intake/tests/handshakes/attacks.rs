//! What a stranger tries with a handshake, and does not get.

use mef_auth::verify::Denied;
use mef_intake::Verdict;
use serde_json::json;

use crate::support::{bench, got, hmac_base64, hmac_hex, request};
use crate::vendors::{GRAPH, ZOOM, from_slack, from_zoom, plain, slack, v0, x};

#[tokio::test]
async fn a_stranger_has_no_event_signed_as_a_challenge() {
    let bench = x();
    for event in ["%7B%22id%22%3A1%7D", "%5B%5D", "a%0A", "a%00", "a.b", "", &"a".repeat(129)] {
        let (status, outcome) =
            bench.refuse(request("GET", &format!("crc_token={event}"), &[], "")).await;
        assert!(status == 401 || event.is_empty(), "{event}: {outcome:?}");
    }
    // What the challenge's answer signs is no event either.
    let token = "Zm9v";
    let signature = hmac_base64("s3cret", token);
    let replayed = request("POST", "", &[("x-twitter-webhooks-signature", &signature)], "{}");
    assert_eq!(bench.refuse(replayed).await.0, 401);
}

#[tokio::test]
async fn zoom_s_token_is_signed_for_zoom_alone() {
    let bench = bench(&(v0("x-zm-signature", "x-zm-request-timestamp") + ZOOM));
    let body = r#"{"payload":{"plainToken":"v0:1:{}"},"event":"endpoint.url_validation"}"#;
    assert_eq!(bench.refuse(request("POST", "", &[], body)).await.0, 401);
    assert_eq!(bench.refuse(from_zoom("guess", body)).await.0, 401);
    // Nor is half of an answer given where the token is missing.
    let without = r#"{"payload":{},"event":"endpoint.url_validation"}"#;
    let (status, outcome) = bench.refuse(from_zoom("s3cret", without)).await;
    assert!(matches!(outcome, Verdict::Denied(Denied::Missing(_))), "{outcome:?}");
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_challenge_is_given_back_to_no_stranger() {
    let body = r#"{"challenge":"c","type":"url_verification"}"#;
    let unsigned = got(slack().handle(request("POST", "", &[], body)).await);
    assert_eq!(unsigned.status, 401);
    let wrong = got(slack().handle(from_slack("guess", body)).await);
    let event = got(slack().handle(from_slack("guess", r#"{"type":"x"}"#)).await);
    // And nobody is told that it was a challenge that failed.
    assert!(unsigned == wrong && wrong == event, "{unsigned:?} {wrong:?} {event:?}");
}

#[tokio::test]
async fn a_challenge_within_an_event_takes_nothing_away() {
    let bench = slack();
    let bodies = [
        r#"{"id":"1","type":"event_callback","challenge":"c"}"#,
        r#"{"id":"2","type":"event_callback","event":{"type":"url_verification","challenge":"c"}}"#,
        r#"{"id":"3","Type":"url_verification","challenge":"c"}"#,
        r#"{"id":"4","type":["url_verification"],"challenge":"c"}"#,
        r#"{"id":"5","type":"url_verification ","challenge":"c"}"#,
        r#"{"id":"6","type":null,"challenge":"c"}"#,
    ];
    for (before, body) in bodies.into_iter().enumerate() {
        let handled = bench.handle(from_slack("s3cret", body)).await;
        assert!(matches!(handled.verdict, Verdict::Accepted { .. }), "{body}: {handled:?}");
        assert_eq!(bench.queued().await, before + 1, "{body}");
    }
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_no_challenge() {
    let bench = slack();
    for body in [
        r#"{"type":"url_verification","type":"event_callback","challenge":"c"}"#,
        r#"{"type":"event_callback","type":"url_verification","challenge":"c"}"#,
        r#"{"type":"url_verification","\u0074ype":"url_verification","challenge":"c"}"#,
        r#"{"type":"url_verification","challenge":"c"}{"#,
    ] {
        let handled = bench.handle(from_slack("guess", body)).await;
        assert_eq!(handled.answer.status, 401, "{body}");
        let handled = bench.handle(from_slack("s3cret", body)).await;
        assert!(!matches!(handled.verdict, Verdict::Handshake), "{body}: {handled:?}");
    }
    // Known for a challenge, but not what to give back.
    let twice = r#"{"type":"url_verification","challenge":"a","challenge":"b"}"#;
    let handled = bench.handle(from_slack("s3cret", twice)).await;
    assert_eq!(handled.answer.status, 401);
    assert!(matches!(handled.verdict, Verdict::Denied(Denied::Duplicated(_))));
}

#[tokio::test]
async fn a_parameter_given_twice_is_not_answered() {
    assert_eq!(x().refuse(request("GET", "crc_token=a&crc_token=a", &[], "")).await.0, 405);
    assert_eq!(x().refuse(request("GET", "crc_token=a&crc%5ftoken=b", &[], "")).await.0, 405);
    let twice = request("POST", "validationToken=a&validationToken=b", &[], "");
    assert_eq!(bench(GRAPH).refuse(twice).await.0, 401);
}

#[tokio::test]
async fn no_value_breaks_a_header_in_two() {
    let bench = bench(
        &(plain("x-signature", "hex")
            + r#"  handshake:
    - when: { method: GET, present: [query.c] }
      auth: none
      respond: { empty: true, headers: { X-Challenge: "{query.c}" } }
"#),
    );
    assert_eq!(
        bench.shake(request("GET", "c=a%20b", &[], "")).await.header("x-challenge"),
        Some("a b")
    );
    for injected in ["a%0D%0ASet-Cookie:%20x=1", "a%0A", "%0Da", "a%00", "a%7F", "%C3%BC"] {
        let (status, outcome) =
            bench.refuse(request("GET", &format!("c={injected}"), &[], "")).await;
        assert_eq!(status, 401, "{injected}");
        assert!(matches!(outcome, Verdict::Denied(Denied::NotForHeader(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_page_in_a_challenge_is_no_page() {
    let query = "validationToken=%3Cscript%3Ealert(1)%3C/script%3E";
    let got = bench(GRAPH).shake(request("POST", query, &[], "")).await;
    assert_eq!(got.body, "<script>alert(1)</script>");
    assert_eq!(got.header("content-type"), Some("text/plain"));
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    let page = request("POST", &format!("{query}%00"), &[("accept", "text/html")], "");
    assert_eq!(bench(GRAPH).shake(page).await.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn nothing_closes_the_json_that_it_is_put_into() {
    let body = r#"{"payload":{"plainToken":"\"},\"admin\":true,\"x\":{\""},"event":"endpoint.url_validation"}"#;
    let bench = bench(&(v0("x-zm-signature", "x-zm-request-timestamp") + ZOOM));
    let token = "\"},\"admin\":true,\"x\":{\"";
    let expected = json!({ "plainToken": token, "encryptedToken": hmac_hex("s3cret", token) });
    assert_eq!(bench.shake(from_zoom("s3cret", body)).await.json(), expected);
}

#[tokio::test]
async fn a_giant_challenge_is_not_given_back() {
    let asked = |length: usize| {
        request("POST", &format!("validationToken={}", "a".repeat(length)), &[], "")
    };
    let bench = bench(GRAPH);
    assert_eq!(bench.shake(asked(4096)).await.body.len(), 4096);
    let (status, outcome) = bench.refuse(asked(4097)).await;
    assert_eq!(status, 401);
    assert!(matches!(outcome, Verdict::Denied(Denied::TooLong { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_for_a_challenge() {
    let bench = crate::support::bench(&format!("  max_body: 1KiB\n{GRAPH}"));
    let large = "x".repeat(1025);
    let (status, _) = bench.refuse(request("POST", "validationToken=a", &[], &large)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_not_given_back() {
    let asked = request("POST", "validationToken=%FF%FE", &[], "");
    assert_eq!(bench(GRAPH).refuse(asked).await.0, 401);
}

#[tokio::test]
async fn an_unknown_method_is_405_whatever_the_rules_are() {
    let bench = x();
    for method in ["HEAD", "OPTIONS", "DELETE", "PUT", "get", "TRACE"] {
        assert_eq!(bench.refuse(request(method, "crc_token=a", &[], "")).await.0, 405, "{method}");
    }
}

#[tokio::test]
async fn the_first_rule_that_is_meant_counts() {
    let bench = bench(
        &(plain("x-signature", "hex")
            + r#"  handshake:
    - { when: { method: GET, equals: { query.a: 1 } }, auth: none, respond: { text: one } }
    - { when: { method: GET, present: [query.a] }, respond: { text: two } }
    - { when: { method: GET }, auth: none, respond: { status: 204, empty: true } }
"#),
    );
    assert_eq!(bench.shake(request("GET", "a=1", &[], "")).await.body, "one");
    // The second asks for a signature, and the third is no way around it.
    assert_eq!(bench.refuse(request("GET", "a=2", &[], "")).await.0, 401);
    assert_eq!(bench.shake(request("GET", "", &[], "")).await.status, 204);
}
