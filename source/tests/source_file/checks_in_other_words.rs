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
        ("a header in the text without `header.`", text, "\"{timestamp}{X-Fenwick-Id}{body}\""),
        ("a field of the body with a hyphen", text, "\"{timestamp}{/x-id}{body}\""),
        ("a time without `header.`", "signature.t", "Fenwick-Timestamp"),
        ("an id without `header.`", text, "\"{timestamp}{id}{body}\", id: Fenwick-Id"),
        (
            "a delivery's id without `header.`",
            "  verify:",
            "  delivery_id: [Fenwick-Delivery, /fenwick-delivery]\n  verify:",
        ),
        (
            "a path into JSON of a form",
            "  verify:",
            "  decode: form\n  delivery_id: header.x\n  verify:\n    - token: { from: /a/token, secrets: [t] }",
        ),
        (
            "a field of a form in JSON",
            "  verify:",
            "  decode: json\n  verify:\n    - token: { from: form.token, secrets: [t] }",
        ),
        (
            "a token without `header.`",
            "  verify:",
            "  verify:\n    - token: { from: Authorization, secrets: [t] }",
        ),
        (
            "a token that is the whole body",
            "  verify:",
            "  verify:\n    - token: { from: \"\", secrets: [t] }",
        ),
        (
            "a digest without `header.`",
            "  verify:",
            "  verify:\n    - digest: { hash: sha256, of: \"{body}\", equals: Content-Digest, encoding: hex }",
        ),
        ("an item that is signed", text, "\"{timestamp}.{signature.h}.{body}\""),
        ("an item of a signature without keys", KEYS, ""),
        ("a place in a list", "signature.t", "signature.0"),
        ("the secret in the text", text, "\"{timestamp}{secret}{body}\""),
        ("a secret by its name in the text", text, "\"{timestamp}{secret.webhook_secret}{body}\""),
        ("a variable in the text", text, "\"{timestamp}{var.x}{body}\""),
        ("headers whose names are not signed", text, "\"{timestamp}{listed_headers.h}{body}\""),
        ("a CRC of the body", text, "\"{timestamp}.{body|crc32}\""),
        ("a digest of the body", text, "\"{timestamp}.{body|sha256_base64}\""),
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

const PUSHED: &str = r#"
source: risc
webhook:
  verify:
    - jwt: { from: body, record: claims, algorithms: [RS256], keys: { jwks_url: "https://www.googleapis.com/oauth2/v3/certs" },
             issuer: "https://accounts.google.com", audience: us, required: [iat, jti, events], max_age: 7d }
  delivery_id: jti
"#;

