//! The ports that a command works on: the embedded store, or a stack on AWS.

use std::sync::Arc;

use mef_auth::{RedactingSecrets, Redactor};
use mef_http::HttpClients;
use mef_poller::PollPorts;
use mef_ports::{Http, Secrets};
use mef_source::checked::Poll;
use mef_sqlite::LocalSecrets;

use crate::args::{self, Global};
use crate::local::ports::Local;

/// Every port, on either backend.
pub(crate) struct Backend {
    pub(crate) ports: PollPorts,
    clients: HttpClients,
}

impl Backend {
    /// Opens what the options name.
    pub(crate) async fn open(global: &Global, redactor: &Redactor) -> anyhow::Result<Backend> {
        let ports = match global.backend {
            args::Backend::Local => Local::open(global, redactor)?.poll_ports(),
            args::Backend::Aws => remote_ports(global, redactor).await?,
        };
        Ok(Backend { ports, clients: HttpClients::default() })
    }

    /// What reaches the vendor of a source that is pulled.
    pub(crate) fn http(&self, poll: &Poll) -> Arc<dyn Http> {
        self.clients.for_source(poll)
    }
}

/// The secrets alone: no store is opened.
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

/// Why `--backend aws` cannot be had from this binary.
#[cfg(not(feature = "aws"))]
pub(crate) fn without_aws() -> anyhow::Error {
    anyhow::anyhow!(
        "this `mef` was built without AWS, which keeps a first build quick: build it with \
         `cargo build --release --features aws`"
    )
}
