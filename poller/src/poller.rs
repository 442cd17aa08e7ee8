//! The poller of one source: everything that its runs need, put together once.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use mef_auth::Redactor;
use mef_auth::credentials::{Credentials, credential_key};
use mef_pipeline::{Outputs, Pipeline, SchemaError};
use mef_ports::moment::after;
use mef_ports::{
    Blobs, Clock, Cursors, Http, Limits, Secret, Secrets, SecretsError, StoreError, StreamKey,
    Tokens, Wakeups,
};
use mef_source::checked::{Poll, Request};
use mef_source::{Root, Source};

use crate::ask::fetch::Fetcher;
use crate::ask::limits::LONGEST;
use crate::ask::pace::Pace;
use crate::ask::vendor_clock::VendorClock;
use crate::budget::Budget;
use crate::lease::LeaseKeeper;
use crate::stretch::Stretch;

/// The stores, credentials and outputs that a poller uses.
#[derive(Clone)]
pub struct PollPorts {
    /// Cursors and leases.
    pub cursors: Arc<dyn Cursors>,
    /// The rate limits of credentials.
    pub limits: Arc<dyn Limits>,
    /// The runs that are due before the schedule's next tick.
    pub wakeups: Arc<dyn Wakeups>,
    /// The pages that cannot be understood.
    pub blobs: Arc<dyn Blobs>,
    /// Credentials.
    pub secrets: Arc<dyn Secrets>,
    /// Access tokens between runs.
    pub tokens: Arc<dyn Tokens>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The queue and the dead letters.
    pub outputs: Outputs,
    /// What keeps credentials out of logs.
    pub redactor: Redactor,
}

/// Polls one source.
pub struct Poller {
    pub(crate) source: Arc<Source>,
    pub(crate) poll: Poll,
    pub(crate) pipeline: Pipeline,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) credentials: Credentials,
    pub(crate) ports: PollPorts,
    pub(crate) pace: Pace,
    /// What a backfill reads; `None` for the live poll.
    pub(crate) stretch: Option<Stretch>,
}

impl Poller {
    /// Returns a poller of `source`, or `None` if the source is not pulled.
    ///
    /// `http` must hold requests to the origins of the source by itself.
    pub fn new(source: Arc<Source>, http: Arc<dyn Http>, ports: PollPorts) -> Option<Poller> {
        let poll = source.poll.clone()?;
        let pipeline = Pipeline::for_poll(&source)?;
        let credentials = Credentials::new(
            Arc::clone(&http),
            Arc::clone(&ports.tokens),
            Arc::clone(&ports.secrets),
            Arc::clone(&ports.clock),
            ports.redactor.clone(),
        );
        Some(Poller {
            source,
            poll,
            pipeline,
            http,
            credentials,
            ports,
            pace: Pace::default(),
            stretch: None,
        })
    }

    /// Returns the poller that reads the partitions one after another, whatever the source's limits say:
    /// what it asks for comes in an order that is known beforehand.
    #[must_use]
    pub fn one_partition_at_a_time(mut self) -> Poller {
        self.poll.limits.at_once = 1;
        self
    }

    /// Returns the source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Compiles the source's schema, so that a mistake in it shows before the first record.
    ///
    /// # Errors
    ///
    /// Fails if the schema cannot be used.
    pub fn check_schema(&self) -> Result<(), SchemaError> {
        self.pipeline.check_schema()
    }

    /// Returns the stream that this poller reads. Each partition is a stream of its own.
    pub fn stream(&self) -> StreamKey {
        self.stream_of(None)
    }

    /// Returns the stream of one partition, or of the whole source.
    pub(crate) fn stream_of(&self, partition: Option<&str>) -> StreamKey {
        let partition = match self.stretch {
            None => partition.unwrap_or_default().to_owned(),
            Some(stretch) => stretch.name(partition),
        };
        StreamKey { source: self.source.name.to_string(), partition }
    }

    /// Returns the secrets that the source's requests use. The redactor learns them and what the
    /// requests make of them.
    ///
    /// # Errors
    ///
    /// Fails if a secret is not set or the store is out of reach.
    pub async fn secrets(&self) -> Result<BTreeMap<String, Secret>, SecretsError> {
        let names = self.poll.secret_names();
        let secrets = self.credentials.secrets(self.source.name.as_str(), names).await?;
        let requests = self.poll.requests().into_iter();
        self.credentials.learn_made(requests.flat_map(Request::templates), &secrets);
        Ok(secrets)
    }

    /// Returns what fetches pages for one run. `lease` is `None` if no stream is read yet.
    pub(crate) fn fetcher<'p>(
        &'p self,
        secrets: BTreeMap<String, Secret>,
        lease: Option<&'p LeaseKeeper<'p>>,
        budget: &'p Budget,
    ) -> Fetcher<'p> {
        Fetcher {
            source: &self.source,
            poll: &self.poll,
            http: &*self.http,
            credentials: &self.credentials,
            secrets,
            blobs: &self.ports.blobs,
            clock: &*self.ports.clock,
            lease,
            budget,
            open_wait: Mutex::default(),
            requests: AtomicU64::new(0),
            pace: &self.pace,
            cookies: Mutex::default(),
            vendor_clock: VendorClock::default(),
        }
    }

    /// Returns whether a request says from which moment on records are wanted.
    pub(crate) fn asks_from_start(&self) -> bool {
        self.poll.requests().iter().any(|request| request.uses(Root::Cursor, "start"))
    }

    /// Returns until when the vendor's limit holds the source back, if it does. Takes one back that was
    /// stored when the clock was wrong: it would hide every shorter one.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read or written.
    pub async fn limited_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let now = self.ports.clock.now();
        let until = self.ports.limits.not_before(&self.credential_key(), now).await?;
        if until.is_none_or(|until| until <= after(now, 2 * LONGEST)) {
            return Ok(until);
        }
        self.lift_limit().await?;
        Ok(None)
    }

    /// Takes the vendor's limit back, for every stream that uses the same credential.
    ///
    /// # Errors
    ///
    /// Fails if the limit may still be stored.
    pub async fn lift_limit(&self) -> Result<(), StoreError> {
        self.ports.limits.lift(&self.credential_key()).await
    }

    /// Returns the name under which the limits of this source's credential are kept.
    pub(crate) fn credential_key(&self) -> String {
        if let Some(name) = &self.poll.limits.shared {
            return format!("shared/{name}");
        }
        credential_key(self.source.name.as_str(), &self.poll.auth)
    }
}
