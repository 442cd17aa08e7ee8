//! The embedded backend, held to what every backend is held to: on a file,
//! and in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::conformance::{Backend, Consumer, Vault};
use mef_ports::{Clock, Message, SecretRef};
use mef_sqlite::{LocalSecrets, Store};
use tempfile::TempDir;

/// A clock that stands still: expired rows are told apart by the moments that
/// the calls are given.
struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {}
}

/// The store, and the folder that goes when the test is over.
struct Drain {
    store: Store,
    _folder: TempDir,
}

#[async_trait]
impl Consumer for Drain {
    async fn drain(&self) -> Vec<Message> {
        let events = self.store.events(None, usize::MAX).await.unwrap();
        let positions: Vec<_> = events.iter().map(|event| event.position).collect();
        self.store.remove(&positions).await.unwrap();
        assert!(self.store.events(None, usize::MAX).await.unwrap().is_empty());
        events.into_iter().map(|event| event.message).collect()
    }
}

/// Writes the secrets file.
struct Editor {
    file: PathBuf,
    lines: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Vault for Editor {
    async fn keep(&self, reference: &SecretRef, value: &str) {
        let name = format!("{}_{}", reference.source, reference.name).replace('-', "_");
        let mut lines = self.lines.lock().unwrap();
        lines.insert(format!("MEF_SECRET_{}", name.to_uppercase()), value.to_owned());
        let lines = lines.iter().map(|(name, value)| format!("{name}=\"{value}\"\n"));
        std::fs::write(&self.file, lines.collect::<String>()).unwrap();
    }
}

fn backend(store: Store, folder: TempDir) -> Backend {
    let store = Arc::new(store);
    let file = folder.path().join("secrets.env");
    Backend {
        queue: store.clone(),
        consumer: Arc::new(Drain { store: (*store).clone(), _folder: folder }),
        dead_letters: store.clone(),
        cursors: store.clone(),
        deliveries: store.clone(),
        tokens: store.clone(),
        limits: store.clone(),
        blobs: store,
        secrets: Arc::new(LocalSecrets::of_a_test(file.clone())),
        vault: Arc::new(Editor { file, lines: Mutex::default() }),
    }
}

mod file {
    use super::*;

    async fn fresh() -> Backend {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("mef.db"), Arc::new(StillClock)).unwrap();
        backend(store, folder)
    }

    mef_ports::conformance_tests!(fresh);
}

mod memory {
    use super::*;

    async fn fresh() -> Backend {
        backend(Store::in_memory(Arc::new(StillClock)).unwrap(), tempfile::tempdir().unwrap())
    }

    mef_ports::conformance_tests!(fresh);
}

/// A behaviour that is written but not in the macro's list would never run.
#[test]
fn every_behaviour_of_the_suite_is_listed() {
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ports/src/conformance");
    let list = std::fs::read_to_string(format!("{suite}/mod.rs")).unwrap();
    let mut written = 0;
    for entry in std::fs::read_dir(suite).unwrap() {
        for line in std::fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
            let (name, _) = rest.split_once('(').unwrap();
            assert!(list.contains(&format!("                {name},\n")), "{name} is not listed");
            written += 1;
        }
    }
    assert!(written >= 40, "only {written} behaviours were found");
}
