//! Messages of SNS, signed with a key of our own: see `sns/README.md`.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::*;
use crate::verify::{KeyDocument, KeyKind, KeySource, verify_head, wanted_keys};

const KEY: &str = include_str!("sns/key.pem");
const CERTIFICATE: &str = include_str!("sns/cert.pem");
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:events";
const CERT_URL: &str =
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";

fn checks() -> String {
    format!("aws_sns: {{ topics: [\"arn:aws:sns:eu-west-1:1:other\", \"{TOPIC}\"] }}")
}

fn live() -> LiveSecrets {
    let document = KeyDocument::parse(KeyKind::Certificate, CERTIFICATE.as_bytes()).unwrap();
    let mut live = LiveSecrets::default();
    live.insert_keys(&certificate(), Arc::new(document));
    live
}

fn certificate() -> KeySource {
    KeySource { url: CERT_URL.parse().unwrap(), kind: KeyKind::Certificate }
}

fn rsa_sign(text: &str, encoding: &'static dyn RsaEncoding) -> String {
    let pkcs8 = pem::parse(KEY).unwrap();
    let key = RsaKeyPair::from_pkcs8(pkcs8.contents()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    STANDARD.encode(signature)
}

/// The fields of a message before it is signed.
fn message(kind: &str) -> Map<String, Value> {
    let mut fields = json!({
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": "{\"ä\": \"line\\nbreak\"}\n\u{1F600}",
        "Timestamp": "2023-11-14T22:13:20.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERT_URL,
        "MessageAttributes": { "k": { "Type": "String", "Value": "v" } },
    });
    match kind {
        "Notification" => {
            fields["Subject"] = json!("My First Message");
            fields["UnsubscribeURL"] =
                json!("https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe");
        }
        _ => {
            fields["Token"] = json!("2336412f37");
            fields["SubscribeURL"] = json!("https://sns.us-east-1.amazonaws.com/?Action=Confirm");
        }
    }
    fields.as_object().unwrap().clone()
}

/// The text that SNS signs, as its guide describes it for each type.
fn canonical(fields: &Map<String, Value>) -> String {
    let line = |name: &str| match fields.get(name).and_then(Value::as_str) {
        Some(value) => format!("{name}\n{value}\n"),
        None => String::new(),
    };
    let lines = match fields["Type"].as_str() {
        Some("Notification") => [
            line("Message"),
            line("MessageId"),
            line("Subject"),
            line("Timestamp"),
            line("TopicArn"),
            line("Type"),
            String::new(),
        ],
        _ => [
            line("Message"),
            line("MessageId"),
            line("SubscribeURL"),
            line("Timestamp"),
            line("Token"),
            line("TopicArn"),
            line("Type"),
        ],
    };
    lines.concat()
}

fn signed(mut fields: Map<String, Value>) -> Map<String, Value> {
    let text = canonical(&fields);
    fields.insert("Signature".to_owned(), json!(rsa_sign(&text, &RSA_PKCS1_SHA256)));
    fields
}

fn post(fields: &Map<String, Value>) -> Post {
    Post::new(
        &[("x-amz-sns-message-type", "Notification")],
        Value::Object(fields.clone()).to_string(),
    )
}

fn judge(fields: &Map<String, Value>) -> Result<Verified, Denied> {
    verify(&webhook(&checks()), post(fields).request(), &live(), now())
}

const TYPES: [&str; 3] = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"];

#[test]
fn genuine_messages_of_every_type_pass() {
    for kind in TYPES {
        let verified = judge(&signed(message(kind))).unwrap_or_else(|d| panic!("{kind}: {d}"));
        assert_eq!(verified.passed()[0].secret.as_deref(), Some(CERT_URL));
        let body: Value = serde_json::from_slice(verified.body()).unwrap();
        assert_eq!((&body["Signature"], &body["Type"]), (&json!("***"), &json!(kind)));
    }
}

#[test]
fn a_subject_is_signed_where_it_is_there() {
    let mut fields = message("Notification");
    for subject in [json!(""), json!("a\nTimestamp\nb"), json!(null)] {
        fields.insert("Subject".to_owned(), subject.clone());
        assert!(judge(&signed(fields.clone())).is_ok(), "{subject}");
    }
    fields.remove("Subject");
    let without = signed(fields);
    assert!(judge(&without).is_ok());
    let mut added = without.clone();
    for subject in [json!(""), json!("x")] {
        added.insert("Subject".to_owned(), subject);
        assert!(matches!(judge(&added), Err(Denied::SnsSignature)));
    }
    let mut taken = signed(message("Notification"));
    taken.remove("Subject");
    assert!(matches!(judge(&taken), Err(Denied::SnsSignature)));
}

#[test]
fn every_signed_field_counts() {
    for kind in TYPES {
        let good = signed(message(kind));
        for name in [
            "Message",
            "MessageId",
            "Subject",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ] {
            if !canonical(&good).contains(&format!("{name}\n")) {
                continue;
            }
            for value in [json!("changed"), json!(""), json!(1), json!(["a"]), json!({})] {
                let mut bad = good.clone();
                bad.insert(name.to_owned(), value.clone());
                assert!(judge(&bad).is_err(), "{kind} {name} {value}");
            }
            let mut bad = good.clone();
            bad.remove(name);
            assert!(judge(&bad).is_err(), "{kind} without {name}");
        }
    }
    // One type is not another.
    let mut bad = signed(message("SubscriptionConfirmation"));
    bad.insert("Type".to_owned(), json!("UnsubscribeConfirmation"));
    assert!(matches!(judge(&bad), Err(Denied::SnsSignature)));
    bad.insert("Type".to_owned(), json!("Notification"));
    assert!(judge(&bad).is_err());
    bad.insert("Type".to_owned(), json!("notification"));
    assert!(matches!(judge(&bad), Err(Denied::SnsType)));
}

#[test]
fn a_topic_of_somebody_else_is_refused_however_well_it_is_signed() {
    for topic in [
        "arn:aws:sns:us-east-1:666666666666:events",
        "arn:aws:sns:us-east-1:123456789012:events2",
        "arn:aws:sns:us-east-1:123456789012:event",
        "ARN:aws:sns:us-east-1:123456789012:events",
        "",
    ] {
        let mut fields = message("Notification");
        fields.insert("TopicArn".to_owned(), json!(topic));
        let fields = signed(fields);
        assert!(matches!(judge(&fields), Err(Denied::SnsTopic)), "{topic}");
        // Nobody is asked for a certificate either.
        assert_eq!(wanted(&fields), []);
    }
}

fn wanted(fields: &Map<String, Value>) -> Vec<KeySource> {
    wanted_keys(&webhook(&checks()), &post(fields).request(), |_| true, now())
}

#[test]
fn the_certificate_is_fetched_from_sns_alone() {
    assert_eq!(wanted(&signed(message("Notification"))), [certificate()]);
    for url in [
        "https://sns.us-east-1.amazonaws.com.evil.com/x.pem",
        "http://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com@evil.com/x.pem",
        "https://evil.com/x.pem",
        "",
    ] {
        let mut fields = message("Notification");
        fields.insert("SigningCertURL".to_owned(), json!(url));
        let fields = signed(fields);
        assert!(matches!(judge(&fields), Err(Denied::SnsCertificateUrl)), "{url}");
        assert_eq!(wanted(&fields), []);
    }
    // Another one of SNS is wanted, and is not there.
    let mut fields = message("Notification");
    fields.insert("SigningCertURL".to_owned(), json!("https://sns.eu-west-1.amazonaws.com/x.pem"));
    assert!(judge(&signed(fields)).unwrap_err().lacks_keys());
}

#[test]
fn a_certificate_counts_from_its_first_second_to_its_last() {
    let fields = signed(message("Notification"));
    for (at, passes) in [
        ("2022-12-31T23:59:59Z", false),
        ("2023-01-01T00:00:00Z", true),
        ("2025-01-01T00:00:00Z", true),
        ("2025-01-01T00:00:00.9Z", true),
        ("2025-01-01T00:00:01Z", false),
    ] {
        let judged =
            verify(&webhook(&checks()), post(&fields).request(), &live(), at.parse().unwrap());
        assert_eq!(judged.is_ok(), passes, "{at}");
        if let Err(denied) = judged {
            assert_eq!(denied, Denied::SnsCertificateTime);
        }
    }
    let key = KEY.as_bytes();
    for nothing in
        [key, b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
    {
        assert!(KeyDocument::parse(KeyKind::Certificate, nothing).is_err());
    }
    // A private key in front of it does not make it a private key.
    let after = format!("{KEY}{CERTIFICATE}");
    assert!(KeyDocument::parse(KeyKind::Certificate, after.as_bytes()).is_err());
}

#[test]
fn the_version_says_which_hash_and_no_other_counts() {
    let good = signed(message("Notification"));
    for version in [json!("1"), json!("3"), json!(""), json!(2), json!("02"), json!(null)] {
        let mut bad = good.clone();
        bad.insert("SignatureVersion".to_owned(), version.clone());
        assert!(judge(&bad).is_err(), "{version}");
    }
    for signature in ["", "AAAA", "not base64!", "=", &"A".repeat(344)] {
        let mut bad = good.clone();
        bad.insert("Signature".to_owned(), json!(signature));
        assert!(matches!(judge(&bad), Err(Denied::SnsSignature)), "{signature}");
    }
    let url_alphabet = good["Signature"].as_str().unwrap().replace('+', "-").replace('/', "_");
    let mut bad = good.clone();
    bad.insert("Signature".to_owned(), json!(url_alphabet));
    assert!(judge(&bad).is_err());
}

/// Made by `openssl dgst -sha1 -sign key.pem` over the text of the notification
/// below: this library's signer has no SHA-1.
const SHA1_SIGNATURE: &str = include_str!("sns/sha1.base64");

#[test]
fn version_1_is_sha_1() {
    let mut fields = message("Notification");
    fields.insert("SignatureVersion".to_owned(), json!("1"));
    assert_eq!(canonical(&fields), include_str!("sns/notification.txt"));
    let signature: String = SHA1_SIGNATURE.split_whitespace().collect();
    fields.insert("Signature".to_owned(), json!(signature));
    judge(&fields).unwrap();
    fields.insert("SignatureVersion".to_owned(), json!("2"));
    assert!(matches!(judge(&fields), Err(Denied::SnsSignature)));
}

#[test]
fn a_body_has_one_reading() {
    let good = Value::Object(signed(message("Notification"))).to_string();
    let by =
        |body: String| verify(&webhook(&checks()), Post::new(&[], body).request(), &live(), now());
    assert!(by(good.clone()).is_ok());
    let open = good.strip_suffix('}').unwrap();
    for wrong in [
        format!("{open},\"TopicArn\":\"{TOPIC}\"}}"),
        format!("{open},\"\\u0054opicArn\":\"{TOPIC}\"}}"),
        format!("{open},\"Message\":\"x\"}}"),
        format!("{open},\"Other\":1,\"Other\":2}}"),
        format!("[{good}]"),
        format!("{good}{good}"),
        String::new(),
        "plain text of a raw delivery".to_owned(),
    ] {
        assert!(by(wrong.clone()).is_err(), "{wrong:.40}");
    }
}

#[test]
fn headers_say_nothing() {
    // A foreign message with headers that say it is ours.
    let mut fields = message("Notification");
    fields.insert("TopicArn".to_owned(), json!("arn:aws:sns:us-east-1:666666666666:events"));
    let mut post = post(&signed(fields));
    post.headers.push(("x-amz-sns-topic-arn".to_owned(), TOPIC.as_bytes().to_vec()));
    assert!(verify(&webhook(&checks()), post.request(), &live(), now()).is_err());
    // And nothing of it is decided without the body.
    assert!(verify_head(&webhook(&checks()), &post.head(), &LiveSecrets::default(), now()).is_ok());
}
