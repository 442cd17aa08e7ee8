//! One request of each vendor layout, signed here by hand. Where a vendor
//! publishes a worked example, that is the request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// A vendor's layout and a request that it accepts.
pub(super) struct Sample {
    /// The kind of check.
    pub(super) kind: &'static str,
    /// A key of the right form that is not the vendor's.
    pub(super) wrong: &'static str,
    pub(super) vendor: &'static str,
    pub(super) checks: String,
    pub(super) secrets: Vec<(&'static str, &'static str)>,
    pub(super) post: Post,
    pub(super) now: i64,
    /// How far the signed time may lie before and after now, in milliseconds.
    pub(super) window: Option<(i64, i64)>,
    pub(super) signs_body: bool,
    /// Headers that are lists, so that several lines of them are one list.
    pub(super) lists: &'static [&'static str],
}

pub(super) fn sample(vendor: &'static str, checks: &str, post: Post) -> Sample {
    Sample {
        kind: "hmac",
        // Hexadecimal and base64, so that it is a key in any encoding.
        wrong: "0123456789abcdef",
        vendor,
        checks: checks.to_owned(),
        secrets: vec![("s", "secret-of-the-vendor")],
        post,
        now: NOW,
        window: None,
        signs_body: true,
        lists: &[],
    }
}

const KEY: &str = "secret-of-the-vendor";
const BODY: &str = r#"{"event":"login","user":"ann"}"#;

fn base64_of(algorithm: lc_hmac::Algorithm, key: &[u8], text: &str) -> String {
    STANDARD.encode(mac(algorithm, key, text.as_bytes()))
}

fn sha256_base64(text: &str) -> String {
    base64_of(lc_hmac::HMAC_SHA256, KEY.as_bytes(), text)
}

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = lists_and_keys();
    samples.extend(whole_headers());
    samples.extend(inside_the_body());
    samples.extend(super::public_keys::samples());
    samples
}

