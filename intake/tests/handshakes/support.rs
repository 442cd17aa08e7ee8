//! A receiver on ports that a test can look into.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::{Authorizer, Decision, Handled, KeyCache, Receiver, ReceiverPorts, Verdict};
use mef_pipeline::Outputs;
use mef_ports::{
    Clock, DeadLetters as _, Deliveries, DeliveryKey, Http, HttpError, HttpRequest, HttpResponse,
    Receipt, Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError,
};
use mef_source::Source;
use mef_sqlite::Store;

/// The moment of every test.
pub(crate) const NOW: i64 = 1_795_514_400;

pub(crate) struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// Secrets, each with its live values.
#[derive(Default)]
pub(crate) struct Vault(pub(crate) Mutex<BTreeMap<String, Vec<String>>>);

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        Ok(self.live(reference, Timestamp::UNIX_EPOCH).await?.remove(0))
    }

    async fn live(
        &self,
        reference: &SecretRef,
        _: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        assert_eq!(reference.source, "hook");
        let secrets = self.0.lock().unwrap();
        let values = secrets.get(&reference.name).ok_or_else(|| SecretsError::Missing {
            reference: reference.clone(),
            hint: "set it".to_owned(),
        })?;
        let version = |value: &String| SecretVersion {
            value: Secret::new(value.clone()),
            version: "1".to_owned(),
            since: None,
        };
        Ok(values.iter().map(version).collect())
    }

    async fn put_if_absent(
        &self,
        reference: &SecretRef,
        value: &Secret,
    ) -> Result<bool, StoreError> {
        let mut secrets = self.0.lock().unwrap();
        let absent = !secrets.contains_key(&reference.name);
        if absent {
            secrets.insert(reference.name.clone(), vec![value.expose().to_owned()]);
        }
        Ok(absent)
    }
}

/// Notes what is asked of the outside and answers with one status.
#[derive(Default)]
pub(crate) struct Web {
    pub(crate) status: Mutex<Option<u16>>,
    pub(crate) asked: Mutex<Vec<HttpRequest>>,
}

#[async_trait]
impl Http for Web {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.asked.lock().unwrap().push(request);
        let Some(status) = *self.status.lock().unwrap() else {
            return Err(HttpError::Transport("away".into()));
        };
        Ok(HttpResponse {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        })
    }
}

/// Counts the marks, of which a handshake makes none.
struct Marks(Store, Arc<Mutex<usize>>);

#[async_trait]
impl Deliveries for Marks {
    async fn is_done(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        self.0.is_done(key, now).await
    }

    async fn mark_done(
        &self,
        key: &DeliveryKey,
        expires: Timestamp,
        receipt: &Receipt,
    ) -> Result<(), StoreError> {
        *self.1.lock().unwrap() += 1;
        self.0.mark_done(key, expires, receipt).await
    }
}

pub(crate) struct Bench {
    store: Store,
    source: Arc<Source>,
    receiver: Receiver,
    marks: Arc<Mutex<usize>>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) web: Arc<Web>,
}

/// A source named `hook` whose webhook has these lines, and the secret `s3cret`
/// for the name `webhook_secret`.
pub(crate) fn bench(webhook: &str) -> Bench {
    bench_with(webhook, &[("webhook_secret", &["s3cret"])])
}

pub(crate) fn bench_with(webhook: &str, secrets: &[(&str, &[&str])]) -> Bench {
    let file = format!("source: hook\nwebhook:\n  delivery_id: [id]\n{webhook}");
    let loaded = mef_source::load(&file, &|_| Err(String::new()));
    let source = Arc::new(loaded.map_err(|problems| format!("{problems:#?}")).unwrap().source);
    let clock: Arc<dyn Clock> = Arc::new(StillClock);
    let store = Store::in_memory(clock.clone()).unwrap();
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let secrets = secrets.iter().map(|(name, live)| ((*name).to_owned(), values(live)));
    let vault = Arc::new(Vault(Mutex::new(secrets.collect())));
    let web = Arc::new(Web { status: Mutex::new(Some(200)), asked: Mutex::default() });
    let marks = Arc::<Mutex<usize>>::default();
    let ports = ReceiverPorts {
        outputs: Outputs {
            queue: Arc::new(store.clone()),
            dead_letters: Arc::new(store.clone()),
            clock: clock.clone(),
        },
        deliveries: Arc::new(Marks(store.clone(), Arc::clone(&marks))),
        secrets: Arc::<Vault>::clone(&vault),
        keys: keys(&web),
        http: Arc::<Web>::clone(&web),
        clock,
    };
    let receiver = Receiver::new(Arc::clone(&source), ports).unwrap();
    Bench { store, source, receiver, marks, vault, web }
}

