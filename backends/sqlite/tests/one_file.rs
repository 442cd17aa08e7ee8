//! One file is the store: at rest it is whole, looking writes nothing, and a copy is whole or refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Clock, Message, Queue as _};
use mef_sqlite::{BackupError, Counts, OpenError, Store};
use rusqlite::Connection;
use tempfile::TempDir;

struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {}
}

fn open(path: &Path) -> Store {
    Store::open(path, Arc::new(StillClock)).unwrap()
}

fn look(path: &Path) -> Result<Store, OpenError> {
    Store::look(path, Arc::new(StillClock))
}

fn message(id: &str) -> Message {
    Message { event_id: id.to_owned(), source: "acme".to_owned(), body: "{}".to_owned() }
}

async fn ids(store: &Store) -> Vec<String> {
    let events = store.events(None, usize::MAX).await.unwrap();
    events.into_iter().map(|event| event.message.event_id).collect()
}

/// A folder with a store at rest that holds these events.
async fn at_rest(events: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("mef.db"));
    for event in events {
        store.send(&[message(event)]).await.unwrap();
    }
    folder
}

/// The name and the bytes of every file.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[tokio::test]
async fn a_copy_of_the_one_file_of_a_stopped_store_has_everything() {
    let folder = at_rest(&["a", "b"]).await;
    let names: Vec<_> = files(folder.path()).into_keys().collect();
    assert_eq!(names, ["mef.db", "mef.db-reserve"], "the log is in the file");
    let other = tempfile::tempdir().unwrap();
    let copy = other.path().join("copy.db");
    fs::copy(folder.path().join("mef.db"), &copy).unwrap();
    assert_eq!(ids(&look(&copy).unwrap()).await, ["a", "b"]);
    assert_eq!(ids(&open(&copy)).await, ["a", "b"]);
}

/// A follower of the queue goes on after `mef run` has ended.
#[tokio::test]
async fn the_file_is_whole_even_if_somebody_still_looks() {
    let folder = at_rest(&["a"]).await;
    let path = folder.path().join("mef.db");
    let store = open(&path);
    let looking = look(&path).unwrap();
    assert_eq!(ids(&looking).await, ["a"]);
    store.send(&[message("b")]).await.unwrap();
    drop(store);
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(ids(&look(&copy).unwrap()).await, ["a", "b"]);
    assert_eq!(ids(&looking).await, ["a", "b"]);
}

#[tokio::test]
async fn looking_leaves_the_folder_as_it_is() {
    let folder = at_rest(&["a"]).await;
    let before = files(folder.path());
    let store = look(&folder.path().join("mef.db")).unwrap();
    assert_eq!(ids(&store).await, ["a"]);
    assert_eq!(store.sources().await.unwrap(), ["acme"]);
    let refused = store.send(&[message("b")]).await.unwrap_err();
    let why = refused.source().unwrap().to_string();
    assert!(why.contains("looking only"), "{why}");
    drop(store);
    assert!(files(folder.path()) == before, "a look changed something");
}

#[test]
fn looking_at_a_store_that_is_not_there_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    for opened in [
        look(&folder.path().join("typo.db")),
        Store::open_to_remove(folder.path().join("typo.db"), Arc::new(StillClock)),
    ] {
        let error = opened.map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Missing), "{error:?}");
    }
    assert!(files(folder.path()).is_empty());
}

/// A database browser with an open transaction, beside a store at rest and one in use.
#[tokio::test]
async fn looking_works_beside_another_programs_write_lock() {
    let folder = at_rest(&["a"]).await;
    let path = folder.path().join("mef.db");
    let browser = Connection::open(&path).unwrap();
    browser.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(ids(&look(&path).unwrap()).await, ["a"]);
    browser.execute_batch("ROLLBACK").unwrap();
    let store = open(&path);
    browser.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(ids(&look(&path).unwrap()).await, ["a"]);
    // One that only opens the store needs no lock either.
    assert_eq!(ids(&open(&path)).await, ["a"]);
    browser.execute_batch("ROLLBACK").unwrap();
    drop(store);
}

/// As after `kill -9`: the log is there, and a look reads it.
#[tokio::test]
async fn looking_sees_what_is_only_in_the_log() {
    let folder = at_rest(&["a"]).await;
    let path = folder.path().join("mef.db");
    let store = open(&path);
    store.send(&[message("b")]).await.unwrap();
    let killed = tempfile::tempdir().unwrap();
    for name in ["mef.db", "mef.db-wal"] {
        fs::copy(folder.path().join(name), killed.path().join(name)).unwrap();
    }
    assert_eq!(ids(&look(&killed.path().join("mef.db")).unwrap()).await, ["a", "b"]);
}