fn lists_and_keys() -> Vec<Sample> {
    let other = sha256_hex("another secret", "x");
    vec![
        // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
        Sample {
            secrets: vec![("s", "It's a Secret to Everybody")],
            ..sample(
                "GitHub",
                r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
                     signature: { from: header.X-Hub-Signature-256, pair: "=", take: [sha256], encoding: hex } }"#,
                Post::new(
                    &[(
                        "X-Hub-Signature-256",
                        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                    )],
                    "Hello, World!",
                ),
            )
        },
        // https://docs.slack.dev/authentication/verifying-requests-from-slack
        Sample {
            secrets: vec![("s", "8f742231b10e8888abcd99yyyzzz85a5")],
            now: 1_531_420_618,
            window: Some((300_000, 300_000)),
            ..sample(
                "Slack",
                r#"hmac: { hash: sha256, secrets: [s], text: "v0:{timestamp}:{body}",
                     signature: { from: header.X-Slack-Signature, pair: "=", take: [v0], encoding: hex },
                     timestamp: { from: header.X-Slack-Request-Timestamp, unit: s, max_age: 300s } }"#,
                Post::new(
                    &[
                        (
                            "X-Slack-Signature",
                            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                        ),
                        ("X-Slack-Request-Timestamp", "1531420618"),
                    ],
                    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
                ),
            )
        },
        // https://github.com/standard-webhooks/standard-webhooks, and Svix
        Sample {
            secrets: vec![("s", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
            now: 1_614_265_330,
            window: Some((300_000, 300_000)),
            lists: &["svix-signature"],
            ..sample(
                "Svix",
                r#"hmac: { hash: sha256, secrets: [s], text: "{id}.{timestamp}.{body}",
                     key: { encoding: base64, strip_prefix: whsec_ },
                     signature: { from: [header.webhook-signature, header.svix-signature],
                                  split: " ", pair: ",", take: [v1], encoding: base64 },
                     timestamp: { from: header.svix-timestamp, unit: s, max_age: 300s },
                     id: [header.webhook-id, header.svix-id] }"#,
                Post::new(
                    &[
                        ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                        ("svix-timestamp", "1614265330"),
                        (
                            "svix-signature",
                            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                        ),
                    ],
                    r#"{"test": 2432232314}"#,
                ),
            )
        },
        Sample {
            window: Some((300_000, 300_000)),
            lists: &["Stripe-Signature"],
            ..sample(
                "Stripe",
                r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}.{body}",
                     signature: { from: header.Stripe-Signature, split: ",", pair: "=", take: [v1], encoding: hex },
                     timestamp: { from: signature.t, unit: s, max_age: 300s } }"#,
                Post::new(
                    &[(
                        "Stripe-Signature",
                        &format!(
                            "t={NOW},v0={other}, v1=,v9,v1={other},v1={}",
                            sha256_hex(KEY, format!("{NOW}.{BODY}"))
                        ),
                    )],
                    BODY,
                ),
            )
        },
        Sample {
            lists: &["X-PagerDuty-Signature"],
            ..sample(
                "PagerDuty",
                r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
                     signature: { from: header.X-PagerDuty-Signature, split: ",", pair: "=", take: [v1], encoding: hex } }"#,
                Post::new(
                    &[(
                        "X-PagerDuty-Signature",
                        &format!("v1={other},v1={}", sha256_hex(KEY, BODY)),
                    )],
                    BODY,
                ),
            )
        },
        Sample {
            window: Some((5_000, 5_000)),
            lists: &["Paddle-Signature"],
            ..sample(
                "Paddle",
                r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}:{body}",
                     signature: { from: header.Paddle-Signature, split: ";", pair: "=", take: [h1], encoding: hex },
                     timestamp: { from: signature.ts, unit: s, max_age: 5s } }"#,
                Post::new(
                    &[(
                        "Paddle-Signature",
                        &format!("ts={NOW};h1={}", sha256_hex(KEY, format!("{NOW}:{BODY}"))),
                    )],
                    BODY,
                ),
            )
        },
        Sample {
            lists: &["x-outpost-signature"],
            ..sample(
                "Outpost",
                r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
                     signature: { from: header.x-outpost-signature, split: ",", pair: "=", take: [v0], bare: inherit, encoding: hex } }"#,
                Post::new(
                    &[("x-outpost-signature", &format!("v0={other},{}", sha256_hex(KEY, BODY)))],
                    BODY,
                ),
            )
        },
    ]
}

