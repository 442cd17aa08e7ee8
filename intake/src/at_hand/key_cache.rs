//! The keys that vendors publish, cached.
//!
//! A request names the key that it was signed with, and a stranger may name anything. So requests never
//! decide how often a vendor is asked: at most once a minute per URL, one request at a time, for a
//! bounded number of URLs. If a vendor is away, its cached keys are good for a day; without cached keys
//! the sender is told to try again, and never refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use mef_auth::verify::{KeyDocument, KeyKind, KeySource};
use mef_ports::{Clock, Http, HttpRequest, chain};

/// How long cached keys are used without asking again.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long they are used if the vendor is away.
const USABLE: SignedDuration = SignedDuration::from_hours(24);
/// The shortest time between two requests for a URL.
const BETWEEN: SignedDuration = SignedDuration::from_mins(1);
/// The most cached certificates. Their URLs come with requests; the URLs of key sets are in the source
/// files, which bounds them.
const MAX_CERTIFICATES: usize = 64;
/// The largest document, in bytes: some publish a hundred certificates beside the keys.
const MAX_BODY: usize = 150 * 1024;
/// A sender waits for the answer, many for less than five seconds.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why keys are not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys at {source_url} are not available: {reason}")]
pub struct KeysUnavailable {
    /// Where they should be, without the query.
    pub source_url: String,
    /// What went wrong.
    pub reason: String,
}

/// A cache of published keys; one for all sources.
pub struct KeyCache {
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<KeySource, Arc<Slot>>>,
}

/// What is known about one URL.
#[derive(Default)]
struct Slot {
    state: Mutex<SlotState>,
    /// Held during a request to the vendor.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct SlotState {
    kept: Option<CachedKeys>,
    asked_at: Option<Timestamp>,
    failure: Option<String>,
}

#[derive(Clone)]
struct CachedKeys {
    document: Arc<KeyDocument>,
    since: Timestamp,
}

impl KeyCache {
    /// Returns a cache that fetches with `http`, which decides what may be reached.
    pub fn new(http: Arc<dyn Http>, clock: Arc<dyn Clock>) -> KeyCache {
        KeyCache { http, clock, slots: Mutex::default() }
    }

    /// Returns the keys at `source`.
    ///
    /// # Errors
    ///
    /// Fails if no usable keys are cached and they cannot be fetched now.
    pub(crate) async fn get(
        &self,
        source: &KeySource,
    ) -> Result<Arc<KeyDocument>, KeysUnavailable> {
        let unavailable = |reason: &str| KeysUnavailable {
            source_url: source.to_string(),
            reason: reason.to_owned(),
        };
        let slot = self.slot(source).ok_or_else(|| unavailable("too many other URLs are asked"))?;
        let now = self.clock.now();
        let kept = slot.state().kept.filter(|kept| now.duration_since(kept.since) < USABLE);
        if let Some(kept) = &kept
            && now.duration_since(kept.since) < FRESH
        {
            return Ok(Arc::clone(&kept.document));
        }
        match kept {
            // Another task is asking already, and the cached keys will do.
            Some(kept) => match slot.asking.try_lock() {
                Err(_) => Ok(kept.document),
                Ok(_asking) => {
                    self.ask(source, &slot).await;
                    Ok(slot.state().kept.unwrap_or(kept).document)
                }
            },
            None => {
                let _asking = slot.asking.lock().await;
                // The task that held the lock may have fetched them.
                if !slot.is_usable(self.clock.now()) {
                    self.ask(source, &slot).await;
                }
                let state = slot.state();
                match state.kept.filter(|_| slot.is_usable(self.clock.now())) {
                    Some(kept) => Ok(kept.document),
                    None => Err(unavailable(
                        state.failure.as_deref().unwrap_or("they were asked for a moment ago"),
                    )),
                }
            }
        }
    }

