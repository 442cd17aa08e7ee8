//! What one webhook and one page cost, without the network and the disk.
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify};
use mef_pipeline::{Admitted, Fetched, Pipeline};
use mef_ports::Secret;
use mef_source::Source;
use serde_json::{Value, json};

const SECRET: &str = "a secret of the benchmark";

fn load(file: &str) -> Arc<Source> {
    let folder = format!("{}/../config-examples/{file}", env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| {
        std::fs::read_to_string(format!("{folder}/{name}")).map_err(|error| error.to_string())
    };
    let text = read("source.yml").expect("the example is there");
    Arc::new(mef_source::load(&text, &read).expect("the example loads").source)
}

/// A push with the fields that GitHub documents: 7.7 KB.
fn push_body() -> String {
    let user = |name: &str, id: u64| {
        let api = format!("https://api.github.com/users/{name}");
        json!({
            "login": name, "id": id, "node_id": "MDQ6VXNlcjE=", "type": "User", "site_admin": false,
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "url": api, "html_url": format!("https://github.com/{name}"),
            "followers_url": format!("{api}/followers"), "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events{{/privacy}}"), "gists_url": format!("{api}/gists{{/gist_id}}"),
        })
    };
    let api = "https://api.github.com/repos/example-org/example";
    let links: serde_json::Map<_, _> = [
        "forks",
        "keys",
        "teams",
        "hooks",
        "events",
        "branches",
        "tags",
        "blobs",
        "refs",
        "trees",
        "statuses",
        "languages",
        "stargazers",
        "contributors",
        "subscribers",
        "commits",
        "comments",
        "contents",
        "compare",
        "merges",
        "archive",
        "downloads",
        "issues",
        "pulls",
        "milestones",
        "notifications",
        "labels",
        "releases",
        "deployments",
    ]
    .iter()
    .map(|name| (format!("{name}_url"), Value::from(format!("{api}/{name}{{/sha}}"))))
    .collect();
    let commit = |n: u64| {
        json!({
            "id": format!("{n:040x}"), "tree_id": format!("{:040x}", n * 7), "distinct": true,
            "message": "Say why, and not what\n\nThe reason is longer than the change.",
            "timestamp": "2026-11-24T10:00:00+01:00",
            "url": format!("https://github.com/example-org/example/commit/{n:040x}"),
            "author": { "name": "Ann Ödegård", "email": "ann@example.com", "username": "ann" },
            "committer": { "name": "GitHub", "email": "noreply@github.com", "username": "web-flow" },
            "added": ["src/new.rs"], "removed": [], "modified": ["src/lib.rs", "README.md", "Cargo.toml"],
        })
    };
    let mut repository = json!({
        "id": 186853002, "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=", "name": "example",
        "full_name": "example-org/example", "private": false, "owner": user("example-org", 38302899),
        "html_url": "https://github.com/example-org/example", "description": null, "fork": false,
        "created_at": 1557933565, "updated_at": "2026-05-15T15:20:41Z", "pushed_at": 1557933657,
        "size": 0, "language": "Rust", "has_issues": true, "default_branch": "main", "topics": [],
    });
    repository.as_object_mut().expect("an object").extend(links);
    json!({
        "ref": "refs/heads/main", "before": format!("{:040x}", 1), "after": format!("{:040x}", 4),
        "repository": repository, "pusher": { "name": "ann", "email": "ann@example.com" },
        "sender": user("ann", 21031067), "created": false, "deleted": false, "forced": true,
        "base_ref": null, "compare": "https://github.com/example-org/example/compare/a...b",
        "commits": [commit(2), commit(3), commit(4), commit(5), commit(6)], "head_commit": commit(4),
    })
    .to_string()
}