/// Keys that vendors publish, out of `web`.
pub(crate) fn keys(web: &Arc<Web>) -> Arc<KeyCache> {
    Arc::new(KeyCache::new(Arc::<Web>::clone(web), Arc::new(StillClock)))
}

/// What a sender got.
#[derive(Debug, PartialEq)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Bench {
    /// The answer to a handshake: also that nothing else came of the request,
    /// and that the authorizer would have let it through.
    pub(crate) async fn shake(&self, request: Request) -> Got {
        let decision = self.decide(&request).await;
        let handled = self.receiver.handle(request).await;
        assert!(matches!(handled.verdict, Verdict::Handshake), "{:?}", handled.verdict);
        assert_eq!(decision, Decision::Allow);
        assert_eq!((self.queued().await, self.letters().await), (0, 0));
        assert_eq!(*self.marks.lock().unwrap(), 0);
        let got = got(handled);
        assert_eq!(got.header("x-content-type-options"), self.sniffing(&got));
        got
    }

    /// Every answer with a body of the sender's choosing forbids guessing.
    fn sniffing(&self, got: &Got) -> Option<&'static str> {
        (!got.body.is_empty() || got.header("x-content-type-options").is_some())
            .then_some("nosniff")
    }

    /// What came of a request, and that nothing else did.
    pub(crate) async fn refuse(&self, request: Request) -> (u16, Verdict) {
        let handled = self.receiver.handle(request).await;
        assert!((400..=599).contains(&handled.answer.status), "{handled:?}");
        assert_eq!((self.queued().await, self.letters().await), (0, 0));
        (handled.answer.status, handled.verdict)
    }

    pub(crate) fn webhook(&self) -> mef_source::checked::Webhook {
        self.source.webhook.clone().unwrap()
    }

    pub(crate) async fn handle(&self, request: Request) -> Handled {
        self.receiver.handle(request).await
    }

    pub(crate) async fn decide(&self, request: &Request) -> Decision {
        let secrets: Arc<dyn Secrets> = Arc::<Vault>::clone(&self.vault);
        let (source, keys) = (Arc::clone(&self.source), keys(&self.web));
        let gate = Authorizer::new(source, secrets, keys, Arc::new(StillClock));
        gate.unwrap().decide(request).await
    }

    pub(crate) async fn queued(&self) -> usize {
        self.store.events(None, usize::MAX).await.unwrap().len()
    }

    pub(crate) async fn letters(&self) -> usize {
        self.store.list(None, usize::MAX).await.unwrap().len()
    }
}

pub(crate) fn got(handled: Handled) -> Got {
    let headers = handled.answer.headers.into_iter();
    Got {
        status: handled.answer.status,
        headers: headers.map(|(name, value)| (name.into_owned(), value)).collect(),
        body: handled.answer.body,
    }
}

pub(crate) fn request(method: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let line = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
    Request::new(method, "/hook", query, headers.iter().map(line).collect(), body.to_owned())
}

pub(crate) fn hmac(secret: &str, text: &str) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, secret.as_bytes()), text.as_bytes()).as_ref().to_vec()
}

pub(crate) fn hmac_hex(secret: &str, text: &str) -> String {
    hex::encode(hmac(secret, text))
}

pub(crate) fn hmac_base64(secret: &str, text: &str) -> String {
    STANDARD.encode(hmac(secret, text))
}