#[test]
fn an_event_in_a_token_is_said_to_be_one() {
    let record = "record: claims, ";
    let keys = "keys: { jwks_url: \"https://www.googleapis.com/oauth2/v3/certs\" }";
    let cases = [
        ("as it should be", "", ""),
        ("an empty path", "from: body", "from: \"\""),
        ("nothing would be left", record, ""),
        ("nothing would be left of a body", record, "record: body, "),
        ("a part of the body", "from: body, record: claims", "from: payload"),
        (
            "a part of the body, and said so",
            "from: body, record: claims",
            "from: payload, record: body",
        ),
        ("a token in a header", "from: body", "from: header.x-token"),
        ("no id to tell a repeat by", "  delivery_id: jti\n", ""),
        (
            "nothing bounds it",
            "required: [iat, jti, events], max_age: 7d",
            "required: [iat, events]",
        ),
        ("an id and no age", ", max_age: 7d", ""),
        ("an id and an age of weeks", "max_age: 7d", "max_age: 30d"),
        (
            "an id that nobody signs, and no age",
            ", max_age: 7d }\n  delivery_id: jti",
            " }\n  delivery_id: header.x-id",
        ),
        (
            "an id in a claim that may be missing",
            ", max_age: 7d }\n  delivery_id: jti",
            " }\n  delivery_id: sub",
        ),
        (
            "an id that a header comes before",
            ", max_age: 7d }\n  delivery_id: jti",
            " }\n  delivery_id: [header.x-id, jti]",
        ),
        (
            "anybody could have it",
            "required: [iat, jti, events], max_age: 7d",
            "required: [exp, jti]",
        ),
        (
            "anybody could have it, by its keys",
            "issuer: \"https://accounts.google.com\", audience: us, required: [iat, jti, events], max_age: 7d",
            "issuer: \"https://other.example.com\", audience: us, required: [exp, jti]",
        ),
        ("claims that are lines", "  delivery_id: jti\n", "  delivery_id: jti\n  decode: ndjson\n"),
        (
            "a digest of itself",
            "audience: us",
            "audience: us, digest: { h: \"{body|sha256_hex}\" }",
        ),
        ("two ways to have keys", keys, "keys: { jwk: [a] }, secrets: [b]"),
        ("no way to have keys", &format!("{keys},"), ""),
        (
            "two records",
            "  delivery_id",
            "    - jwt: { from: /x, record: claims, algorithms: [HS256], secrets: [s] }\n  delivery_id",
        ),
        (
            "a record of some",
            "- jwt:",
            "- any:\n        - token: { from: header.x, secrets: [s] }\n        - jwt:",
        ),
    ];
    let said = report(PUSHED, &cases);
    insta::assert_snapshot!(said);
}

