//! One webhook through the real receiver, on ports that are gone afterwards.
//!
//! The clock stands still at the moment that the caller names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::Explained;
use mef_intake::{Handled, Observer, Receiver, ReceiverPorts};
use mef_pipeline::{Fallbacks, Outputs};
use mef_ports::{
    Clock, DeadLetter, DeadLetters as _, Deliveries, DeliveryKey, Receipt, Secret, SecretRef,
    SecretVersion, Secrets, SecretsError, StoreError,
};
use mef_source::Source;
use mef_sqlite::Store;
use serde_json::Value;

use super::clock::TestClock;
use super::ports::NoNetwork;
use super::published_keys;

/// More records than one request can hold.
const ALL: usize = usize::MAX;

/// How a request was judged, and its result.
pub(crate) struct Judged {
    /// The answer that the sender would get, and why.
    pub(crate) handled: Handled,
    /// The queue's messages, in order.
    pub(crate) events: Vec<Value>,
    /// The records that would become dead letters.
    pub(crate) rejected: Vec<DeadLetter>,
    /// The vendor's id of the delivery; `None` if it was not looked for.
    pub(crate) delivery_id: Option<String>,
    /// What each check found.
    pub(crate) checks: Vec<Explained>,
    /// The live versions of the secrets that were read, without their values.
    pub(crate) secrets: Vec<LiveVersion>,
    /// Of each field of events, how many had no value for it.
    pub(crate) fallbacks: BTreeMap<String, u64>,
}

/// A live version of a secret.
pub(crate) struct LiveVersion {
    /// The secret's name.
    pub(crate) name: String,
    /// The store's name for the version.
    pub(crate) version: String,
    /// When it was stored, if the store knows.
    pub(crate) since: Option<Timestamp>,
}

/// Judges `request` as a webhook of `source` as of `at`, with the published keys in the folder `tests`.
///
/// # Errors
///
/// Fails if the source is not pushed, or the store in memory fails.
pub(crate) async fn judge(
    source: &Arc<Source>,
    request: Request,
    secrets: Arc<dyn Secrets>,
    tests: &Path,
    at: Timestamp,
) -> anyhow::Result<Judged> {
    let clock: Arc<dyn Clock> = Arc::new(TestClock::new(at));
    let store = Store::in_memory(Arc::clone(&clock))?;
    let noting = Arc::new(NotingPorts { secrets, notes: Mutex::default() });
    let ports = ReceiverPorts {
        outputs: Outputs {
            queue: Arc::new(store.clone()),
            dead_letters: Arc::new(store.clone()),
            clock: Arc::clone(&clock),
        },
        deliveries: Arc::<NotingPorts>::clone(&noting),
        secrets: Arc::<NotingPorts>::clone(&noting),
        http: Arc::new(NoNetwork),
        keys: published_keys::of_a_test(tests, Arc::clone(&clock))?,
        clock,
    };
    let receiver = Receiver::new(Arc::clone(source), ports).with_context(|| {
        format!("`{}` is pulled, not pushed: its file has no `webhook`", source.name)
    })?;
    let receiver = receiver.observed_by(Arc::<NotingPorts>::clone(&noting));
    let handled = receiver.handle(request).await;
    let events = store.events(None, ALL).await?;
    let events = events.iter().map(|event| mef_ports::read_json(&event.message.body));
    let notes = std::mem::take(&mut *noting.notes());
    Ok(Judged {
        handled,
        events: events.collect::<Result<_, _>>()?,
        rejected: store.list(None, ALL).await?,
        delivery_id: notes.delivery_id,
        checks: notes.checks,
        secrets: notes.versions,
        fallbacks: notes.fallbacks.into_fields(),
    })
}

/// Ports that note how they are used.
struct NotingPorts {
    secrets: Arc<dyn Secrets>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    delivery_id: Option<String>,
    checks: Vec<Explained>,
    versions: Vec<LiveVersion>,
    fallbacks: Fallbacks,
}

impl NotingPorts {
    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, reference: &SecretRef, versions: &[SecretVersion]) {
        let mut notes = self.notes();
        notes.versions.retain(|known| known.name != reference.name);
        notes.versions.extend(versions.iter().map(|found| LiveVersion {
            name: reference.name.clone(),
            version: found.version.clone(),
            since: found.since,
        }));
    }
}

impl Observer for NotingPorts {
    fn identified(&self, delivery_id: &str) {
        self.notes().delivery_id = Some(delivery_id.to_owned());
    }

    fn judged(&self, checks: Vec<Explained>) {
        self.notes().checks = checks;
    }

    fn delivered(&self, fallbacks: Fallbacks) {
        self.notes().fallbacks = fallbacks;
    }
}

#[async_trait]
impl Secrets for NotingPorts {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let found = self.secrets.get(reference).await?;
        self.note(reference, std::slice::from_ref(&found));
        Ok(found)
    }

    async fn live(
        &self,
        reference: &SecretRef,
        now: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        let found = self.secrets.live(reference, now).await?;
        self.note(reference, &found);
        Ok(found)
    }

    /// Accepts a secret that a sender brings if there is none, but does not keep it.
    async fn put_if_absent(&self, reference: &SecretRef, _: &Secret) -> Result<bool, StoreError> {
        match self.secrets.get(reference).await {
            Ok(_) => Ok(false),
            Err(SecretsError::Missing { .. }) => Ok(true),
            Err(SecretsError::Store(error)) => Err(error),
        }
    }

    /// Accepts a secret that a vendor gives in place of another, but does not keep it.
    async fn replace(&self, _: &SecretRef, _: &Secret) -> Result<(), StoreError> {
        Ok(())
    }

    async fn refresh(&self, references: &[SecretRef], now: Timestamp) -> bool {
        self.secrets.refresh(references, now).await
    }
}

#[async_trait]
impl Deliveries for NotingPorts {
    async fn is_done(&self, _: &DeliveryKey, _: Timestamp) -> Result<bool, StoreError> {
        // Every request counts as the first.
        Ok(false)
    }

    async fn mark_done(
        &self,
        _: &DeliveryKey,
        _: Timestamp,
        _: &Receipt,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}
