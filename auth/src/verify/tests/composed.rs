//! Nested alternatives and lists: the whole decides what its parts decide, and the
//! head never denies what the whole accepts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mef_source::checked::Check;
use proptest::prelude::*;

use super::*;
use crate::verify::{verify_authorization, verify_head};

const EITHER: &str = r#"any: [
  { hmac: { hash: sha256, secrets: [s], text: "{body}", signature: { from: header.x-sig, encoding: hex } } },
  { token: { from: header.authorization, prefix: "Bearer ", secrets: [t] } } ]"#;

const PAIRS: &[(&str, &str)] = &[("s", "k"), ("t", "token")];

#[test]
fn one_alternative_is_enough_and_the_first_that_passed_is_named() {
    let sig = sha256_hex("k", "b");
    let judge = |headers: &[(&str, &str)]| Post::new(headers, "b").verify(EITHER, PAIRS);
    for (headers, check) in [
        (vec![("x-sig", sig.as_str())], "hmac"),
        (vec![("authorization", "Bearer token")], "token"),
        (vec![("authorization", "Bearer x"), ("x-sig", &sig)], "hmac"),
        (vec![("authorization", "Bearer token"), ("x-sig", "00")], "token"),
        (vec![("authorization", "Bearer token"), ("x-sig", &sig)], "hmac"),
    ] {
        let verified = judge(&headers).unwrap();
        assert_eq!(verified.passed().iter().map(|p| p.check).collect::<Vec<_>>(), [check]);
        // What came as a credential is masked, whether it decided or not.
        for (name, _) in &headers {
            assert_eq!(verified.header(name), Some("***"), "{headers:?}");
        }
    }
}

#[test]
fn what_a_failed_alternative_did_not_come_to_is_masked_too() {
    let checks = r#"any: [
      { all: [ { hmac: { hash: sha256, secrets: [s], text: "{method}", signature: { from: [header.x-old, header.x-older], encoding: hex } } },
               { token: { from: header.x-all, secrets: [t] } }, { token: { from: query.q, secrets: [t] } }, { token: { from: /in/body, secrets: [t] } } ] },
      { hmac: { hash: sha256, secrets: [s], text: "{body}", signature: { from: header.x-sig, encoding: hex } } } ]"#;
    let body = r#"{"in":{"body":"token"},"a":1}"#;
    let sig = sha256_hex("k", body);
    let twice = [("x-old", "00"), ("x-old", "11"), ("x-older", "22")];
    let headers = [&twice[..], &[("x-all", "token"), ("x-sig", sig.as_str())]].concat();
    let post = Post { query: "q=token".to_owned(), ..Post::new(&headers, body) };
    let verified = post.verify(checks, PAIRS).unwrap();
    for name in ["x-old", "x-older", "x-all", "x-sig"] {
        assert_eq!(verified.header(name), Some("***"), "{name}");
    }
    assert_eq!(verified.query("q").as_deref(), Some("***"));
    assert_eq!(verified.body(), r#"{"in":{"body":"***"},"a":1}"#);
}

#[test]
fn a_refusal_names_the_reason_of_every_alternative() {
    let judge =
        |headers: &[(&str, &str)]| Post::new(headers, "b").verify(EITHER, PAIRS).unwrap_err();
    let neither = judge(&[]);
    assert_eq!(
        neither.to_string(),
        "none of 2 alternatives passed: (1) the header `x-sig` is missing; (2) the header `authorization` is missing"
    );
    assert!(!neither.depends_on_secret() && !neither.is_misconfigured());
    assert!(judge(&[("x-sig", "00")]).depends_on_secret());
    assert!(judge(&[("authorization", "Bearer x")]).depends_on_secret());
    let headers = [("authorization", "Bearer x")];
    let denied = Post::new(&headers, "b").verify(EITHER, &[("s", "k")]).unwrap_err();
    assert!(denied.is_misconfigured(), "{denied}");
    let many = format!("any: [{}]", "{ token: { from: query.t, secrets: [s] } },".repeat(9));
    let told = Post::new(&[], "b").verify(&many, PAIRS).unwrap_err().to_string();
    assert!(told.contains("(8)") && !told.contains("(9)") && told.ends_with('…'), "{told}");
}

#[test]
fn an_alternative_that_the_head_leaves_open_leaves_all_open() {
    let head = |headers: &[(&str, &str)]| {
        // The authorizer has the token's secret only.
        verify_head(
            &webhook(EITHER),
            &Post::new(headers, "").request(),
            &secrets(&PAIRS[1..]),
            now(),
        )
    };
    assert_eq!(head(&[("x-sig", "00")]), Ok(()));
    assert_eq!(head(&[("x-sig", "00"), ("authorization", "Bearer x")]), Ok(()));
    assert_eq!(head(&[("authorization", "Bearer token")]), Ok(()));
    assert!(matches!(head(&[("authorization", "Bearer x")]), Err(Denied::Alternatives(_))));
    assert!(head(&[]).is_err());
    let authorization =
        |checks: &str| verify_authorization(&webhook(checks), "Bearer x", &secrets(PAIRS), now());
    assert_eq!(authorization(EITHER), Ok(()));
    let tokens = r#"any: [ { token: { from: header.authorization, secrets: [t] } }, { basic: { secrets: [s] } } ]"#;
    assert!(matches!(authorization(tokens), Err(Denied::Alternatives(_))));
}

