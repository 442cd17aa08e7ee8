//! `mef backfill`: a stretch of the past, beside the live cursor.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_poller::{Budget, PollPorts, Poller, RunEnd};
use mef_ports::{
    Commit, CommitError, CursorRecord, Cursors, Lease, LeaseError, Position, SeenId, StoreError,
    StoredCursor, StreamKey,
};

use super::poll::{pushed, show};
use crate::args::{Backfill, Global};
use crate::backend::Backend;
use crate::offline_ports::NoWakeups;
use crate::{catalogue, output};

pub(super) async fn backfill(
    global: &Global,
    options: &Backfill,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let source = catalogue::load_named(&global.sources, &options.source)?;
    let poll = source.poll.as_ref().with_context(|| pushed(&source))?;
    let backend = Backend::open(global, redactor).await?;
    let length = options.to.duration_since(options.from).as_secs().try_into().unwrap_or(0);
    let bar = if std::io::IsTerminal::is_terminal(&std::io::stderr()) && !global.json {
        ProgressBar::new(length)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {msg}, {eta} left") {
        bar.set_style(style);
    }
    let watched =
        Watched { inner: Arc::clone(&backend.ports.cursors), bar: bar.clone(), from: options.from };
    let ports = PollPorts {
        cursors: Arc::new(watched),
        // No schedule goes on with a backfill.
        wakeups: Arc::new(NoWakeups),
        ..backend.ports.clone()
    };
    let spacing = Duration::from_secs(60) / options.per_minute;
    let poller = Poller::with_http(Arc::clone(&source), backend.http(poll), ports);
    let poller = poller
        .with_context(|| pushed(&source))?
        .backfill(options.from, options.to, spacing)
        .with_context(|| format!("`{}` cannot be read back", source.name))?;
    let (stream, cursors) = (poller.stream(), &backend.ports.cursors);
    match (
        cursors.read(&stream).await?.and_then(|stored| stored.record.done),
        poller.backfill_start(),
    ) {
        (None, Some(start)) => cursors.set(&stream, &start).await?,
        (Some(Position::Time(done)), _) if done >= options.to => {
            output::say("this stretch was read to its end already; another one reads it again");
            return Ok(ExitCode::SUCCESS);
        }
        (done, _) => {
            if let Some(done) = done {
                output::say(&format!("going on at {done}"));
            }
        }
    }
    let budget = Budget::default();
    let on_interrupt = budget.clone();
    tokio::spawn(async move {
        // The page at hand is still delivered and committed.
        if tokio::signal::ctrl_c().await.is_ok() {
            on_interrupt.stop();
        }
    });
    let clock = &backend.ports.clock;
    let code = loop {
        let report = poller.run(&budget).await;
        bar.suspend(|| show(&report, global.json))?;
        let until = match report.end {
            RunEnd::CaughtUp => break ExitCode::SUCCESS,
            RunEnd::OutOfTime | RunEnd::Paused => break ExitCode::from(output::NOT_NOW),
            RunEnd::Failed(error) => {
                return Err(error).context("the backfill failed: run it again to go on");
            }
            RunEnd::Busy { until } | RunEnd::Limited { until } => until,
        };
        let wait = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
        tokio::select! {
            () = clock.sleep(wait) => {}
            _ = tokio::signal::ctrl_c() => break ExitCode::from(output::NOT_NOW),
        }
    };
    bar.finish_and_clear();
    Ok(code)
}

/// The cursors, with a look at how far a backfill has come.
struct Watched {
    inner: Arc<dyn Cursors>,
    bar: ProgressBar,
    from: Timestamp,
}

#[async_trait]
impl Cursors for Watched {
    async fn lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, LeaseError> {
        self.inner.lease(stream, now, ttl).await
    }

    async fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, CommitError> {
        self.inner.renew(lease, now, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }

    async fn read(&self, stream: &StreamKey) -> Result<Option<StoredCursor>, StoreError> {
        self.inner.read(stream).await
    }

    async fn seen(&self, stream: &StreamKey) -> Result<Vec<SeenId>, StoreError> {
        self.inner.seen(stream).await
    }

    async fn commit(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        let done = commit.record.done.clone();
        self.inner.commit(lease, commit).await?;
        if let Some(Position::Time(done)) = done {
            let come = done.duration_since(self.from).as_secs();
            self.bar.set_position(come.try_into().unwrap_or(0));
            self.bar.set_message(done.to_string());
        }
        Ok(())
    }

    async fn set(&self, stream: &StreamKey, record: &CursorRecord) -> Result<(), StoreError> {
        self.inner.set(stream, record).await
    }

    async fn list(&self) -> Result<Vec<StoredCursor>, StoreError> {
        self.inner.list().await
    }
}
