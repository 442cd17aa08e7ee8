//! The ports of the embedded store, put together for the commands.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use mef_auth::{RedactingSecrets, Redactor};
use mef_http::{HttpClients, SystemClock};
use mef_intake::{KeyCache, ReceiverPorts};
use mef_pipeline::Outputs;
use mef_poller::{PollPorts, Poller};
use mef_ports::{Clock, Secrets};
use mef_source::Source;
use mef_sqlite::{LocalSecrets, OpenError, Store};

use super::wakeups::LocalWakeups;
use crate::args::Global;
use crate::output;

/// What a command does with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It only looks: nothing is written, and no file is made.
    Look,
    /// It takes events or dead letters out.
    Remove,
    /// It may change anything. The file is made if it is not there.
    Write,
}

/// Every port on one file.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wakeups: Arc<LocalWakeups>,
    pub(crate) secrets: Arc<dyn Secrets>,
    keys: Arc<KeyCache>,
    redactor: Redactor,
    clients: HttpClients,
}

impl Local {
    /// Opens the store and the secrets that the options name.
    pub(crate) fn open(
        global: &Global,
        access: Access,
        redactor: &Redactor,
    ) -> anyhow::Result<Local> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let path = &global.store;
        let store = match access {
            Access::Look => Store::look(path, Arc::clone(&clock)),
            Access::Remove => Store::open_to_remove(path, Arc::clone(&clock)),
            Access::Write => Store::open(path, Arc::clone(&clock)),
        };
        let store = store.with_context(|| format!("cannot open the store {}", path.display()))?;
        Ok(Local::on(store, secrets_of(global), clock, redactor))
    }

    /// Opens the store for a look at all sources. If there is none yet, it is taken for an empty one,
    /// and that is said.
    pub(crate) fn look_or_empty(global: &Global, redactor: &Redactor) -> anyhow::Result<Local> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let path = &global.store;
        let store = match Store::look(path, Arc::clone(&clock)) {
            Err(none @ OpenError::Missing) => {
                output::say(&format!("{}: {none}", path.display()));
                Store::in_memory(Arc::clone(&clock))
            }
            opened => opened,
        };
        let store = store.with_context(|| format!("cannot open the store {}", path.display()))?;
        Ok(Local::on(store, secrets_of(global), clock, redactor))
    }

    /// Opens the store at `path`, with these secrets.
    pub(crate) fn with(
        path: &Path,
        secrets: Arc<dyn Secrets>,
        redactor: &Redactor,
    ) -> anyhow::Result<Local> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::open(path, Arc::clone(&clock))
            .with_context(|| format!("cannot open the store {}", path.display()))?;
        Ok(Local::on(store, secrets, clock, redactor))
    }

    fn on(
        store: Store,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        redactor: &Redactor,
    ) -> Local {
        let clients = HttpClients::default();
        Local {
            store,
            keys: Arc::new(KeyCache::new(clients.for_webhooks(), Arc::clone(&clock))),
            clock,
            wakeups: Arc::default(),
            secrets: Arc::new(RedactingSecrets::new(secrets, redactor.clone())),
            redactor: redactor.clone(),
            clients,
        }
    }

    /// Returns the ports of a webhook's receiver.
    pub(crate) fn receiver_ports(&self) -> ReceiverPorts {
        ReceiverPorts {
            outputs: self.outputs(),
            deliveries: Arc::new(self.store.clone()),
            secrets: Arc::clone(&self.secrets),
            http: self.clients.for_webhooks(),
            keys: Arc::clone(&self.keys),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Returns the poller of a source; `None` if the source is not pulled.
    pub(crate) fn poller(&self, source: &Arc<Source>) -> Option<Poller> {
        let http = self.clients.for_source(source.poll.as_ref()?);
        Poller::new(Arc::clone(source), http, self.poll_ports())
    }

    /// Returns the ports of a poller.
    pub(crate) fn poll_ports(&self) -> PollPorts {
        PollPorts {
            cursors: Arc::new(self.store.clone()),
            limits: Arc::new(self.store.clone()),
            wakeups: Arc::<LocalWakeups>::clone(&self.wakeups),
            blobs: Arc::new(self.store.clone()),
            secrets: Arc::clone(&self.secrets),
            tokens: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock),
            outputs: self.outputs(),
            redactor: self.redactor.clone(),
        }
    }

    fn outputs(&self) -> Outputs {
        Outputs {
            queue: Arc::new(self.store.clone()),
            dead_letters: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock),
        }
    }
}

fn secrets_of(global: &Global) -> Arc<dyn Secrets> {
    Arc::new(LocalSecrets::new(Some(global.secrets.clone())))
}