    /// Returns keys at `source` that are newer than `outdated`, if there are any. Asks the vendor unless it
    /// was asked within the last minute.
    pub(crate) async fn newer(
        &self,
        source: &KeySource,
        outdated: &Arc<KeyDocument>,
    ) -> Option<Arc<KeyDocument>> {
        let slot = self.slot(source)?;
        let newer = || slot.state().kept.filter(|kept| !Arc::ptr_eq(&kept.document, outdated));
        let _asking = slot.asking.lock().await;
        if newer().is_none() {
            self.ask(source, &slot).await;
        }
        newer().map(|kept| kept.document)
    }

    /// Asks the vendor, if the last time is long enough ago. A failure leaves the cached keys as they are.
    async fn ask(&self, source: &KeySource, slot: &Slot) {
        let now = self.clock.now();
        let mut state = slot.state();
        if state.asked_at.is_some_and(|asked| now.duration_since(asked) < BETWEEN) {
            return;
        }
        // Noted before the request: one that is given up counts, too.
        state.asked_at = Some(now);
        slot.set(state.clone());
        match self.fetch(source).await {
            Ok(document) => {
                state.kept = Some(CachedKeys { document: Arc::new(document), since: now });
                state.failure = None;
            }
            Err(reason) => {
                tracing::warn!(keys = %source, error = %reason, "keys not fetched");
                state.failure = Some(reason);
            }
        }
        slot.set(state);
    }

    async fn fetch(&self, source: &KeySource) -> Result<KeyDocument, String> {
        let request = HttpRequest {
            method: Method::GET,
            url: source.url.clone(),
            headers: HeaderMap::new(),
            body: None,
            max_body: MAX_BODY,
            timeout: TIMEOUT,
        };
        let response = self.http.send(request).await.map_err(|error| chain(&error).to_string())?;
        if response.status != StatusCode::OK {
            return Err(format!("the status is {}", response.status.as_u16()));
        }
        KeyDocument::parse(source.kind, &response.body).map_err(|error| error.to_string())
    }

    /// Returns the slot of `source`. If all are taken, it replaces the slot of a certificate without usable
    /// keys that was not asked for within the last minute: URLs that hold nothing drive out nobody's keys.
    fn slot(&self, source: &KeySource) -> Option<Arc<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(source) {
            return Some(Arc::clone(slot));
        }
        let is_certificate = |source: &KeySource| source.kind == KeyKind::Certificate;
        let certificates = || slots.iter().filter(|(source, _)| is_certificate(source));
        if is_certificate(source) && certificates().count() >= MAX_CERTIFICATES {
            let now = self.clock.now();
            let idle = certificates().find(|(_, slot)| slot.is_idle(now));
            let idle = idle.map(|(source, _)| source.clone())?;
            slots.remove(&idle);
        }
        let slot = Arc::<Slot>::default();
        slots.insert(source.clone(), Arc::clone(&slot));
        Some(slot)
    }
}

impl Slot {
    fn state(&self) -> SlotState {
        self.lock().clone()
    }

    fn set(&self, state: SlotState) {
        *self.lock() = state;
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        self.lock().kept.as_ref().is_some_and(|kept| now.duration_since(kept.since) < USABLE)
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        let asked = self.lock().asked_at;
        !self.is_usable(now) && asked.is_some_and(|asked| now.duration_since(asked) >= BETWEEN)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use mef_ports::{HttpError, HttpResponse};

    use super::*;

    struct Nobody;

    #[async_trait]
    impl Http for Nobody {
        async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            panic!("nobody is asked")
        }
    }

    #[async_trait]
    impl Clock for Nobody {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        async fn sleep(&self, _: Duration) {}
    }

    #[test]
    fn certificates_that_strangers_name_take_no_key_sets_place() {
        let cache = KeyCache::new(Arc::new(Nobody), Arc::new(Nobody));
        let source = |kind, n: usize| KeySource {
            url: format!("https://sns.us-east-1.amazonaws.com/{n}.pem").parse().unwrap(),
            kind,
        };
        for n in 0..MAX_CERTIFICATES {
            assert!(cache.slot(&source(KeyKind::Certificate, n)).is_some(), "{n}");
        }
        assert!(cache.slot(&source(KeyKind::Certificate, MAX_CERTIFICATES)).is_none());
        assert!(cache.slot(&source(KeyKind::Jwks, 0)).is_some());
    }
}
