//! A package, a store, and secrets that may be away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_http::HttpClients;
use mef_intake::{KeyCache, ReceiverPorts};
use mef_lambda::{
    AuthorizerRole, Done, Environment, HandlerRole, Invocation, PollerRole, RedriveRole,
};
use mef_pipeline::Outputs;
use mef_poller::PollPorts;
use mef_ports::{
    Clock, Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError, StreamKey, Wakeups,
};
use mef_sqlite::Store;
use serde_json::Value;

/// When all tests take place.
pub(crate) const NOW: i64 = 1_700_000_000;

/// A clock that stands still.
pub(crate) struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// Secrets by `<source>/<name>`.
#[derive(Default)]
pub(crate) struct Vault {
    pub(crate) values: Mutex<HashMap<String, String>>,
    pub(crate) away: AtomicBool,
    /// What every secret is until it is refreshed.
    pub(crate) outdated: Mutex<Option<String>>,
    pub(crate) reads: AtomicU64,
}

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return Err(StoreError::new("read a secret", "away").into());
        }
        let outdated = self.outdated.lock().unwrap().clone();
        let value = outdated.or(self.values.lock().unwrap().get(&reference.to_string()).cloned());
        match value {
            Some(value) => Ok(SecretVersion {
                value: Secret::new(value),
                version: "1".to_owned(),
                since: None,
            }),
            None => {
                Err(SecretsError::Missing { reference: reference.clone(), hint: String::new() })
            }
        }
    }

    async fn refresh(&self, _: &[SecretRef], _: Timestamp) -> bool {
        self.outdated.lock().unwrap().take().is_some()
    }
}

/// Wake-ups that are only counted.
#[derive(Default)]
pub(crate) struct Woken(pub(crate) Mutex<Vec<(StreamKey, Timestamp)>>);

#[async_trait]
impl Wakeups for Woken {
    async fn wake(&self, stream: &StreamKey, when: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap().push((stream.clone(), when));
        Ok(())
    }
}

/// One deployment.
pub(crate) struct Stack {
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) environment: Environment,
    clock: Arc<dyn Clock>,
    folder: tempfile::TempDir,
}

impl Stack {
    /// A deployment of `files`, as paths under `sources/` with their texts.
    pub(crate) fn new(files: &[(&str, &str)], secrets: &[(&str, &str)]) -> Stack {
        let clock: Arc<dyn Clock> = Arc::new(Still);
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap().to_owned();
        let environment = Environment::of(&|name| {
            let value = match name {
                "_HANDLER" => "handler",
                "PROJECT" => "MozDef-EF",
                "SERVICE" => "saas",
                "STAGE" => "prod",
                "API_PATH" => "events",
                "LAMBDA_TASK_ROOT" => root.as_str(),
                "AWS_REGION" => "eu-central-1",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let vault = Vault::default();
        for (name, value) in secrets {
            vault.values.lock().unwrap().insert((*name).to_owned(), (*value).to_owned());
        }
        let stack = Stack {
            store: Store::in_memory(Arc::clone(&clock)).unwrap(),
            vault: Arc::new(vault),
            environment: environment.unwrap(),
            clock,
            folder,
        };
        std::fs::create_dir_all(&stack.environment.sources).unwrap();
        files.iter().for_each(|(path, text)| stack.write(path, text));
        stack
    }

    /// Puts a file into the package.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join("sources").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn outputs(&self) -> Outputs {
        Outputs {
            queue: Arc::new(self.store.clone()),
            dead_letters: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock),
        }
    }

    fn secrets(&self) -> Arc<dyn Secrets> {
        self.vault.clone()
    }

    pub(crate) fn gate(&self) -> AuthorizerRole {
        AuthorizerRole::new(&self.environment, self.secrets(), self.keys(), Arc::clone(&self.clock))
    }

    fn keys(&self) -> Arc<KeyCache> {
        let clients = mef_http::HttpClients::default();
        Arc::new(KeyCache::new(clients.for_webhooks(), Arc::clone(&self.clock)))
    }

    pub(crate) fn intake(&self) -> HandlerRole {
        let ports = ReceiverPorts {
            outputs: self.outputs(),
            deliveries: Arc::new(self.store.clone()),
            secrets: self.secrets(),
            http: HttpClients::default().for_webhooks(),
            keys: self.keys(),
            clock: Arc::clone(&self.clock),
        };
        HandlerRole::new(&self.environment, ports)
    }

    pub(crate) fn pulls(&self) -> PollerRole {
        let ports = PollPorts {
            cursors: Arc::new(self.store.clone()),
            limits: Arc::new(self.store.clone()),
            wakeups: Arc::new(Woken::default()),
            blobs: Arc::new(self.store.clone()),
            secrets: self.secrets(),
            tokens: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock),
            outputs: self.outputs(),
            redactor: Redactor::default(),
        };
        PollerRole::new(&self.environment, ports)
    }

    pub(crate) fn redrives(&self) -> RedriveRole {
        RedriveRole::new(&self.environment, self.outputs())
    }

    /// The events in the queue.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let events = self.store.events(None, usize::MAX).await.unwrap();
        events.iter().map(|event| serde_json::from_str(&event.message.body).unwrap()).collect()
    }
}

/// A call with `seconds` left.
pub(crate) fn with_seconds(seconds: i64) -> Invocation {
    Invocation { deadline: Timestamp::from_second(NOW + seconds).unwrap() }
}

/// The status of a handler's answer.
pub(crate) fn status(done: &Done) -> u64 {
    done.output.as_ref().unwrap()["statusCode"].as_u64().unwrap()
}
