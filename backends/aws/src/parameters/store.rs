//! Reads secrets from the cache, else from Parameter Store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, SecretVersion};

use crate::clients::Shared;
use crate::error::AwsError;
use crate::parameters::cache::{Cache, Found, Wanted};

/// How many names one request takes (GetParameters).
const NAMES: usize = 10;

/// How long a value is good, without the jitter.
const TTL: Duration = Duration::from_secs(300);

pub(super) const READ: &str = "read a secret";

/// The secrets, as SecureString parameters.
pub struct ParameterStore {
    pub(super) shared: Arc<Shared>,
    cache: Mutex<Cache>,
    /// Held while Parameter Store is asked.
    asking: tokio::sync::Mutex<()>,
    pub(super) ttl: Duration,
}

/// Prints nothing of what it keeps.
impl fmt::Debug for ParameterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterStore").finish_non_exhaustive()
    }
}

/// Returns the name of the parameter for a secret: `/<project>/<source>/<stage>/<name>`.
pub fn parameter_name(project: &str, stage: &str, reference: &SecretRef) -> String {
    format!("/{project}/{}/{stage}/{}", reference.source, reference.name)
}

impl ParameterStore {
    pub(crate) fn new(shared: Arc<Shared>) -> ParameterStore {
        ParameterStore {
            shared,
            cache: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            ttl: TTL,
        }
    }

    /// Keeps a value for `ttl`, and up to a tenth more or less. With zero it always asks
    /// Parameter Store.
    pub fn with_ttl(self, ttl: Duration) -> ParameterStore {
        ParameterStore { ttl, ..self }
    }

    pub(super) fn name(&self, reference: &SecretRef) -> String {
        let settings = &self.shared.settings;
        parameter_name(&settings.project, &settings.stage, reference)
    }

    pub(super) fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value: from the cache while it is good, else from the store.
    pub(super) async fn read(&self, wanted: &Wanted) -> Result<Option<Found>, AwsError> {
        let asked = {
            let mut cache = self.cache();
            if let Some(fresh) = cache.fresh(wanted, self.shared.clock.now()) {
                return Ok(fresh);
            }
            cache.want(wanted);
            cache.rounds()
        };
        // Others who ask at the same time join this request.
        tokio::task::yield_now().await;
        let _turn = self.asking.lock().await;
        let (round, all) = {
            let mut cache = self.cache();
            let fresh = cache.fresh(wanted, self.shared.clock.now());
            if let Some(known) = cache.result_since(wanted, asked).or(fresh.map(Ok)) {
                return known;
            }
            cache.want(wanted);
            cache.begin_round()
        };
        self.ask(round, all.into_iter().collect()).await;
        let result = self.cache().result_since(wanted, asked);
        result.unwrap_or_else(|| Err(AwsError::new("it was set while it was read")))
    }

    /// Runs one round: asks for all and keeps what comes.
    async fn ask(&self, round: u64, all: Vec<Wanted>) {
        // One request may not have a name and a version of the same name.
        let (present, versions): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|wanted| wanted.version.is_none());
        let mut requests = Vec::new();
        for some in present.chunks(NAMES).chain(versions.chunks(NAMES)) {
            requests.push(self.ask_some(round, some));
        }
        futures::future::join_all(requests).await;
    }

    async fn ask_some(&self, round: u64, some: &[Wanted]) {
        match self.get_parameters(some).await {
            Ok(found) => self.take_in(round, some, found),
            Err(error) if error.away || some.len() == 1 => self.take_failure(round, some, &error),
            // One parameter that may not be read fails the request for all.
            Err(_) => {
                for one in some.chunks(1) {
                    match self.get_parameters(one).await {
                        Ok(found) => self.take_in(round, one, found),
                        Err(error) => self.take_failure(round, one, &error),
                    }
                }
            }
        }
    }

    fn take_in(&self, round: u64, some: &[Wanted], mut found: BTreeMap<String, Found>) {
        let now = self.shared.clock.now();
        let mut cache = self.cache();
        for wanted in some {
            let found = found.remove(&self.selector(wanted));
            cache.found(round, wanted.clone(), found, now, self.jittered());
        }
    }

    fn take_failure(&self, round: u64, some: &[Wanted], error: &AwsError) {
        let now = self.shared.clock.now();
        let mut begins = false;
        for wanted in some {
            begins |= self.cache().failed(round, wanted.clone(), error.clone(), now, self.ttl);
        }
        if begins {
            tracing::warn!(%error, "Parameter Store is away: the last values are used");
        }
    }

    /// Requests these values; returns what there is, by name and version.
    async fn get_parameters(&self, some: &[Wanted]) -> Result<BTreeMap<String, Found>, AwsError> {
        let names = some.iter().map(|wanted| self.selector(wanted)).collect();
        let request = self.shared.ssm().get_parameters().set_names(Some(names));
        let response = request.with_decryption(true).send().await?;
        let found = response.parameters.unwrap_or_default().into_iter().filter_map(|parameter| {
            let selector = parameter.selector().unwrap_or_default();
            let name = format!("{}{selector}", parameter.name()?);
            let modified = parameter.last_modified_date();
            let since = modified.and_then(|date| {
                Timestamp::new(date.secs(), date.subsec_nanos().cast_signed()).ok()
            });
            let number = parameter.version();
            // Everybody can sign with a blank key.
            let value = parameter.value.filter(|value| !value.trim().is_empty())?;
            let value =
                SecretVersion { value: Secret::new(value), version: number.to_string(), since };
            Some((name, Found { value, number }))
        });
        Ok(found.collect())
    }

    /// Returns the name as GetParameters takes it, with `:3` for a version.
    fn selector(&self, wanted: &Wanted) -> String {
        let name = self.name(&wanted.reference);
        wanted.version.map_or_else(|| name.clone(), |version| format!("{name}:{version}"))
    }

    /// Returns the `ttl`, up to a tenth more or less, so that many processes do not ask
    /// at once.
    fn jittered(&self) -> Duration {
        self.ttl.mul_f64(0.9 + 0.2 * fastrand::f64())
    }
}
