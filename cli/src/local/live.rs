//! The sources that `mef run` serves, as their files say now.
//!
//! A running server that has read an older file than `mef check` and `mef explain` do is a riddle. So a
//! change is told when it is seen, and read when the operator says so. A file that does not load then
//! changes nothing: what it said before stays.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use mef_intake::Receiver;
use mef_ports::{SecretRef, chain};
use mef_source::checked::{Endpoint, Webhook};
use mef_source::{Severity, Source};

use super::ports::Local;
use super::server::receivers::Receivers;
use super::streams::Streams;
use crate::sources::files::{self, SourceFile};
use crate::sources::snapshot::Snapshot;

/// The sources, and what serves them.
pub(crate) struct Live {
    dir: PathBuf,
    endpoint: Option<Endpoint>,
    local: Local,
    sources: BTreeMap<PathBuf, Arc<Source>>,
    receivers: Arc<Receivers>,
    streams: Streams,
    snapshot: Snapshot,
    is_told: bool,
}

impl Live {
    /// Takes `files` of `dir`, which have loaded; their webhooks come in below `endpoint`. Nothing is polled yet.
    pub(crate) fn new(
        dir: PathBuf,
        endpoint: Option<Endpoint>,
        files: &[SourceFile],
        local: &Local,
    ) -> Live {
        let at = endpoint.clone();
        let source = |file: &SourceFile| Some((file.path.clone(), file.deployed_at(at.as_ref())?));
        let live = Live {
            dir,
            endpoint,
            local: local.clone(),
            sources: files.iter().filter_map(source).collect(),
            receivers: Arc::default(),
            streams: Streams::new(local.clone()),
            snapshot: Snapshot::of(files),
            is_told: false,
        };
        live.follow();
        live
    }

    /// Returns the receivers. They follow the files.
    pub(crate) fn receivers(&self) -> Arc<Receivers> {
        Arc::clone(&self.receivers)
    }

    /// Returns the sources.
    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        self.sources.values().map(Arc::clone).collect()
    }

    /// Starts the schedules.
    pub(crate) fn start(&mut self) {
        self.streams.follow(&self.sources());
    }

    /// Ends the schedules; runs in progress come to an end.
    pub(crate) async fn end(&mut self) {
        self.streams.end().await;
    }

    /// Says, once, that a file is no longer what it was when it was read.
    pub(crate) fn look(&mut self) {
        if self.is_told {
            return;
        }
        if let Some(changed) = self.snapshot.changed(&self.dir) {
            self.is_told = true;
            tracing::warn!(source.file = %changed.display(), process.id = std::process::id(), "a source file has changed, and is not used before SIGHUP or a restart");
        }
    }

    /// Reads the files again.
    pub(crate) fn reload(&mut self) {
        let files = match files::read(&self.dir) {
            Ok(files) => files,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the source files cannot be read, and all stays as it was"
                );
                return;
            }
        };
        (self.snapshot, self.is_told) = (Snapshot::of(&files), false);
        let before = std::mem::take(&mut self.sources);
        let mut names = HashSet::new();
        let mut broken = 0_u64;
        for file in files {
            let old = before.get(&file.path);
            if file.source.is_none() {
                broken += 1;
                tell(&file, old);
            }
            let new = file.deployed_at(self.endpoint.as_ref());
            let Some(source) = new.or_else(|| old.map(Arc::clone)) else { continue };
            match names.insert(source.name.clone()) {
                true => drop(self.sources.insert(file.path, source)),
                false => {
                    tracing::error!(source.id = %source.name, source.file = %file.path.display(), "another file has a source of this name, and this one is not used");
                }
            }
        }
        self.follow();
        self.start();
        tracing::info!(
            sources.used = self.sources.len(),
            sources.broken = broken,
            "source files read again"
        );
    }

    /// Logs each secret that a source names and nobody has set: its requests and runs will fail.
    pub(crate) async fn tell_missing(&self) {
        for source in self.sources.values() {
            if source.webhook.as_ref().is_some_and(Webhook::lacks_endpoint) {
                tracing::warn!(source.id = %source.name, "nobody says what `{{endpoint}}` is in its `public_url`: start with --endpoint");
            }
            for name in source.secret_names() {
                let reference = SecretRef { source: source.name.to_string(), name };
                if let Err(error) = self.local.secrets.get(&reference).await {
                    tracing::warn!(source.id = %source.name, error = %chain(&error), "a secret cannot be read");
                }
            }
        }
    }

    /// Makes a receiver of each pushed source. One that has not changed stays.
    fn follow(&self) {
        let receiver = |source: &Arc<Source>| {
            let old = self.receivers.get(&source.name);
            let same = old.filter(|old| old.source().version == source.version);
            same.or_else(|| {
                Receiver::new(Arc::clone(source), self.local.receiver_ports()).map(Arc::new)
            })
        };
        let receivers: Vec<_> = self.sources.values().filter_map(receiver).collect();
        let only = self.sources.values().next().filter(|_| self.sources.len() == 1);
        self.receivers.replace(receivers, only.map(|source| source.name.clone()));
    }
}

/// Logs each error of a file with its place.
fn tell(file: &SourceFile, old: Option<&Arc<Source>>) {
    for problem in file.problems.iter().filter(|problem| problem.severity == Severity::Error) {
        let at = problem.place.map_or(String::new(), |at| format!(":{}:{}", at.line, at.column));
        let place = format!("{}{at}", file.path.display());
        let message = match &problem.help {
            Some(help) => format!("{} ({help})", problem.message),
            None => problem.message.clone(),
        };
        tracing::error!(
            source.id = old.map(|old| old.name.as_str()),
            source.file = place,
            error = message,
            "a source file does not load, and what it said before stays"
        );
    }
}
