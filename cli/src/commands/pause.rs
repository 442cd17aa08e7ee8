//! `mef pause` and `mef resume`: whether runs may read a source.
//!
//! A pause holds for a source or for one partition of it. It is part of the cursor and written under its
//! lease, so it holds for every runner, here or on AWS. The position and the ids of delivered records
//! stay as they are.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_poller::Poller;
use mef_ports::{Clock, Commit, Cursors, Lease, LeaseError, SeenChange, StreamKey};
use mef_source::Source;
use mef_source::checked::Partitions;

use super::streams::stream;
use crate::args::Global;
use crate::backend::Backend;
use crate::local::ports::Access;
use crate::output;
use crate::sources::files;

const TTL: Duration = Duration::from_secs(30);
/// How often to look whether the run in progress is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn pause(
    global: &Global,
    name: &str,
    pause: bool,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let stream = stream(name);
    let source = files::load_named(&global.sources, &stream.source)?;
    let poll = source.poll.as_ref().with_context(|| files::not_pulled(&source))?;
    let partitions = poll.partitions.as_ref();
    let may_have = |name: &str| partitions.is_some_and(|partitions| partitions.may_have(name));
    if !stream.partition.is_empty() && !may_have(&stream.partition) {
        let named = partitions.map_or(&[][..], Partitions::named);
        let there = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
        bail!("`{}` has no partition `{}`; it has: {there}", stream.source, stream.partition);
    }
    let backend = Backend::open(global, Access::Write, redactor).await?;
    let (cursors, clock) = (&backend.ports.cursors, &backend.ports.clock);
    let lease = wait_for(cursors, clock, &stream).await?;
    let stored = cursors.read(&stream).await?;
    let mut record = stored.map(|stored| stored.record).unwrap_or_default();
    let before = record.paused;
    // Only who asks for a source that is not paused means its limit.
    let limit = Limit::of(&backend, &source).await?;
    let is_lifted = !pause && before.is_none() && limit.until.is_some();
    if is_lifted {
        limit.lift().await?;
        record.next_run = None;
    }
    record.paused = if pause { before.or(Some(clock.now())) } else { None };
    let result = cursors.commit(&lease, Commit { record: &record, seen: SeenChange::Keep }).await;
    cursors.release(&lease).await?;
    result?;
    if pause && stream.partition.is_empty() {
        // From now on no run of a partition begins, but some may still be in progress.
        let named = partitions.map_or(&[][..], Partitions::named).iter().cloned();
        let listed = cursors.list().await?.into_iter().map(|cursor| cursor.stream);
        let listed = listed.filter(|listed| listed.source == stream.source);
        let names: BTreeSet<_> = listed.map(|listed| listed.partition).chain(named).collect();
        for partition in names.into_iter().filter(|name| may_have(name)) {
            let stream = StreamKey { partition, ..stream.clone() };
            let lease = wait_for(cursors, clock, &stream).await?;
            cursors.release(&lease).await?;
        }
    }
    output::say(&match (pause, before) {
        (true, None) => format!("`{name}` is paused: no run reads it until `mef resume {name}`"),
        (true, Some(since)) => format!("`{name}` is paused since {since}"),
        (false, Some(_)) => match limit.until {
            None => format!("`{name}` is read again from its next run on"),
            Some(until) => format!(
                "`{name}` is read again, but not before {until}: that long the vendor limits its \
                 credential. A second `mef resume {name}` takes the limit back"
            ),
        },
        (false, None) => match limit.until {
            None => format!("`{name}` is neither paused nor limited"),
            Some(until) => format!(
                "the limit until {until} is taken back: the next run of `{name}`, and of every source \
                 with the same credential, asks the vendor again"
            ),
        },
    });
    Ok(ExitCode::SUCCESS)
}

/// What the vendor's limit does to a source.
struct Limit {
    poller: Option<Poller>,
    /// Until when it holds the source back.
    until: Option<Timestamp>,
}

impl Limit {
    async fn of(backend: &Backend, source: &Arc<Source>) -> anyhow::Result<Limit> {
        let http = source.poll.as_ref().map(|poll| backend.http(poll));
        let poller =
            http.and_then(|http| Poller::new(Arc::clone(source), http, backend.ports.clone()));
        let until = match &poller {
            Some(poller) => poller.limited_until().await?,
            None => None,
        };
        Ok(Limit { poller, until })
    }

    async fn lift(&self) -> anyhow::Result<()> {
        match &self.poller {
            Some(poller) => Ok(poller.lift_limit().await?),
            None => Ok(()),
        }
    }
}

/// Takes the stream's lease, after waiting for a run that holds it.
async fn wait_for(
    cursors: &Arc<dyn Cursors>,
    clock: &Arc<dyn Clock>,
    stream: &StreamKey,
) -> anyhow::Result<Lease> {
    let mut told = false;
    loop {
        match cursors.lease(stream, clock.now(), TTL).await {
            Ok(lease) => return Ok(lease),
            Err(LeaseError::Store(error)) => return Err(error.into()),
            Err(LeaseError::Held { .. }) => {
                if !told {
                    output::say(&format!(
                        "a run of `{stream}` is in progress: waiting for its end"
                    ));
                    told = true;
                }
                clock.sleep(LOOK_EVERY).await;
            }
        }
    }
}
