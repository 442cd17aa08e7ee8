//! The demo, from the first webhook to the last line.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mef_auth::Redactor;
use mef_http::SystemClock;
use mef_poller::RunEnd;
use mef_ports::{Clock as _, DeadLetters as _};
use mef_sqlite::LocalSecrets;
use serde_json::json;
use tokio::sync::watch;

use super::folder::{make_folder, write_sources};
use super::sender::{self, HookCounts};
use super::vendor::{self, Vendor, VendorOptions};
use crate::args::{DemoOptions, Global};
use crate::local::live::Live;
use crate::local::ports::Local;
use crate::local::scheduler::keep_polling;
use crate::local::server::limits::Limits;
use crate::local::server::listener::Server;
use crate::local::signals::ended;
use crate::output;
use crate::sources::files;

/// How often the vendor is polled: nobody wants to wait a minute.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// How often new events are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After this many runs without a record, everything has arrived.
const QUIET_RUNS: u64 = 2;

/// How long the demo's own sender may take.
const LIMITS: Limits = Limits {
    connections: 64,
    head: Duration::from_secs(30),
    body: Duration::from_secs(30),
    slow_body: Duration::from_secs(3),
    idle: Duration::from_secs(75),
    room: 16 * 1024 * 1024,
    room_wait: Duration::from_secs(3),
};

/// What the runs of the poller came to.
#[derive(Debug, Default)]
struct PollCounts {
    pulled: AtomicU64,
    duplicates: AtomicU64,
    late: AtomicU64,
    limited: AtomicU64,
    quiet_runs: AtomicU64,
}

pub(crate) async fn run(
    global: &Global,
    options: &DemoOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let folder = make_folder()?;
    let vendor = Vendor::start(VendorOptions::demo(SystemClock.now())).await?;
    write_sources(&folder, &vendor)?;
    let secrets_file = folder.join("secrets.env");
    let store_file = folder.join("mef.db");
    let secrets = Arc::new(LocalSecrets::new(Some(secrets_file)));
    let local = Local::with(&store_file, secrets, redactor)?;
    let files = files::read_all(&folder)?;
    let live = Live::new(folder.clone(), None, &files, &local);
    let server = Server::bind(([127, 0, 0, 1], 0).into(), LIMITS, live.receivers(), &local).await?;
    let hooks_url = format!("http://{}/acme-hooks", server.address()?);
    output::say(&format!(
        "A sample vendor runs at {}; its webhooks go to {hooks_url}.\n\
         Pulled: OAuth2 token, pages by link header, a rate limit, repeats and late records.\n\
         Pushed: signed webhooks, among them a forged one, a repeat and one that breaks its schema.\n",
        vendor.origin()
    ));

    let (stop, stopped) = watch::channel(false);
    let counts = Arc::new(PollCounts::default());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn({
        let stopped = stopped.clone();
        async move { server.serve(stopped).await }
    });
    for source in &live.sources() {
        let Some(poller) = local.poller(source) else { continue };
        let (local, stopped, counts) = (local.clone(), stopped.clone(), Arc::clone(&counts));
        tasks.spawn(async move {
            keep_polling(&poller, POLL_EVERY, &*local.clock, &local.wakeups, stopped, |report| {
                counts.add(report);
            })
            .await;
        });
    }

    let mut shown = 0;
    let mut after = None;
    let mut sent = sender::send_first(&hooks_url, vendor::WEBHOOK_SECRET).await?;
    tell(&sent);
    let interrupted = ended();
    tokio::pin!(interrupted);
    loop {
        shown += show_new(&local, &mut after, global.json).await?;
        let all_here = counts.quiet_runs.load(Ordering::Relaxed) >= QUIET_RUNS;
        if options.once && all_here {
            shown += show_new(&local, &mut after, global.json).await?;
            break;
        }
        tokio::select! {
            () = local.clock.sleep(LOOK_EVERY) => {}
            _ = &mut interrupted => break,
        }
        if !options.once && all_here {
            // Something to watch until Ctrl-C.
            counts.quiet_runs.store(0, Ordering::Relaxed);
            vendor.add_record(local.clock.now());
            sent.add(sender::send_one(&hooks_url, vendor::WEBHOOK_SECRET).await?);
        }
    }
    stop.send_replace(true);
    while let Some(task) = tasks.join_next().await {
        task?;
    }
    let rejected = local.store.list(None, usize::MAX).await?.len();
    finish(&folder, &counts, &sent, shown, rejected, global.json)
}

impl PollCounts {
    fn add(&self, report: &mef_poller::RunReport) {
        let summary = &report.summary;
        self.pulled.fetch_add(summary.delivered, Ordering::Relaxed);
        self.duplicates.fetch_add(summary.duplicates, Ordering::Relaxed);
        self.late.fetch_add(summary.late, Ordering::Relaxed);
        match &report.end {
            RunEnd::Limited { .. } => {
                self.limited.fetch_add(1, Ordering::Relaxed);
            }
            RunEnd::CaughtUp if summary.delivered == 0 => {
                self.quiet_runs.fetch_add(1, Ordering::Relaxed);
            }
            RunEnd::CaughtUp => self.quiet_runs.store(0, Ordering::Relaxed),
            _ => {}
        }
    }
}

fn tell(sent: &HookCounts) {
    output::say(&format!(
        "pushed: {} accepted, {} refused as forged (401), {} a repeat, {} accepted but dead-lettered (202)",
        sent.accepted, sent.refused, sent.repeats, sent.rejected
    ));
}

async fn show_new(local: &Local, after: &mut Option<i64>, json: bool) -> anyhow::Result<u64> {
    let events = local.store.events(*after, 1_000).await?;
    for event in &events {
        *after = Some(event.position);
        if json {
            output::line(&event.message.body)?;
        } else {
            output::line(&output::summary_line(&event.message.body))?;
        }
    }
    Ok(events.len() as u64)
}

fn finish(
    folder: &Path,
    counts: &PollCounts,
    sent: &HookCounts,
    shown: u64,
    rejected: usize,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let line = json!({
        "events": shown,
        "pulled": get(&counts.pulled),
        "pushed": sent.accepted,
        "refused": sent.refused,
        "repeats": sent.repeats,
        "rejected": rejected,
        "duplicates": get(&counts.duplicates),
        "late": get(&counts.late),
    });
    if json {
        output::json(&line)?;
    } else {
        output::line("")?;
        output::line(&format!(
            "{shown} events: {} pulled, {} pushed. Refused as forged: {}. Dead letters: {rejected}. \
             Repeats dropped: {} pulled, {} pushed. Late, and delivered all the same: {}.",
            get(&counts.pulled),
            sent.accepted,
            sent.refused,
            get(&counts.duplicates),
            sent.repeats,
            get(&counts.late),
        ))?;
    }
    let at = folder.display();
    output::say(&format!(
        "\nEverything is in {at}. Try next:\n  \
         mef events --store {at}/mef.db --json      the queue, an event a line\n  \
         mef dlq list --store {at}/mef.db           what was refused, and why\n  \
         mef cursors list --store {at}/mef.db       how far the vendor has been read\n  \
         cat {at}/acme-audit/source.yml             the file that onboards the vendor\n  \
         mef check config-examples                  real vendors' files"
    ));
    Ok(ExitCode::SUCCESS)
}
