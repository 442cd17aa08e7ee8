//! `mef run`: takes webhooks and runs schedules until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use mef_auth::Redactor;
use mef_intake::{Capture, Receiver};
use serde_json::json;
use tokio::sync::watch;

use crate::args::{Global, RunOptions};
use crate::local::captures::FolderCaptures;
use crate::local::ports::{Access, Local};
use crate::local::scheduler::keep_polling;
use crate::local::server::Server;
use crate::output;
use crate::sources::files;

pub(super) async fn run(
    global: &Global,
    options: &RunOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let sources = files::load_all(&global.sources)?;
    let local = Local::open(global, Access::Write, redactor)?;
    let receivers: Vec<_> = sources
        .iter()
        .filter_map(|source| Receiver::new(Arc::clone(source), local.receiver_ports()))
        .collect();
    let pushed: Vec<_> =
        receivers.iter().map(|receiver| receiver.source().name.to_string()).collect();
    let capture = match &options.capture {
        Some(dir) => {
            let captures = Arc::new(FolderCaptures::new(dir.clone())?);
            Some(Capture::new(captures, options.capture_masked))
        }
        None => None,
    };
    // Before anything is served: even the first request is finished on a stop.
    let stop_signal = stop_signal()?;
    let server = Server::bind(options.listen, receivers).await?.capturing(capture);
    let address = server.address()?;
    if global.json {
        output::json(&json!({ "listening": format!("http://{address}") }))?;
        output::flush()?;
    }
    for name in pushed {
        output::say(&format!("webhook  http://{address}/{name}"));
    }
    let (stop, stopped) = watch::channel(false);
    let mut streams = tokio::task::JoinSet::new();
    for source in &sources {
        let Some(poller) = local.poller(source) else { continue };
        let every = source.poll.as_ref().map(|poll| poll.schedule).unwrap_or_default();
        output::say(&format!("schedule {} every {} s", source.name, every.as_secs()));
        let (local, stopped) = (local.clone(), stopped.clone());
        streams.spawn(async move {
            keep_polling(&poller, every, &*local.clock, &local.wakeups, stopped, |_| {}).await;
        });
    }
    let served = tokio::spawn(server.serve(stopped));
    stop_signal.await?;
    output::say("stopping: requests and runs in progress are finished first");
    stop.send_replace(true);
    while streams.join_next().await.is_some() {}
    served.await??;
    Ok(ExitCode::SUCCESS)
}

/// Catches SIGINT and SIGTERM from now on; the returned future waits for one of them.
fn stop_signal() -> anyhow::Result<impl Future<Output = anyhow::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            Ok(())
        })
    }
    #[cfg(not(unix))]
    Ok(async { Ok(tokio::signal::ctrl_c().await?) })
}