/// SQLite would delete the log, with what is in it.
#[tokio::test]
async fn a_log_without_its_store_is_refused_and_left_alone() {
    let folder = at_rest(&["a"]).await;
    let path = folder.path().join("mef.db");
    let store = open(&path);
    store.send(&[message("b")]).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let log = other.path().join("mef.db-wal");
    fs::copy(folder.path().join("mef.db-wal"), &log).unwrap();
    let before = files(other.path());
    for opened in [
        Store::open(other.path().join("mef.db"), Arc::new(StillClock)),
        look(&other.path().join("mef.db")),
    ] {
        let error = opened.map(drop).unwrap_err().to_string();
        assert!(error.contains("mef.db-wal is"), "{error}");
    }
    assert!(files(other.path()) == before, "the log is the only copy of what is in it");
}

#[tokio::test]
async fn a_backup_of_a_store_in_use_has_everything_and_is_one_file() {
    let folder = at_rest(&["a"]).await;
    let path = folder.path().join("mef.db");
    let store = open(&path);
    store.send(&[message("b")]).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let copy = other.path().join("file:copy#?.db");
    let copied = look(&path).unwrap().backup(&copy).await.unwrap();
    assert_eq!(copied, Counts { events: 2, dead_letters: 0 });
    assert_eq!(files(other.path()).len(), 1);
    assert_eq!(ids(&look(&copy).unwrap()).await, ["a", "b"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // It goes on from there, and gives no position twice.
    let restored = open(&copy);
    restored.send(&[message("c")]).await.unwrap();
    assert_eq!(restored.events(Some(2), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_backup_never_replaces_a_file() {
    let folder = at_rest(&["a"]).await;
    let path = folder.path().join("mef.db");
    let before = files(folder.path());
    let store = look(&path).unwrap();
    let refused = store.backup(&path).await.unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused:?}");
    let refused = store.backup(&folder.path().join("none/copy.db")).await.unwrap_err();
    assert!(matches!(refused, BackupError::File { .. }), "{refused:?}");
    assert!(files(folder.path()) == before);
}

/// Says why nothing is taken any more.
fn why(error: &mef_ports::StoreError) -> String {
    error.source().unwrap().to_string()
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_taken_once_a_file_of_the_store_was_removed() {
    for gone in ["mef.db", "mef.db-wal", "mef.db-shm"] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("mef.db"));
        store.send(&[message("a")]).await.unwrap();
        store.is_in_place().unwrap();
        fs::remove_file(folder.path().join(gone)).unwrap();
        let error = store.send(&[message("b")]).await.unwrap_err();
        assert!(why(&error).contains(&format!("{gone} was removed or replaced")), "{error}");
        store.try_to_write().await.unwrap_err();
        store.events(None, 1).await.unwrap_err();
        store.is_in_place().unwrap_err();
    }
}

/// What was acknowledged is in the log, which the end copies into the file.
#[cfg(unix)]
#[tokio::test]
async fn a_store_whose_log_was_removed_is_whole_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    let store = open(&path);
    store.send(&[message("a")]).await.unwrap();
    fs::remove_file(folder.path().join("mef.db-wal")).unwrap();
    drop(store);
    assert_eq!(ids(&open(&path)).await, ["a"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_takes_the_place_of_an_open_one_is_left_alone() {
    let folder = at_rest(&["restored"]).await;
    let path = folder.path().join("mef.db");
    let other = at_rest(&["old"]).await;
    let restored = other.path().join("restored.db");
    fs::rename(&path, &restored).unwrap();
    let store = open(&path);
    store.send(&[message("a")]).await.unwrap();
    for beside in ["mef.db-wal", "mef.db-shm"] {
        fs::remove_file(folder.path().join(beside)).unwrap();
    }
    fs::rename(&restored, &path).unwrap();
    store.send(&[message("b")]).await.unwrap_err();
    let new = open(&path);
    new.send(&[message("c")]).await.unwrap();
    drop(store);
    new.send(&[message("d")]).await.unwrap();
    drop(new);
    assert_eq!(ids(&open(&path)).await, ["restored", "c", "d"]);
}