fn record(n: u64) -> Value {
    json!({
        "uuid": format!("acme-{n:08}"), "published": "2026-11-24T10:00:00.123Z",
        "eventType": "user.session.start", "version": "0", "severity": "INFO",
        "displayMessage": "User login to Okta",
        "actor": { "id": "00u1", "type": "User", "alternateId": "ann@example.com", "displayName": "Ann Ödegård" },
        "client": {
            "ipAddress": "198.51.100.7", "zone": "null", "device": "Computer", "id": null,
            "userAgent": { "rawUserAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "os": "Linux", "browser": "FIREFOX" },
            "geographicalContext": { "city": "Malmö", "country": "Sweden", "geolocation": { "lat": 55.6059, "lon": 13.0007 } },
        },
        "outcome": { "result": "SUCCESS", "reason": null },
        "target": [{ "id": format!("0oa{n}"), "type": "AppInstance", "alternateId": "Mail", "displayName": "Mail" }],
        "transaction": { "id": format!("trs-{n}"), "type": "WEB", "detail": {} },
        "debugContext": { "debugData": { "requestUri": "/api/v1/authn", "threatSuspected": "false", "dtHash": "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2" } },
        "securityContext": { "asNumber": 64496, "asOrg": "example", "isp": "example", "domain": "example.com", "isProxy": false },
    })
}

fn webhook(criterion: &mut Criterion) {
    let source = load("github");
    let webhook = source.webhook.as_ref().expect("it is pushed");
    let pipeline = Pipeline::for_webhook(&source).expect("it is pushed");
    let body = push_body();
    assert!((7_000..8_500).contains(&body.len()), "{}", body.len());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())));
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-hub-signature-256", signature.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let request = Request::new("POST", "/github", "", headers.to_vec(), body.clone());
    let mut secrets = LiveSecrets::default();
    secrets.insert("webhook_secret", Secret::new(SECRET));
    let now = Timestamp::UNIX_EPOCH;
    let mut group = criterion.benchmark_group("webhook");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("verify", |bencher| {
        bencher.iter_batched(
            || request.clone(),
            |request| black_box(verify(webhook, request, &secrets, now).is_ok()),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("verify, decode, validate, structure", |bencher| {
        bencher.iter_batched(
            || request.clone(),
            |request| {
                let verified = verify(webhook, request, &secrets, now).expect("it is genuine");
                let admitted = Admitted::webhook(&verified, webhook, now);
                let outcome = pipeline.run(admitted);
                assert_eq!((outcome.events.len(), outcome.letters.len()), (1, 0));
                outcome
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Each kind of check on a body of 10 KB, and beside it what its cryptography
/// costs by itself: the difference is ours.
fn checks(criterion: &mut Criterion) {
    let body = json!({ "text": "a".repeat(10 * 1024 - 11) }).to_string();
    assert_eq!(body.len(), 10 * 1024);
    let mac = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let by_mac = hex::encode(hmac::sign(&mac, body.as_bytes()));
    let random = SystemRandom::new();
    let curve = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate(curve).expect("a key is made");
    let point = pair.public_key().as_ref();
    let by_pair = |text: &str| pair.sign(&random, text.as_bytes()).expect("it is signed");
    let (x, y) = point.get(1..).and_then(|xy| xy.split_at_checked(32)).expect("it has x and y");
    let url = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": url(x), "y": url(y) }).to_string();
    let claims = json!({ "iat": 0, "body": hex::encode(digest(&SHA256, body.as_bytes())) });
    let token = |alg: &str, sign: &dyn Fn(&str) -> String| {
        let header = url(json!({ "alg": alg }).to_string().as_bytes());
        let text = format!("{header}.{}", url(claims.to_string().as_bytes()));
        format!("{text}.{}", sign(&text))
    };
    let es256 = token("ES256", &|text| url(by_pair(text).as_ref()));
    let hs256 = token("HS256", &|text| url(hmac::sign(&mac, text.as_bytes()).as_ref()));
    let sig = r#"text: "{body}", signature: { from: header.x-sig, encoding: hex }"#;
    let jwt = r#"from: header.x-sig, max_age: 300s, digest: { body: "{body|sha256_hex}" }"#;
    let rows = [
        ("hmac", format!("hmac: {{ hash: sha256, secrets: [mac], {sig} }}"), by_mac.clone()),
        (
            "any of two hmacs",
            format!(
                "any: [ {{ hmac: {{ hash: sha256, secrets: [jwk], {sig} }} }}, {{ hmac: {{ hash: sha256, secrets: [mac], {sig} }} }} ]"
            ),
            by_mac,
        ),
        (
            "public_key, P-256",
            format!(
                "public_key: {{ algorithm: ecdsa_p256_sha256, key: {{ encoding: hex }}, keys: [point], {sig} }}"
            ),
            hex::encode(by_pair(&body)),
        ),
        (
            "jwt, HS256",
            format!("jwt: {{ algorithms: [HS256], keys: {{ secrets: [mac] }}, {jwt} }}"),
            hs256,
        ),
        (
            "jwt, ES256",
            format!("jwt: {{ algorithms: [ES256], keys: {{ jwk: [jwk] }}, {jwt} }}"),
            es256,
        ),
    ];
    let mut secrets = LiveSecrets::default();
    for (name, secret) in [("mac", SECRET.to_owned()), ("jwk", jwk), ("point", hex::encode(point))]
    {
        secrets.insert(name, Secret::new(secret));
    }
    let now = Timestamp::UNIX_EPOCH;
    let mut group = criterion.benchmark_group("check of 10 KB");
    for (name, check, proof) in rows {
        let file = format!("source: x\nwebhook: {{ verify: [ {{ {check} }} ] }}\n");
        let source = mef_source::load(&file, &|_| Err(String::new())).expect("it loads").source;
        let webhook = source.webhook.as_ref().expect("it is pushed");
        let headers = vec![("x-sig".to_owned(), proof.into_bytes())];
        let request = Request::new("POST", "/x", "", headers, body.clone());
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || request.clone(),
                |request| verify(webhook, request, &secrets, now).expect("it is genuine"),
                BatchSize::SmallInput,
            );
        });
    }
    group.bench_function("bare HMAC-SHA256", |bencher| {
        bencher.iter(|| hmac::sign(&mac, black_box(body.as_bytes())));
    });
    group.bench_function("bare SHA-256", |bencher| {
        bencher.iter(|| digest(&SHA256, black_box(body.as_bytes())));
    });
    let algorithm: &dyn VerificationAlgorithm = &signature::ECDSA_P256_SHA256_FIXED;
    let (key, signed) = (UnparsedPublicKey::new(algorithm, point), by_pair(&body));
    group.bench_function("bare ECDSA with P-256", |bencher| {
        bencher.iter(|| key.verify(black_box(body.as_bytes()), signed.as_ref()).expect("it fits"));
    });
    group.finish();
}

/// The same two fields of the push, by templates and by a program.
#[expect(clippy::disallowed_methods, reason = "the benchmark stands in for the poller")]
fn maps(criterion: &mut Criterion) {
    let templates = r#"{ summary: "{sender.login} pushed to {repository.full_name}", details: { ref: "{ref}", by: "{pusher.email}" } }"#;
    let jq = r#"{ summary: { jq: '"\(.sender.login) pushed to \(.repository.full_name)"' }, details: { jq: '{ref, by: .pusher.email}' } }"#;
    let push: Value = serde_json::from_str(&push_body()).expect("it is JSON");
    let mut group = criterion.benchmark_group("map of a push");
    for (name, map) in [("templates", templates), ("jq", jq)] {
        let file =
            format!("source: x\nwebhook: {{ unauthenticated: none }}\nevent: {{ map: {map} }}\n");
        let source = mef_source::load(&file, &|_| Err(String::new())).expect("it loads").source;
        let pipeline = Pipeline::for_webhook(&source).expect("it is pushed");
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || vec![Fetched::new(push.clone(), None)],
                |records| {
                    let outcome = pipeline.page(Timestamp::UNIX_EPOCH, records);
                    assert_eq!(outcome.events.len(), 1);
                    outcome
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "the benchmark stands in for the poller")]
fn page(criterion: &mut Criterion) {
    let source = load("okta");
    let pipeline = Pipeline::for_poll(&source).expect("it is pulled");
    let text = Value::Array((0..1_000).map(record).collect()).to_string();
    let mut group = criterion.benchmark_group("page of 1,000 records");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| mef_pipeline::decode_json(black_box(text.as_bytes())).expect("it is JSON"));
    });
    group.bench_function("validate, structure", |bencher| {
        bencher.iter_batched(
            || {
                let page = mef_pipeline::decode_json(text.as_bytes()).expect("it is JSON");
                let Value::Array(records) = page else { return Vec::new() };
                records.into_iter().map(|record| Fetched::new(record, None)).collect()
            },
            |records| {
                let outcome = pipeline.page(Timestamp::UNIX_EPOCH, records);
                assert_eq!(outcome.events.len(), 1_000);
                outcome
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, webhook, checks, maps, page);
criterion_main!(benches);
