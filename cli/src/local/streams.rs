//! The schedules of all pulled sources, each a task that can be replaced.

use std::collections::HashMap;
use std::sync::Arc;

use mef_source::{Source, SourceName};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::ports::Local;
use super::scheduler::keep_polling;

/// The tasks that poll.
pub(super) struct Streams {
    local: Local,
    running: HashMap<SourceName, Running>,
    tasks: JoinSet<()>,
}

/// The task of one source, as its file said at the time.
struct Running {
    version: String,
    stop: watch::Sender<bool>,
    /// Ends with the task.
    ended: oneshot::Receiver<()>,
}

impl Streams {
    pub(super) fn new(local: Local) -> Streams {
        Streams { local, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Polls `sources` from now on, and no others. A source that has changed is read anew once its run in
    /// progress has come to an end.
    pub(super) fn follow(&mut self, sources: &[Arc<Source>]) {
        let mut before = std::mem::take(&mut self.running);
        for source in sources {
            let old = before.remove(&source.name);
            let running = match old {
                Some(old) if old.version == source.version => Some(old),
                old => self.start(source, old),
            };
            if let Some(running) = running {
                self.running.insert(source.name.clone(), running);
            }
        }
        before.values().for_each(Running::stop);
        // Those that ended long ago.
        while self.tasks.try_join_next().is_some() {}
    }

    /// Asks all to end, and waits until they have.
    pub(super) async fn end(&mut self) {
        self.running.values().for_each(Running::stop);
        while self.tasks.join_next().await.is_some() {}
    }

    /// Starts the task of `source` after the `old` one; `None` if it is not pulled.
    fn start(&mut self, source: &Arc<Source>, old: Option<Running>) -> Option<Running> {
        old.iter().for_each(Running::stop);
        let poller = self.local.poller(source)?;
        let every = source.poll.as_ref()?.schedule;
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = oneshot::channel();
        let local = self.local.clone();
        self.tasks.spawn(async move {
            // Its end is all that is waited for.
            if let Some(old) = old {
                let _ = old.ended.await;
            }
            keep_polling(&poller, every, &*local.clock, &local.wakeups, stopped, |_| {}).await;
            drop(end);
        });
        Some(Running { version: source.version.clone(), stop, ended })
    }
}

impl Running {
    fn stop(&self) {
        self.stop.send_replace(true);
    }
}