#[test]
fn an_address_that_an_authorizer_is_not_told_is_left_to_the_handler() {
    let webhook = webhook(r#"ip: { allow: ["192.0.2.0/24"] }"#);
    let head = |peer: Option<&str>| {
        let request = Post::new(&[], "").request().from_peer(peer.map(|ip| ip.parse().unwrap()));
        verify_head(&webhook, &request, &LiveSecrets::default(), now())
    };
    assert_eq!(head(None), Ok(()));
    assert_eq!(head(Some("192.0.2.1")), Ok(()));
    assert!(head(Some("198.51.100.1")).is_err());
}

/// Single checks, each with a secret of its own; what reads the body comes last.
const SINGLES: [&str; 7] = [
    "token: { from: header.x-a, secrets: [a] }",
    "token: { from: query.b, secrets: [b] }",
    "basic: { username: u, secrets: [c] }",
    r#"hmac: { hash: sha256, secrets: [d], text: "{method}{path_query}", signature: { from: header.x-d, encoding: hex } }"#,
    r#"ip: { allow: ["192.0.2.0/24"] }"#,
    r#"hmac: { hash: sha256, secrets: [f], text: "{body}", signature: { from: header.x-f, encoding: hex } }"#,
    "token: { from: /g, secrets: [g] }",
];

#[derive(Clone, Debug)]
enum Tree {
    Single(usize),
    Any(Vec<Tree>),
    All(Vec<Tree>),
}

impl Tree {
    fn yaml(&self) -> String {
        let list = |trees: &[Tree]| {
            trees.iter().map(|tree| format!("{{ {} }}", tree.yaml())).collect::<Vec<_>>().join(", ")
        };
        match self {
            Tree::Single(index) => SINGLES[*index].to_owned(),
            Tree::Any(trees) => format!("any: [ {} ]", list(trees)),
            Tree::All(trees) => format!("all: [ {} ]", list(trees)),
        }
    }

    fn passes(&self, genuine: &[Sent; 7]) -> bool {
        match self {
            Tree::Single(index) => genuine[*index] == Sent::Genuine,
            Tree::Any(trees) => trees.iter().any(|tree| tree.passes(genuine)),
            Tree::All(trees) => trees.iter().all(|tree| tree.passes(genuine)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Genuine,
    Wrong,
    Nothing,
}

/// A request with these credentials.
fn request(sent: &[Sent; 7]) -> Request {
    let [a, b, c, d, e, f, g] = *sent;
    let value = |sent, right: &str, wrong: &str| match sent {
        Sent::Genuine => Some(right.to_owned()),
        Sent::Wrong => Some(wrong.to_owned()),
        Sent::Nothing => None,
    };
    let query = value(b, "b=b", "b=x").unwrap_or_default();
    let body = value(g, r#"{"g":"g"}"#, r#"{"g":"x"}"#).unwrap_or_else(|| "{}".to_owned());
    let path_query = if query.is_empty() { "/test".to_owned() } else { format!("/test?{query}") };
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let headers = [
        ("x-a", value(a, "a", "x")),
        ("authorization", value(c, &basic("u:c"), &basic("u:x"))),
        ("x-d", value(d, &sha256_hex("d", format!("POST{path_query}")), "00")),
        ("x-f", value(f, &sha256_hex("f", &body), "00")),
    ];
    let lines: Vec<_> =
        headers.iter().filter_map(|(name, v)| v.as_deref().map(|v| (*name, v))).collect();
    let peer = value(e, "192.0.2.9", "198.51.100.9").map(|ip| ip.parse().unwrap());
    Post { query, ..Post::new(&lines, body) }.request().from_peer(peer)
}

fn tree() -> impl Strategy<Value = Tree> {
    (0..SINGLES.len()).prop_map(Tree::Single).prop_recursive(3, 16, 4, |inner| {
        let several = prop::collection::vec(inner, 1..4);
        prop_oneof![several.clone().prop_map(Tree::Any), several.prop_map(Tree::All)]
    })
}

fn sent() -> impl Strategy<Value = [Sent; 7]> {
    prop::array::uniform7(prop_oneof![
        2 => Just(Sent::Genuine),
        1 => Just(Sent::Wrong),
        1 => Just(Sent::Nothing),
    ])
}

#[test]
fn the_whole_decides_as_its_parts_and_the_head_refuses_nothing_that_it_takes() {
    let all: LiveSecrets = ["a", "b", "c", "d", "f", "g"]
        .map(|name| (name.to_owned(), Secret::new(name)))
        .into_iter()
        .collect();
    let head_refused = std::cell::Cell::new(0);
    proptest!(|(tree in tree(), sent in sent())| {
        let webhook = webhook(&tree.yaml());
        let request = request(&sent);
        let whole = verify(&webhook, request.clone(), &all, now());
        prop_assert_eq!(whole.is_ok(), tree.passes(&sent), "{:?}", whole);
        // As an authorizer has them: the secrets of checks that read no body.
        let known: LiveSecrets = webhook
            .single_checks()
            .filter(|check| !needs_body(check))
            .flat_map(Check::secrets)
            .map(|used| (used.name.clone(), Secret::new(used.name.as_str())))
            .collect();
        let head = verify_head(&webhook, &request, &known, now());
        let authorization = request.header_values("authorization").next().unwrap_or_default();
        let authorization = std::str::from_utf8(authorization).unwrap();
        let by_header = verify_authorization(&webhook, authorization, &known, now());
        if whole.is_ok() {
            prop_assert_eq!(&head, &Ok(()));
            prop_assert_eq!(&by_header, &Ok(()));
        }
        // If nothing reads the body and the address is known, the head decides all.
        if !webhook.single_checks().any(needs_body) && sent[4] != Sent::Nothing {
            prop_assert_eq!(head.is_ok(), whole.is_ok());
            head_refused.set(head_refused.get() + usize::from(head.is_err()));
        }
    });
    assert!(head_refused.get() > 0, "no head was refused");
}
