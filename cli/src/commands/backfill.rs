//! `mef backfill`: a stretch of the past, beside the live cursor.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_poller::{PollPorts, Poller, RunEnd};
use mef_ports::{
    Commit, CommitError, CursorRecord, Cursors, Lease, LeaseError, Position, SeenId, StoreError,
    StoredCursor, StreamKey,
};

use super::poll::runs::{show, until_caught_up};
use crate::args::{BackfillOptions, Global};
use crate::backend::Backend;
use crate::local::ports::Access;
use crate::offline::ports::NoWakeups;
use crate::output;
use crate::sources::files;

pub(super) async fn backfill(
    global: &Global,
    options: &BackfillOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let source = files::load_named(&global.sources, &options.source)?;
    let poll = source.poll.as_ref().with_context(|| files::not_pulled(&source))?;
    let backend = Backend::open(global, Access::Write, redactor).await?;
    let bar = if output::is_watched() && !global.json {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {msg}, {eta} left") {
        bar.set_style(style);
    }
    // How many streams a vendor lists is not known before.
    let named = poll.partitions.as_ref().map_or(0, |partitions| partitions.named().len());
    let streams = named.max(1);
    let length = u64::try_from(options.to.duration_since(options.from).as_secs()).unwrap_or(0);
    bar.set_length(length.saturating_mul(streams as u64));
    let watched = Watched {
        inner: Arc::clone(&backend.ports.cursors),
        bar: bar.clone(),
        from: options.from,
        to: options.to,
        progress: Mutex::default(),
    };
    let ports = PollPorts {
        cursors: Arc::new(watched),
        // No schedule continues a backfill.
        wakeups: Arc::new(NoWakeups),
        ..backend.ports.clone()
    };
    let spacing = Duration::from_secs(60) / options.per_minute;
    let poller = Poller::new(Arc::clone(&source), backend.http(poll), ports);
    let poller = poller
        .with_context(|| files::not_pulled(&source))?
        .backfill(options.from, options.to, spacing)
        .with_context(|| format!("`{}` cannot be read back", source.name))?;
    let whole = poller.stream();
    for StoredCursor { stream, record, .. } in backend.ports.cursors.list().await? {
        let is_ours =
            stream.source == whole.source && stream.partition.starts_with(&whole.partition);
        let done = record.done().filter(|done| is_ours && done.time() != Some(options.to));
        if let Some(done) = done {
            output::say(&format!("continuing `{stream}` at {done}"));
        }
    }
    let code = until_caught_up(&poller, &*backend.ports.clock, false, |report| {
        if matches!(report.end, RunEnd::CaughtUp) && report.summary.requests == 0 {
            output::say("this stretch was read to its end already; another one reads it again");
            return Ok(());
        }
        bar.suspend(|| show(report, global.json, redactor))
    });
    let code = code.await.context("the backfill failed: run it again to go on")?;
    bar.finish_and_clear();
    Ok(code)
}

/// Cursors that show the progress of a backfill.
struct Watched {
    inner: Arc<dyn Cursors>,
    bar: ProgressBar,
    from: Timestamp,
    to: Timestamp,
    /// How many seconds of the stretch have been read, by stream.
    progress: Mutex<BTreeMap<StreamKey, u64>>,
}

impl Watched {
    fn note(&self, stream: &StreamKey, moment: Timestamp) {
        let moment = moment.clamp(self.from, self.to);
        let seconds = u64::try_from(moment.duration_since(self.from).as_secs()).unwrap_or(0);
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.insert(stream.clone(), seconds);
        self.bar.set_position(progress.values().sum());
        self.bar.set_message(moment.to_string());
    }
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
        let record = commit.record;
        // A token has no time, but its records do.
        let moment = record.done().and_then(Position::time).or(record.reached());
        self.inner.commit(lease, commit).await?;
        if let Some(moment) = moment {
            self.note(&lease.stream, moment);
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
