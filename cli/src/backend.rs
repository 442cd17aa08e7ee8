//! The ports that a command works on: the embedded store, or a stack on AWS.

use std::sync::Arc;

use mef_auth::{RedactingSecrets, Redactor};
use mef_http::HttpClients;
use mef_poller::PollPorts;
use mef_ports::{Http, Secrets};
use mef_source::checked::Poll;
use mef_sqlite::LocalSecrets;

use crate::args::{self, Global};
use crate::local::ports::{Access, Local};

/// The ports of a poller, on either backend.
pub(crate) struct Backend {
    pub(crate) ports: PollPorts,
    clients: HttpClients,
}

impl Backend {
    /// Opens the backend that the options name. On AWS the rights of the caller say what it may do.
    pub(crate) async fn open(
        global: &Global,
        access: Access,
        redactor: &Redactor,
    ) -> anyhow::Result<Backend> {
        let ports = match global.backend {
            args::Backend::Local => Local::open(global, access, redactor)?.poll_ports(),
            args::Backend::Aws => remote_ports(global, redactor).await?,
        };
        Ok(Backend { ports, clients: HttpClients::default() })
    }

    /// Opens the backend for a look at all sources, of which none may have run yet.
    pub(crate) async fn look_or_empty(
        global: &Global,
        redactor: &Redactor,
    ) -> anyhow::Result<Backend> {
        let ports = match global.backend {
            args::Backend::Local => Local::look_or_empty(global, redactor)?.poll_ports(),
            args::Backend::Aws => remote_ports(global, redactor).await?,
        };
        Ok(Backend { ports, clients: HttpClients::default() })
    }

    /// Returns the HTTP client for the vendor of a pulled source.
    pub(crate) fn http(&self, poll: &Poll) -> Arc<dyn Http> {
        self.clients.for_source(poll)
    }
}

/// Returns the secrets alone, without opening a store.
pub(crate) async fn secrets(
    global: &Global,
    redactor: &Redactor,
) -> anyhow::Result<Arc<dyn Secrets>> {
    match global.backend {
        args::Backend::Local => {
            let secrets = Arc::new(LocalSecrets::new(Some(global.secrets.clone())));
            Ok(Arc::new(RedactingSecrets::new(secrets, redactor.clone())))
        }
        args::Backend::Aws => Ok(remote_ports(global, redactor).await?.secrets),
    }
}

#[cfg(feature = "aws")]
async fn remote_ports(global: &Global, redactor: &Redactor) -> anyhow::Result<PollPorts> {
    crate::remote::Remote::open(global).await?.poll_ports(redactor)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn remote_ports(_: &Global, _: &Redactor) -> anyhow::Result<PollPorts> {
    Err(without_aws())
}

/// Says why this binary has no `--backend aws`.
#[cfg(not(feature = "aws"))]
pub(crate) fn without_aws() -> anyhow::Error {
    anyhow::anyhow!(
        "this `mef` was built without AWS, which keeps a first build quick: build it with \
         `cargo build --release --features aws`"
    )
}
