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

/// Returns the secrets alone: on this machine without opening a store, on AWS before there is a stack.
pub(crate) async fn secrets(
    global: &Global,
    redactor: &Redactor,
) -> anyhow::Result<Arc<dyn Secrets>> {
    let secrets: Arc<dyn Secrets> = match global.backend {
        args::Backend::Local => Arc::new(LocalSecrets::new(Some(global.secrets.clone()))),
        args::Backend::Aws => remote_secrets(global).await?,
    };
    Ok(Arc::new(RedactingSecrets::new(secrets, redactor.clone())))
}

#[cfg(feature = "aws")]
async fn remote_secrets(global: &Global) -> anyhow::Result<Arc<dyn Secrets>> {
    Ok(Arc::new(crate::remote::secrets(global).await?))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn remote_secrets(_: &Global) -> anyhow::Result<Arc<dyn Secrets>> {
    Err(without_aws())
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
        "this `mef` was built without AWS, which keeps a first build quick: `infra/deploy.sh mef` builds or downloads \
         one with it, target/deploy/mef, and so does `cargo build --release -p mef --features aws` in target/release"
    )
}
