//! Checks that are put together, and what is said of what they come to.

use mef_source::checked::{Check, Verify};
use mef_source::load;

use crate::mistakes::report;
use crate::no_files;

const BASE: &str = "source: x
webhook:
  public_url: https://hooks.example.com/x
  verify:
    - CHECK
";

const HMAC: &str = r#"hmac: { hash: sha256, secrets: [s], text: "{body}", signature: { from: header.x, encoding: hex } }"#;
const TOKEN: &str = "token: { from: header.t, secrets: [t] }";
const IP: &str = r#"ip: { allow: ["192.0.2.0/24"] }"#;
const DIGEST: &str = r#"digest: { hash: sha256, of: "{body}", equals: query.d, encoding: hex }"#;
const URL: &str = r#"hmac: { hash: sha256, secrets: [s], text: "{url}", signature: { from: header.x, encoding: hex } }"#;

#[test]
fn what_checks_come_to() {
    let any = |checks: &[&str]| format!("any: [ {{ {} }} ]", checks.join(" }, { "));
    let all = |checks: &[&str]| format!("all: [ {{ {} }} ]", checks.join(" }, { "));
    let and = |checks: &[&str]| checks.join("\n    - ");
    let deep = (0..6).fold(HMAC.to_owned(), |inner, _| any(&[inner.as_str()]));
    let texts = |text: &str| HMAC.replace("\"{body}\"", text);
    let cases = [
        ("signature", HMAC.to_owned()),
        ("password", "basic: { username: u, secrets: [s] }".to_owned()),
        ("address", IP.to_owned()),
        ("address and token", and(&[IP, TOKEN])),
        ("digest", DIGEST.to_owned()),
        ("digest and address", and(&[DIGEST, IP])),
        ("signature or token", any(&[HMAC, TOKEN])),
        ("signature or address", any(&[HMAC, &all(&[IP, IP])])),
        ("signature or digest", any(&[HMAC, DIGEST])),
        ("two signatures", any(&[HMAC, &all(&[URL, DIGEST])])),
        ("signed either way, beside a token", and(&[TOKEN, &any(&[HMAC, URL])])),
        ("digest that nothing signs", and(&[HMAC, DIGEST])),
        ("digest of nothing", and(&[URL, &DIGEST.replace("\"{body}\"", "\"x\"")])),
        ("digest by SHA-1", and(&[URL, &DIGEST.replace("sha256", "sha1")])),
        ("digest over a timestamp", and(&[URL, &DIGEST.replace("{body}", "{timestamp}")])),
        ("no alternative", "any: []".to_owned()),
        ("an alternative without a secret", any(&[HMAC, &TOKEN.replace("[t]", "[]")])),
        ("nothing in all", "all: []".to_owned()),
        ("too deep", deep),
        ("too many", any(&[HMAC; 17])),
        ("no address", "ip: { allow: [] }".to_owned()),
        (
            "everybody's address",
            r#"ip: { allow: ["0.0.0.0/0", 192.0.2.1/24, example.com] }"#.to_owned(),
        ),
        ("colon in a name", "basic: { username: \"a:b\", secrets: [s] }".to_owned()),
        (
            "keys without a key",
            HMAC.replace(
                "hmac: { hash: sha256, secrets: [s]",
                "public_key: { algorithm: ed25519, keys: []",
            ),
        ),
        (
            "unknown algorithm",
            HMAC.replace(
                "hmac: { hash: sha256, secrets: [s]",
                "public_key: { algorithm: none, keys: [s]",
            ),
        ),
        ("nothing between", texts(r#""{url}{form_sorted}""#)),
        ("nothing between, but of one length", texts(r#""{method}{url|sha256_hex}{body}""#)),
        ("default of what is always there", texts(r#""{body|default(\"\")}""#)),
        ("each that names one", texts(r#""{/id}", each: /item"#)),
        ("each that changes nothing", texts(r#""{body}", each: "/items/*""#)),
        ("port of no url", texts(r#""{body}", url_port_variants: true"#)),
        (
            "unsigned time",
            texts(r#""{query.a}{body}", timestamp: { from: header.t, unit: s, max_age: 5m }"#),
        ),
    ];
    let cases: Vec<_> =
        cases.iter().map(|(name, check)| (*name, "CHECK", check.as_str())).collect();
    insta::assert_snapshot!(report(BASE, &cases));
}

#[test]
fn single_checks_and_their_secrets_are_found_at_any_depth() {
    let checks =
        format!("{HMAC}\n    - any: [ {{ {TOKEN} }}, {{ all: [ {{ {IP} }}, {{ {TOKEN} }} ] }} ]");
    let source = load(&BASE.replace("CHECK", &checks), &no_files).unwrap().source;
    assert_eq!(source.secret_names(), ["s", "t"]);
    let webhook = source.webhook.unwrap();
    let kinds: Vec<_> = webhook.single_checks().map(Check::kind).collect();
    assert_eq!(kinds, ["hmac", "token", "ip", "token"]);
    let Verify::All(checks) = &webhook.verify else { panic!("nothing is verified") };
    assert_eq!(checks.iter().map(Check::kind).collect::<Vec<_>>(), ["hmac", "any"]);
}
