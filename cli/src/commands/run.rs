//! `mef run`: takes webhooks and runs schedules until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mef_auth::Redactor;
use mef_intake::Capture;
use mef_ports::chain;
use mef_source::Source;
use serde_json::json;
use tokio::sync::watch;

use crate::args::Global;
use crate::local::captures::FolderCaptures;
use crate::local::live::Live;
use crate::local::ports::{Access, Local};
use crate::local::server::limits::Limits;
use crate::local::server::listener::Server;
use crate::local::signals::{Signal, Signals};
use crate::output;
use crate::run_options::RunOptions;
use crate::sources::files;

/// Most bodies come within a second.
const SLOW_BODY: Duration = Duration::from_secs(3);

/// Most senders give up after five or ten seconds.
const ROOM_WAIT: Duration = Duration::from_secs(3);

/// How often the source files and the store are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(
    global: &Global,
    options: &RunOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let files = files::read_all(&global.sources)?;
    let local = Local::open(global, Access::Write, redactor)?;
    let mut live = Live::new(global.sources.clone(), options.endpoint.clone(), &files, &local);
    let capture = match &options.capture {
        Some(dir) => {
            let captures = Arc::new(FolderCaptures::new(dir.clone())?);
            Some(Capture::new(captures, options.capture_masked))
        }
        None => None,
    };
    // Before anything is served: even the first request is finished on a stop.
    let mut signals = Signals::catch()?;
    let limits = Limits {
        connections: options.max_connections.into(),
        head: options.head_timeout,
        body: options.body_timeout,
        slow_body: SLOW_BODY,
        idle: options.idle_timeout,
        room: usize::from(options.body_memory) * 1024 * 1024,
        room_wait: ROOM_WAIT,
    };
    let server = Server::bind(options.listen, limits, live.receivers(), &local).await?;
    let server = server.capturing(capture);
    let address = server.address()?;
    if global.json {
        output::json(&json!({ "listening": format!("http://{address}") }))?;
        output::flush()?;
    }
    live.sources().iter().for_each(|source| introduce(source, &address.to_string()));
    live.tell_missing().await;
    let (stop, stopped) = watch::channel(false);
    live.start();
    let served = tokio::spawn(server.serve(stopped));
    let lost = loop {
        tokio::select! {
            signal = signals.next() => match signal? {
                Signal::Stop => break None,
                Signal::Reload => {
                    live.reload();
                    live.tell_missing().await;
                }
            },
            () = local.clock.sleep(LOOK_EVERY) => {
                live.look();
                if let Err(error) = local.store.is_in_place() {
                    tracing::error!(error = %chain(&error), "the store is lost");
                    break Some(error);
                }
            }
        }
    };
    output::say(
        "stopping: requests and runs in progress are finished first; a second signal ends them",
    );
    stop.send_replace(true);
    let finished = async {
        live.end().await;
        served.await
    };
    tokio::pin!(finished);
    let late = local.clock.sleep(options.stop_timeout);
    tokio::pin!(late);
    let why = loop {
        tokio::select! {
            finished = &mut finished => {
                finished?;
                return match lost {
                    None => Ok(ExitCode::SUCCESS),
                    Some(error) => Err(error.into()),
                };
            }
            signal = signals.next() => if signal? == Signal::Stop { break "a second signal" },
            () = &mut late => break "--stop-timeout is over",
        }
    };
    output::abandon(&format!(
        "stopped before all was finished ({why}): what was answered is in the store, and the rest comes again"
    ))
}

fn introduce(source: &Source, address: &str) {
    if source.webhook.is_some() {
        output::say(&format!("webhook  http://{address}/{}", source.name));
    }
    if let Some(poll) = &source.poll {
        output::say(&format!("schedule {} every {} s", source.name, poll.schedule.as_secs()));
    }
}
