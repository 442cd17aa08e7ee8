//! `mef pause` and `mef resume`: whether runs may read a source.
//!
//! That is part of the cursor and written under its lease, so that it holds for
//! every runner, here or on AWS, and neither the position nor the ids of what
//! was delivered are touched.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use mef_auth::Redactor;
use mef_ports::{Commit, LeaseError};

use super::cursors::stream;
use super::poll::pushed;
use crate::args::Global;
use crate::backend::Backend;
use crate::{catalogue, output};

const TTL: Duration = Duration::from_secs(30);
/// How often to look whether the run under way is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn pause(
    global: &Global,
    name: &str,
    pause: bool,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let source = catalogue::load_named(&global.sources, name)?;
    source.poll.as_ref().with_context(|| pushed(&source))?;
    let backend = Backend::open(global, redactor).await?;
    let (cursors, clock) = (&backend.ports.cursors, &backend.ports.clock);
    let stream = stream(name);
    let mut told = false;
    let lease = loop {
        match cursors.lease(&stream, clock.now(), TTL).await {
            Ok(lease) => break lease,
            Err(LeaseError::Store(error)) => return Err(error.into()),
            Err(LeaseError::Held { .. }) => {
                if !told {
                    output::say("a run is under way: waiting for its end");
                    told = true;
                }
                clock.sleep(LOOK_EVERY).await;
            }
        }
    };
    let stored = cursors.read(&stream).await?;
    let mut record = stored.map(|stored| stored.record).unwrap_or_default();
    let before = record.paused;
    record.paused = if pause { before.or(Some(clock.now())) } else { None };
    let result = cursors.commit(&lease, Commit { record: &record, seen: None }).await;
    cursors.release(&lease).await?;
    result?;
    output::say(&match (pause, before) {
        (true, None) => format!("`{name}` is paused: no run reads it until `mef resume {name}`"),
        (true, Some(since)) => format!("`{name}` is paused since {since}"),
        (false, Some(_)) => format!("`{name}` is read again with its next run"),
        (false, None) => format!("`{name}` is not paused"),
    });
    Ok(ExitCode::SUCCESS)
}
