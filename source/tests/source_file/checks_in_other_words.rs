//! What reads as one thing and would mean another: a mistake, and the message says what is meant.

use crate::mistakes::{report, said};

const FENWICK: &str = r#"
source: fenwick
webhook:
  verify:
    - hmac: { hash: sha256, secrets: [webhook_secret], text: "{timestamp}.{body}",
              signature: { from: header.Fenwick-Signature, split: ",", pair: "=", take: [v1], encoding: hex },
              timestamp: { from: signature.t, unit: s, max_age: 300s } }
"#;

const KEYS: &str = "split: \",\", pair: \"=\", take: [v1], ";

#[test]
fn a_place_that_is_not_what_it_looks_like_is_a_mistake() {
    let text = "\"{timestamp}.{body}\"";
    let from = "header.Fenwick-Signature";
    let cases = [
        ("as it should be", "", ""),
        ("a header without `header.`", from, "Fenwick-Signature"),
        ("a header without `header.`, beside another", from, "[header.Sig, Fenwick-Signature]"),
        ("a signature in the form that it signs", from, "form.sig"),
        ("an item that is signed", text, "\"{timestamp}.{signature.h}.{body}\""),
        ("an item of a signature without keys", KEYS, ""),
        ("a place in a list", "signature.t", "signature.0"),
        ("the secret in the text", text, "\"{timestamp}{secret}{body}\""),
        ("a secret by its name in the text", text, "\"{timestamp}{secret.webhook_secret}{body}\""),
        ("a variable in the text", text, "\"{timestamp}{var.x}{body}\""),
        ("headers whose names are not signed", text, "\"{timestamp}{listed_headers.h}{body}\""),
        ("a key without the secret", "text:", "key: { text: \"{timestamp}\" }, text:"),
        ("a key with the secret twice", "text:", "key: { text: \"{secret}{secret}\" }, text:"),
        ("a key made of nothing known", "text:", "key: { text: \"{id|lower}{secret}\" }, text:"),
        ("an empty separator among others", "split: \",\"", "split: [\",\", \"\"]"),
    ];
    insta::assert_snapshot!(report(FENWICK, &cases));
}

#[test]
fn a_timestamp_that_is_part_of_the_key_is_signed() {
    let in_key = FENWICK.replace(
        "text: \"{timestamp}.{body}\"",
        "text: \"{body}\", key: { text: \"{timestamp}{secret}\" }",
    );
    assert_eq!(said(&in_key), "");
    let without = in_key
        .replace(",\n              timestamp: { from: signature.t, unit: s, max_age: 300s }", "");
    assert!(
        without != in_key && said(&without).contains("there is no `timestamp`"),
        "{}",
        said(&without)
    );
}

#[test]
fn the_first_item_of_a_list_may_be_the_time() {
    let by_place = FENWICK.replace(KEYS, "split: \",\", ").replace("signature.t", "signature.0");
    assert_eq!(said(&by_place), "");
}

const SNS: &str = r#"
source: hook
webhook:
  verify:
    - aws_sns: { topics: ["arn:aws:sns:eu-west-1:123456789012:events"], cert_host: HOST }
"#;

#[test]
fn certificates_come_from_no_domain_in_which_others_have_names() {
    for host in [
        "amazonaws.com",
        "s3.amazonaws.com",
        "sns.s3.amazonaws.com",
        "eu-west-1.amazonaws.com",
        "AmazonAWS.com.cn",
        "[sns.eu-west-1.amazonaws.com, elb.amazonaws.com]",
    ] {
        let said = said(&SNS.replace("HOST", host));
        assert!(said.contains("anybody can have a name under"), "{host}: {said}");
    }
    for host in ["sns.eu-west-1.amazonaws.com", "certs.example.com", "notamazonaws.com"] {
        assert_eq!(said(&SNS.replace("HOST", host)), "", "{host}");
    }
}
