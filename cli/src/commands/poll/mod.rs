//! `mef poll`: pulls what is new from one source, now.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use mef_auth::Redactor;
use mef_poller::Poller;

mod dry_run;
pub(super) mod runs;
mod trace;

use crate::args::{Global, PollOptions};
use crate::backend::Backend;
use crate::local::ports::Access;
use crate::sources::files;

use trace::Traced;

pub(super) async fn poll(
    global: &Global,
    options: &PollOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let source = files::load_named(&global.sources, &options.source)?;
    let backend = Backend::open(global, Access::Write, redactor).await?;
    let poll = source.poll.as_ref().with_context(|| files::not_pulled(&source))?;
    let mut http = backend.http(poll);
    let traced = match &options.trace {
        None => None,
        Some(path) => {
            let sink = Box::new(trace::File::create(path)?);
            let clock = Arc::clone(&backend.ports.clock);
            let traced = Arc::new(Traced::new(http, clock, redactor.clone(), sink));
            http = Arc::<Traced>::clone(&traced);
            Some(traced)
        }
    };
    let code = if options.dry_run {
        dry_run::run(global, options, &source, http, &backend, redactor).await
    } else {
        let ports = backend.ports.clone();
        let poller = Poller::new(Arc::clone(&source), http, ports);
        let poller = poller.with_context(|| files::not_pulled(&source))?;
        runs::until_caught_up(&poller, &*backend.ports.clock, options.once, |report| {
            runs::show(report, global.json, redactor)
        })
        .await
    };
    if let Some(traced) = traced {
        traced.flush();
    }
    code
}
