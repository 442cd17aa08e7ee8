//! Against a token endpoint, a store and a clock in this process.

mod cookies;
mod failures;
mod fixed;
mod granted;
mod rotation;
mod session;
mod tokens;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{
    AccessToken, HttpError, HttpResponse, SecretVersion, StoreError, TokenClaim, TokenKey,
};

use super::*;
use url::Url;

use crate::RedactingSecrets;

const CLIENT_SECRET: &str = "s3cr/et of+okta";

/// Gives its responses one after another, and the last one again and again.
#[derive(Default)]
struct World {
    answers: Mutex<VecDeque<Result<HttpResponse, &'static str>>>,
    asked: Mutex<Vec<HttpRequest>>,
    kept: Mutex<BTreeMap<String, AccessToken>>,
    /// Who may ask for a token, and until when.
    claims: Mutex<BTreeMap<String, (TokenClaim, Timestamp)>>,
    store_fails: Mutex<bool>,
    secrets: Mutex<BTreeMap<String, String>>,
    /// How many times storing a new secret fails.
    not_stored: Mutex<u32>,
    now: Mutex<Timestamp>,
    slept: Mutex<Vec<Duration>>,
}

#[async_trait]
impl Http for World {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.asked.lock().unwrap().push(request);
        // Let others run, so that two callers can meet here.
        tokio::task::yield_now().await;
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            0 => panic!("no answer is left"),
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        };
        answer.map_err(|reason| match reason {
            "transport" => HttpError::Transport("the connection was cut".into()),
            _ => HttpError::TooLarge { limit: 1 },
        })
    }
}

#[async_trait]
impl Tokens for World {
    async fn get(&self, key: &TokenKey, now: Timestamp) -> Result<Option<AccessToken>, StoreError> {
        let kept = self.kept.lock().unwrap().get(&key.0).cloned();
        Ok(kept.filter(|kept| kept.expires.is_none_or(|expires| now < expires)))
    }

    async fn put(&self, key: &TokenKey, token: &AccessToken) -> Result<(), StoreError> {
        if *self.store_fails.lock().unwrap() {
            return Err(StoreError::new("keep the token", "disk full"));
        }
        self.kept.lock().unwrap().insert(key.0.clone(), token.clone());
        Ok(())
    }

    async fn forget(&self, key: &TokenKey, refused: &Secret) -> Result<(), StoreError> {
        let is_it = |kept: &AccessToken| kept.token.expose() == refused.expose();
        self.kept.lock().unwrap().retain(|known, kept| *known != key.0 || !is_it(kept));
        Ok(())
    }

    async fn claim(
        &self,
        key: &TokenKey,
        claim: &TokenClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut claims = self.claims.lock().unwrap();
        let is_free = claims.get(&key.0).is_none_or(|(_, until)| *until <= now);
        if is_free {
            claims.insert(key.0.clone(), (claim.clone(), until));
        }
        Ok(is_free)
    }

    async fn release_claim(&self, key: &TokenKey, claim: &TokenClaim) -> Result<(), StoreError> {
        self.claims.lock().unwrap().retain(|known, (held, _)| *known != key.0 || held != claim);
        Ok(())
    }
}

#[async_trait]
impl Secrets for World {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        match self.secrets.lock().unwrap().get(&reference.to_string()) {
            Some(value) => Ok(SecretVersion {
                value: Secret::new(value.clone()),
                version: "1".to_owned(),
                since: None,
            }),
            None => Err(SecretsError::Missing {
                reference: reference.clone(),
                hint: "set it".to_owned(),
            }),
        }
    }

    async fn replace(&self, reference: &SecretRef, value: &Secret) -> Result<(), StoreError> {
        let mut failures = self.not_stored.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(StoreError::new("store a secret", "disk full"));
        }
        self.secrets.lock().unwrap().insert(reference.to_string(), value.expose().to_owned());
        Ok(())
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.slept.lock().unwrap().push(duration);
        self.pass(duration);
        tokio::task::yield_now().await;
    }
}

impl World {
    fn new(answers: impl IntoIterator<Item = HttpResponse>) -> Arc<World> {
        let world = World::default();
        world.answers.lock().unwrap().extend(answers.into_iter().map(Ok));
        *world.now.lock().unwrap() = start();
        Arc::new(world)
    }

    fn pass(&self, duration: Duration) {
        let mut now = self.now.lock().unwrap();
        *now += SignedDuration::try_from(duration).unwrap();
    }

    fn credentials(self: &Arc<World>) -> (Credentials, Redactor) {
        let redactor = Redactor::default();
        let credentials = Credentials::new(
            Arc::clone(self) as Arc<dyn Http>,
            Arc::clone(self) as Arc<dyn Tokens>,
            Arc::clone(self) as Arc<dyn Secrets>,
            Arc::clone(self) as Arc<dyn Clock>,
            redactor.clone(),
        );
        (credentials, redactor)
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn start() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> HttpResponse {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    HttpResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn token(token: &str) -> HttpResponse {
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    answer(200, &[("content-type", "application/json")], &body)
}

fn poll_auth(auth: &str) -> PollAuth {
    let text = format!(
        r#"
source: okta
poll:
  schedule: rate(1 minute)
  auth: {auth}
  request: {{ get: "https://api.example.com/logs", query: {{ since: "{{window.start}}" }} }}
  records: ""
  cursor: {{ time: t, end_lag: 1s }}
"#
    );
    let loaded = mef_source::load(&text, &|_| Err("no files".to_owned()));
    loaded.unwrap_or_else(|problems| panic!("{problems:?}")).source.poll.unwrap().auth
}

fn oauth(more: &str) -> PollAuth {
    poll_auth(&format!(
        r#"{{ client_credentials: {{ token_url: "https://login.example.com/token", client_id: "id:1",
            client_secret: "{{secret.client_secret}}"{more} }} }}"#
    ))
}

fn secrets(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

fn client() -> BTreeMap<String, Secret> {
    secrets(&[("client_secret", CLIENT_SECRET)])
}

pub(super) fn request() -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        url: Url::parse("https://api.example.com/logs?a=%7E&api%5Fkey=old&b=1").unwrap(),
        headers: HeaderMap::new(),
        body: None,
        max_body: 1,
        timeout: Duration::from_secs(1),
    }
}

async fn bearer(credentials: &Credentials, auth: &PollAuth) -> (String, Authorized) {
    let mut request = request();
    let authorized = credentials.authorize("okta", auth, &client(), &mut request).await.unwrap();
    let value = &request.headers[AUTHORIZATION];
    assert!(value.is_sensitive());
    (value.to_str().unwrap().to_owned(), authorized)
}

async fn failure(world: &Arc<World>, auth: &PollAuth) -> (CredentialError, Redactor) {
    let (credentials, redactor) = world.credentials();
    let error = credentials.authorize("okta", auth, &client(), &mut request()).await.unwrap_err();
    (error, redactor)
}

fn is_send<T: Send>(value: T) -> T {
    value
}
