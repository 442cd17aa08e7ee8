//! Tokens whose keys are fetched: how often the vendor is asked, and what the
//! sender is told where the vendor is away.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::Denied;
use mef_intake::{Authorizer, Decision, KeyCache, Receiver, ReceiverPorts, Verdict};
use mef_pipeline::Outputs;
use mef_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, Secret, SecretRef, SecretVersion, Secrets,
    SecretsError,
};
use mef_sqlite::Store;
use serde_json::json;

const START: i64 = 1_700_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// A clock that moves when it is told to.
struct Hands(AtomicI64);

impl Hands {
    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

struct NoSecrets;

#[async_trait]
impl Secrets for NoSecrets {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        panic!("{reference} is not needed")
    }
}

/// What the issuer answers.
enum Publishes {
    Keys(Vec<(&'static str, Vec<u8>)>),
    Status(u16),
    Text(&'static str),
    Nothing,
}

struct Issuer {
    publishes: Mutex<Publishes>,
    asked: AtomicUsize,
    /// How many are asking at this moment, and how many were at most.
    asking: AtomicUsize,
    most: AtomicUsize,
}

impl Issuer {
    fn publish(&self, publishes: Publishes) {
        *self.publishes.lock().unwrap() = publishes;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Http for Issuer {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        assert_eq!(request.url.as_str(), "https://issuer.example.com/keys?k=s3cret");
        assert_eq!((request.max_body, request.timeout), (150 * 1024, Duration::from_secs(3)));
        self.asked.fetch_add(1, Ordering::SeqCst);
        let asking = self.asking.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(asking, Ordering::SeqCst);
        // Lets others come in between.
        tokio::task::yield_now().await;
        self.asking.fetch_sub(1, Ordering::SeqCst);
        let (status, body) = match &*self.publishes.lock().unwrap() {
            Publishes::Keys(keys) => {
                let keys: Vec<_> = keys
                    .iter()
                    .map(|(kid, x)| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(x) }))
                    .collect();
                (200, json!({ "keys": keys }).to_string())
            }
            Publishes::Status(status) => (*status, String::new()),
            Publishes::Text(text) => (200, (*text).to_owned()),
            Publishes::Nothing => {
                return Err(HttpError::Transport("connection refused".into()));
            }
        };
        let status = http::StatusCode::from_u16(status).unwrap();
        Ok(HttpResponse { status, headers: http::HeaderMap::new(), body: body.into() })
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Key {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    fn new(kid: &'static str) -> Key {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Key { kid, pair: Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap() }
    }

    fn public(&self) -> (&'static str, Vec<u8>) {
        (self.kid, self.pair.public_key().as_ref().to_vec())
    }

    /// A token for us, which holds for years.
    fn token(&self, kid: &str) -> String {
        let header = json!({ "alg": "EdDSA", "kid": kid }).to_string();
        let claims = json!({ "iss": "issuer", "aud": "us", "exp": START * 2 }).to_string();
        let message = format!("{}.{}", b64(header), b64(claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", b64(signature))
    }
}

const FILE: &str = r#"
source: hook
webhook:
  verify:
    - jwt: { from: header.Authorization, prefix: "Bearer ", algorithms: [EdDSA], issuer: issuer, audience: us,
             keys: { jwks_url: "https://issuer.example.com/keys?k=s3cret" } }
"#;

struct Bench {
    issuer: Arc<Issuer>,
    clock: Arc<Hands>,
    receiver: Receiver,
    authorizer: Authorizer,
}

fn bench(publishes: Publishes) -> Bench {
    bench_of(FILE, Arc::new(NoSecrets), publishes)
}

fn bench_of(file: &str, secrets: Arc<dyn Secrets>, publishes: Publishes) -> Bench {
    let issuer = Arc::new(Issuer {
        publishes: Mutex::new(publishes),
        asked: AtomicUsize::new(0),
        asking: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    let hands = Arc::new(Hands(AtomicI64::new(START)));
    let clock: Arc<dyn Clock> = hands.clone();
    let source = mef_source::load(file, &|_| Err(String::new())).unwrap().source;
    let source = Arc::new(source);
    let store = Store::in_memory(clock.clone()).unwrap();
    let keys = Arc::new(KeyCache::new(issuer.clone(), clock.clone()));
    let authorizer =
        Authorizer::new(source.clone(), secrets.clone(), keys.clone(), clock.clone()).unwrap();
    let outputs = Outputs {
        queue: Arc::new(store.clone()),
        dead_letters: Arc::new(store.clone()),
        clock: clock.clone(),
    };
    let http = issuer.clone();
    let ports = ReceiverPorts { outputs, deliveries: Arc::new(store), secrets, keys, http, clock };
    Bench { issuer, clock: hands, receiver: Receiver::new(source, ports).unwrap(), authorizer }
}

fn request(token: &str) -> Request {
    let line = ("authorization".to_owned(), format!("Bearer {token}").into_bytes());
    Request::new("POST", "/hook", "", vec![line], "{}")
}

impl Bench {
    async fn post(&self, token: &str) -> u16 {
        self.receiver.handle(request(token)).await.answer.status
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_used_for_an_hour() {
    let key = Key::new("k1");
    let bench = bench(Publishes::Keys(vec![key.public()]));
    let token = key.token("k1");
    for _ in 0..20 {
        assert_eq!(bench.post(&token).await, 200);
    }
    bench.clock.forward(HOUR - 1);
    assert_eq!((bench.post(&token).await, bench.issuer.asked()), (200, 1));
    bench.clock.forward(1);
    assert_eq!((bench.post(&token).await, bench.issuer.asked()), (200, 2));
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_no_flood_of_requests() {
    let (key, other) = (Key::new("k1"), Key::new("k2"));
    let bench = bench(Publishes::Keys(vec![key.public()]));
    assert_eq!(bench.post(&key.token("k1")).await, 200);
    bench.clock.forward(MINUTE);
    let mut flood = tokio::task::JoinSet::new();
    let bench = Arc::new(bench);
    for number in 0..200 {
        let (bench, token) = (bench.clone(), other.token(&format!("k{}", number + 2)));
        flood.spawn(async move { bench.post(&token).await });
    }
    let answers = flood.join_all().await;
    assert!(answers.iter().all(|status| *status == 401), "{answers:?}");
    assert_eq!(bench.issuer.asked(), 2);
    // A minute later one more, by whichever way it is known that it is wrong.
    bench.clock.forward(MINUTE - 1);
    assert_eq!((bench.post(&other.token("k1")).await, bench.issuer.asked()), (401, 2));
    bench.clock.forward(1);
    assert_eq!((bench.post(&other.token("k1")).await, bench.issuer.asked()), (401, 3));
    assert_eq!(bench.post(&key.token("k1")).await, 200);
}

#[tokio::test]
async fn a_new_key_is_found_as_soon_as_the_vendor_may_be_asked() {
    let (old, new) = (Key::new("k1"), Key::new("k2"));
    let bench = bench(Publishes::Keys(vec![old.public()]));
    assert_eq!(bench.post(&old.token("k1")).await, 200);
    bench.issuer.publish(Publishes::Keys(vec![old.public(), new.public()]));
    bench.clock.forward(MINUTE - 1);
    assert_eq!(bench.post(&new.token("k2")).await, 401);
    bench.clock.forward(1);
    assert_eq!(bench.post(&new.token("k2")).await, 200);
    assert_eq!(bench.post(&old.token("k1")).await, 200);
    assert_eq!(bench.issuer.asked(), 2);
}

/// A store whose cached values may always be outdated.
struct Outdated;

#[async_trait]
impl Secrets for Outdated {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        Ok(SecretVersion { value: Secret::new("k"), version: "1".to_owned(), since: None })
    }

    async fn refresh(&self, _: &[SecretRef], _: Timestamp) -> bool {
        true
    }
}

#[tokio::test]
async fn a_new_key_is_found_also_where_a_secret_may_be_outdated() {
    let jwt = FILE.split_once("- jwt").unwrap().1.trim();
    let file = format!(
        r#"
source: hook
webhook:
  verify:
    - any:
        - hmac: {{ hash: sha256, secrets: [s], text: "{{body}}", signature: {{ from: header.x-sig, encoding: hex }} }}
        - jwt{jwt}
"#
    );
    let (old, new) = (Key::new("k1"), Key::new("k2"));
    let bench = bench_of(&file, Arc::new(Outdated), Publishes::Keys(vec![old.public()]));
    let signed = |token: &str| {
        let bearer = ("authorization".to_owned(), format!("Bearer {token}").into_bytes());
        let wrong = ("x-sig".to_owned(), "00".repeat(32).into_bytes());
        Request::new("POST", "/hook", "", vec![bearer, wrong], "{}")
    };
    let answer = bench.receiver.handle(signed(&old.token("k1"))).await.answer;
    assert_eq!(answer.status, 200);
    bench.issuer.publish(Publishes::Keys(vec![old.public(), new.public()]));
    bench.clock.forward(MINUTE);
    let answer = bench.receiver.handle(signed(&new.token("k2"))).await.answer;
    assert_eq!((answer.status, bench.issuer.asked()), (200, 2));
}

#[tokio::test]
async fn many_first_requests_ask_once() {
    let key = Key::new("k1");
    let bench = Arc::new(bench(Publishes::Keys(vec![key.public()])));
    let mut first = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (bench, token) = (bench.clone(), key.token("k1"));
        first.spawn(async move { bench.post(&token).await });
    }
    assert_eq!(first.join_all().await, [200; 50]);
    assert_eq!((bench.issuer.asked(), bench.issuer.most.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn where_the_vendor_is_away_and_nothing_is_known_it_is_503() {
    let key = Key::new("k1");
    for publishes in [
        Publishes::Nothing,
        Publishes::Status(500),
        Publishes::Status(404),
        Publishes::Status(301),
        Publishes::Status(204),
        Publishes::Text("<html>"),
        Publishes::Text("{\"keys\":[]}"),
    ] {
        let bench = bench(publishes);
        let handled = bench.receiver.handle(request(&key.token("k1"))).await;
        assert_eq!(handled.answer.status, 503);
        let Verdict::Keys(error) = &handled.verdict else { panic!("{:?}", handled.verdict) };
        let told = error.to_string();
        assert!(told.contains("https://issuer.example.com/keys"), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
        assert!(!handled.answer.body.contains("issuer"), "{}", handled.answer.body);
        assert_eq!(bench.post(&key.token("k1")).await, 503);
        assert_eq!(bench.issuer.asked(), 1);
        // What is no token of ours is refused without any key.
        assert_eq!(bench.post("a.b.c").await, 401);
        bench.issuer.publish(Publishes::Keys(vec![key.public()]));
        bench.clock.forward(MINUTE);
        assert_eq!((bench.post(&key.token("k1")).await, bench.issuer.asked()), (200, 2));
    }
}

#[tokio::test]
async fn known_keys_outlast_a_vendor_that_is_away_for_a_day() {
    let (key, other) = (Key::new("k1"), Key::new("k2"));
    let bench = bench(Publishes::Keys(vec![key.public()]));
    assert_eq!(bench.post(&key.token("k1")).await, 200);
    bench.issuer.publish(Publishes::Nothing);
    bench.clock.forward(2 * HOUR);
    assert_eq!(bench.post(&key.token("k1")).await, 200);
    // An unknown key is refused: the vendor was asked, and the answer stands.
    assert_eq!(bench.post(&other.token("k2")).await, 401);
    assert_eq!(bench.issuer.asked(), 2);
    bench.clock.forward(22 * HOUR - 1);
    assert_eq!(bench.post(&key.token("k1")).await, 200);
    bench.clock.forward(1);
    assert_eq!(bench.post(&key.token("k1")).await, 503);
}

#[tokio::test]
async fn the_authorizer_decides_with_keys_and_leaves_it_without() {
    let (key, other) = (Key::new("k1"), Key::new("k2"));
    let bench = bench(Publishes::Keys(vec![key.public()]));
    let good = key.token("k1");
    assert_eq!(bench.authorizer.decide(&request(&good)).await, Decision::Allow);
    let line = format!("Bearer {good}");
    assert_eq!(
        bench.authorizer.decide_by_authorization(Some("POST"), &line).await,
        Decision::Allow
    );
    for wrong in [other.token("k1"), other.token("k2"), "a.b.c".to_owned()] {
        let decision = bench.authorizer.decide(&request(&wrong)).await;
        assert!(matches!(decision, Decision::Deny(_)), "{decision:?}");
        let line = format!("Bearer {wrong}");
        let decision = bench.authorizer.decide_by_authorization(None, &line).await;
        assert!(matches!(decision, Decision::Deny(_)), "{decision:?}");
    }
    assert_eq!(bench.issuer.asked(), 1);
    bench.issuer.publish(Publishes::Nothing);
    bench.clock.forward(25 * HOUR);
    for token in [good, other.token("k2")] {
        assert_eq!(bench.authorizer.decide(&request(&token)).await, Decision::Allow);
    }
    let denied = bench.receiver.handle(request("a.b.c")).await.verdict;
    assert!(matches!(denied, Verdict::Denied(Denied::JwtMalformed { .. })));
}