fn whole_headers() -> Vec<Sample> {
    let box_time = "2023-11-14T14:13:20-08:00";
    vec![
        Sample {
            window: Some((600_000, 0)),
            secrets: vec![("old", "another secret"), ("s", KEY)],
            ..sample(
                "Box",
                r#"hmac: { hash: sha256, secrets: [old, s], text: "{body}{timestamp}",
                     signature: { from: [header.BOX-SIGNATURE-PRIMARY, header.BOX-SIGNATURE-SECONDARY], encoding: base64 },
                     timestamp: { from: header.BOX-DELIVERY-TIMESTAMP, unit: rfc3339, max_age: 600s, max_future: 0s } }"#,
                Post::new(
                    &[
                        ("BOX-SIGNATURE-SECONDARY", &sha256_base64(&format!("{BODY}{box_time}"))),
                        ("BOX-DELIVERY-TIMESTAMP", box_time),
                    ],
                    BODY,
                ),
            )
        },
        sample(
            "DocuSign",
            r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
                 signature: { from: "header.X-DocuSign-Signature-#", encoding: base64 } }"#,
            Post::new(&[("X-DocuSign-Signature-3", &sha256_base64("<a>\r\n</a>"))], "<a>\r\n</a>"),
        ),
        Sample {
            window: Some((300_000, 300_000)),
            post: Post {
                query: "a=1&b=%2F".to_owned(),
                method: "PUT",
                ..Post::new(
                    &[
                        (
                            "X-HubSpot-Signature-v3",
                            &sha256_base64(&format!(
                                "PUThttps://hooks.example.com/test?a=1&b=%2F{BODY}{NOW}000"
                            )),
                        ),
                        ("X-HubSpot-Request-Timestamp", &format!("{NOW}000")),
                    ],
                    BODY,
                )
            },
            ..sample(
                "HubSpot",
                r#"hmac: { hash: sha256, secrets: [s], text: "{method}{url}{body}{timestamp}",
                     signature: { from: header.X-HubSpot-Signature-v3, encoding: base64 },
                     timestamp: { from: header.X-HubSpot-Request-Timestamp, unit: ms, max_age: 300s } }"#,
                Post::new(&[], ""),
            )
        },
        sample(
            "Terraform",
            r#"hmac: { hash: sha512, secrets: [s], text: "{body}",
                 signature: { from: header.X-TFE-Notification-Signature, encoding: hex } }"#,
            Post::new(
                &[(
                    "X-TFE-Notification-Signature",
                    &hex::encode_upper(mac(lc_hmac::HMAC_SHA512, KEY.as_bytes(), BODY.as_bytes())),
                )],
                BODY,
            ),
        ),
        sample(
            "Vercel",
            r#"hmac: { hash: sha1, secrets: [s], text: "{body}",
                 signature: { from: header.x-vercel-signature, encoding: hex } }"#,
            Post::new(
                &[(
                    "x-vercel-signature",
                    &hex::encode(mac(
                        lc_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                        KEY.as_bytes(),
                        BODY.as_bytes(),
                    )),
                )],
                BODY,
            ),
        ),
        every_part(),
    ]
}

/// Layouts that no vendor has, for parts that no other sample uses.
fn every_part() -> Sample {
    let body = r#"{"n":1.50,"t":"\u00e4","ok":true}"#;
    let query = "q=a+b%2F";
    let text = format!("/test?{query}|other|a b/|1.50|ä|true|{body}");
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac(
        lc_hmac::HMAC_SHA256,
        &[0x00, 0xff, 0xa1],
        text.as_bytes(),
    ));
    Sample {
        secrets: vec![("s", "00fFa1")],
        post: Post {
            query: query.to_owned(),
            ..Post::new(&[("X-Other", "other"), ("X-Sig", &signature)], body)
        },
        ..sample(
            "every part",
            r#"hmac: { hash: sha256, secrets: [s], key: { encoding: hex },
                 text: "{path_query}|{header.X-Other}|{query.q}|{/n}|{/t}|{/ok}|{body}",
                 signature: { from: header.X-Sig, encoding: base64url } }"#,
            Post::new(&[], ""),
        )
    }
}

fn inside_the_body() -> Vec<Sample> {
    let linear = format!(r#"{{"action":"create","webhookTimestamp":{NOW}000,"x":"é"}}"#);
    let token = "f1e2d3";
    let mailgun = format!(
        r#"{{ "signature": {{"timestamp":"{NOW}","token":"{token}","signature":"{}"}},"event-data":{{"id":"x"}}}}"#,
        sha256_hex(KEY, format!("{NOW}{token}"))
    );
    vec![
        Sample {
            window: Some((60_000, 60_000)),
            ..sample(
                "Linear",
                r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
                     signature: { from: header.Linear-Signature, encoding: hex },
                     timestamp: { from: /webhookTimestamp, unit: ms, max_age: 60s } }"#,
                Post::new(&[("Linear-Signature", &sha256_hex(KEY, &linear))], linear),
            )
        },
        Sample {
            window: Some((300_000, 300_000)),
            signs_body: false,
            ..sample(
                "Mailgun",
                r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}{/signature/token}",
                     signature: { from: /signature/signature, encoding: hex },
                     timestamp: { from: /signature/timestamp, unit: s, max_age: 300s } }"#,
                Post::new(&[], mailgun),
            )
        },
    ]
}