#[test]
fn a_token_without_a_time_is_good_if_it_holds_the_digest_of_the_body() {
    let jwt = |more: &str| {
        said(&format!(
            "source: x\nwebhook:\n  verify:\n    - jwt: {{ from: header.x, algorithms: [HS256], secrets: [s], required: [], {more} }}\n"
        ))
    };
    assert_eq!(jwt(r#"digest: { sha256: "{body|sha256_hex}" }"#), "");
    for more in [
        "issuer: us",
        r#"digest: { sha256: "{url|sha256_hex}" }"#,
        r#"digest: { sha256: "{header.y|sha256_hex}" }"#,
        r#"digest: { crc: "{body|crc32}" }"#,
    ] {
        assert!(jwt(more).contains("error"), "{more}");
    }
    assert!(
        jwt(r#"digest: { sha256: "{body|sha256_hex}" }, max_age: 60s"#)
            .contains("`max_age` needs `iat`")
    );
}

#[test]
fn a_detached_signature_stands_in_a_header() {
    let jws = |from: &str| {
        said(&format!(
            "source: x\nwebhook:\n  verify:\n    - jws: {{ from: {from}, algorithms: [RS512], keys: {{ pem: [k] }} }}\n"
        ))
    };
    assert_eq!(jws("header.x-jws-signature"), "");
    assert!(jws("body").contains("nothing is called `body` here"), "{}", jws("body"));
    assert!(jws("/signature").contains("error"));
    assert!(jws("header.x, prefix: \"JWS \"").is_empty());
    let shared = said(
        "source: x\nwebhook:\n  verify:\n    - jws: { from: header.x, algorithms: [HS256], keys: { pem: [k] } }\n",
    );
    assert!(shared.contains("`HS…` algorithms are used with public keys"), "{shared}");
}

#[test]
fn published_keys_that_sign_for_everybody_do_not_say_for_whom() {
    let by = |url: &str, checks: &str| {
        let jws = format!(
            "jws: {{ from: header.x-jws, algorithms: [RS512], keys: {{ jwks_url: \"{url}\" }} }}"
        );
        said(&format!("source: x\nwebhook:\n  verify:\n    {}\n", checks.replace("JWS", &jws)))
    };
    let url = "https://keys.example.com/jwks.json";
    let ours = "token: { from: workspaceId, secrets: [s] }";
    for (checks, is_ours) in [
        ("- JWS".to_owned(), false),
        ("- JWS\n    - ip: { allow: [192.0.2.0/24] }".to_owned(), false),
        ("- JWS\n    - JWS".to_owned(), false),
        (format!("- any: [ {{ JWS }}, {{ all: [ {{ JWS }}, {{ {ours} }} ] }} ]"), false),
        (format!("- JWS\n    - {ours}"), true),
        (format!("- all: [ {{ JWS }}, {{ {ours} }} ]"), true),
        (format!("- any: [ {{ JWS }}, {{ JWS }} ]\n    - {ours}"), true),
    ] {
        let said = by(url, &checks);
        assert_eq!(
            !said.contains("nothing says that the request is for this source"),
            is_ours,
            "{checks}: {said}"
        );
    }
    // Keys that sign tokens for anybody are no keys of a vendor's requests.
    for url in [
        "https://www.googleapis.com/oauth2/v3/certs",
        "https://www.googleapis.com/oauth2/v3/certs/?x=1",
        "https://token.actions.githubusercontent.com/.well-known/jwks",
    ] {
        let said = by(url, &format!("- JWS\n    - {ours}"));
        assert!(said.contains("sign tokens for anybody"), "{url}: {said}");
    }
    assert_eq!(by("https://www.googleapis.com/other", &format!("- JWS\n    - {ours}")), "");
}

#[test]
fn an_id_that_nobody_signs_is_told_with_what_equal_bodies_may_be() {
    let by = |checks: &str, rest: &str| {
        said(&format!(
            "source: x\nwebhook:\n  public_url: https://hooks.example.com/x\n  verify:\n    - {checks}\n  {rest}\n"
        ))
    };
    let hmac = |more: &str| {
        format!(
            "hmac: {{ hash: sha256, secrets: [s], {more}, signature: {{ from: header.x-sig, encoding: hex }} }}"
        )
    };
    let body = hmac(r#"text: "{body}""#);
    let token = "token: { from: header.x-token, secrets: [s] }";
    let jws = "jws: { from: header.x-jws, algorithms: [RS512], keys: { pem: [k] } }";
    let with_id = hmac(r#"id: [header.a, header.b], text: "{id}.{body}""#);
    let digested = format!(
        "{}\n    - digest: {{ hash: sha256, of: \"{{body}}\", equals: query.h, encoding: hex }}",
        hmac(r#"text: "{url}""#)
    );
    for (checks, id, is_open) in [
        (&*body, "header.x-id", true),
        (&*body, "query.id", true),
        (&*body, "/id", false),
        (&*body, "[/id, header.x-id]", true),
        (&*hmac(r#"text: "{header.x-id}.{body}""#), "header.x-id", false),
        (&*hmac(r#"text: "{signed_headers.x-list}.{body}""#), "header.x-id", true),
        (&*hmac(r#"text: "{url}.{body}""#), "query.id", false),
        // Whoever can change the body needs no other id.
        (&*hmac(r#"text: "{body|crc32}""#), "header.x-id", false),
        (&*with_id, "[header.a, header.b]", false),
        (&*with_id, "[header.b, header.a]", true),
        (&*digested, "/id", false),
        (jws, "/id", false),
        (jws, "header.x-id", true),
        (&*format!("any: [ {{ {body} }}, {{ {jws} }} ]"), "/id", false),
        (&*format!("any: [ {{ {body} }}, {{ {with_id} }} ]"), "[header.a, header.b]", true),
        // What a token proves anybody can send who has seen one.
        (token, "header.x-id", false),
    ] {
        let told = |rest: &str| by(checks, rest).contains("nobody signs the delivery's id");
        let id = format!("delivery_id: {id}");
        assert_eq!(told(&id), is_open, "{checks} {id}: {}", by(checks, &id));
        for said in ["repeats", "events"] {
            assert!(!told(&format!("{id}\n  equal_bodies: {said}")), "{checks} {id} {said}");
        }
    }
    assert!(!by(&body, "methods: [POST]").contains("delivery's id"));
}
