//! The one thread that writes. It commits together what is waiting.
//!
//! A durable commit costs a flush of the disk, some milliseconds, however much is in
//! it. So the thread takes every job that is waiting, runs each in a savepoint of one
//! transaction, commits once, and only then replies.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use mef_ports::StoreError;
use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior, ffi};
use tokio::sync::oneshot;

use crate::file::failure::Failure;
use crate::file::in_place::Opened;
use crate::file::open::close;
use crate::file::open_error::OpenError;
use crate::file::reserve::Reserve;

/// The most jobs of one commit.
const MOST_JOBS: usize = 256;

/// Runs inside the transaction, or is told why there is none. Returns what to call
/// once the commit is done or has failed.
type Job = Box<dyn FnOnce(Result<&mut Transaction<'_>, &Failure>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), &Failure>) + Send>;

/// Sends jobs to the writing thread.
pub(crate) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    reserve: Option<Reserve>,
}

impl Writer {
    /// Starts the thread. Nothing is reported as written once a file of `opened` is no longer there.
    /// `reserve` is given up for a removal if the disk is full.
    pub(crate) fn start(
        connection: Connection,
        opened: Opened,
        reserve: Option<Reserve>,
    ) -> Result<Writer, OpenError> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("mef-store-writer".to_owned())
            .spawn(move || work(connection, &opened, &waiting))
            .map_err(OpenError::Thread)?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread), reserve })
    }

    /// Returns the writer of a store that is only looked at: it writes nothing.
    pub(crate) fn refusing() -> Writer {
        Writer { jobs: None, thread: None, reserve: None }
    }

    /// Runs `job` in a transaction and waits until that is on disk. A job that
    /// fails leaves nothing behind and disturbs no other.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        job: impl FnOnce(&Savepoint<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.attempt(job).await.map_err(|failure| StoreError::new(operation, failure))
    }

    /// Runs a `job` that makes the store smaller, as [`Writer::write`] does. If the disk is full, it
    /// is tried again: the thread has then made room in the log, if it could. The last attempt gets
    /// the room that is reserved.
    pub(crate) async fn remove<T: Send + 'static>(
        &self,
        operation: &'static str,
        job: impl Fn(&Savepoint<'_>) -> rusqlite::Result<T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let job = Arc::new(job);
        let again = || {
            let job = Arc::clone(&job);
            self.attempt(move |savepoint| job(savepoint))
        };
        let mut result = again().await;
        if result.as_ref().is_err_and(Failure::is_full) {
            result = again().await;
        }
        if result.as_ref().is_err_and(Failure::is_full)
            && self.reserve.as_ref().is_some_and(Reserve::release)
        {
            result = again().await;
        }
        result.map_err(|failure| StoreError::new(operation, failure))
    }

    async fn attempt<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Savepoint<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (reply, replied) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = transaction.map_err(Failure::clone).and_then(|transaction| {
                in_savepoint(transaction, job).map_err(|error| Failure::from(&error))
            });
            Box::new(move |committed| {
                let result =
                    result.and_then(|value| committed.map(|()| value).map_err(Failure::clone));
                // The caller may have gone away. The write stands.
                let _ = reply.send(result);
            })
        });
        let gone = || Failure::Other("the store's writing thread has ended".to_owned());
        let looked_at = || Failure::Other("the store was opened for looking only".to_owned());
        self.jobs.as_ref().ok_or_else(looked_at)?.send(job).map_err(|_| gone())?;
        replied.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Once the channel is closed, the thread ends after the jobs it has.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn in_savepoint<T>(
    transaction: &mut Transaction<'_>,
    job: impl FnOnce(&Savepoint<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    // Some failures, such as a full disk, end the whole transaction. A savepoint would
    // then be a transaction of its own, and commit.
    if transaction.is_autocommit() {
        let reason = "an earlier write of the same commit failed";
        let code = ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK);
        return Err(rusqlite::Error::SqliteFailure(code, Some(reason.to_owned())));
    }
    // Dropped without a commit, the savepoint is rolled back.
    let savepoint = transaction.savepoint()?;
    let value = job(&savepoint)?;
    savepoint.commit()?;
    Ok(value)
}

fn work(mut connection: Connection, opened: &Opened, waiting: &Receiver<Job>) {
    connection.set_prepared_statement_cache_capacity(64);
    while let Ok(first) = waiting.recv() {
        let jobs = std::iter::once(first).chain(waiting.try_iter().take(MOST_JOBS - 1));
        commit_together(&mut connection, opened, jobs);
    }
    close(connection, opened);
}

/// Runs the jobs in one transaction. Each job gets a failure, and its caller reports it.
fn commit_together(connection: &mut Connection, opened: &Opened, jobs: impl Iterator<Item = Job>) {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate)
    {
        Ok(transaction) => transaction,
        Err(error) => {
            // All jobs are taken before the first gets its reply: a job that is sent
            // after that has a transaction of its own.
            let refused: Vec<Job> = jobs.collect();
            let failure = Failure::from(&error);
            return refused.into_iter().for_each(|job| job(Err(&failure))(Ok(())));
        }
    };
    let replies: Vec<Reply> = jobs.map(|job| job(Ok(&mut transaction))).collect();
    // If a job found the disk full, SQLite has rolled all of it back.
    let is_rolled_back = transaction.is_autocommit();
    let committed = transaction.commit().map_err(|error| Failure::from(&error));
    if is_rolled_back || committed.as_ref().is_err_and(Failure::is_full) {
        // Once all of the log is in the file, its room is used again. What does not fit stays.
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)");
    }
    // After the commit: what was written before the file went is lost with it, and so is this.
    let committed = committed.and_then(|()| opened.check());
    for reply in replies {
        reply(committed.as_ref().copied());
    }
}

#[cfg(test)]
mod tests {
    //! What shares a commit, and what does not share its fate.

    use std::sync::mpsc::channel;
    use std::time::Duration;

    use rusqlite::{Connection, Savepoint};
    use tempfile::TempDir;

    use super::Writer;
    use crate::file::in_place::Opened;
    use crate::file::reserve::Reserve;

    const INSERT: &str = "INSERT INTO t (n) VALUES (?1)";

    /// A writer on a file, and a connection that sees what is committed.
    fn writer() -> (Writer, Connection, TempDir) {
        let (writing, other, folder) = connections();
        (Writer::start(writing, Opened::default(), None).unwrap(), other, folder)
    }

    fn connections() -> (Connection, Connection, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (n INTEGER PRIMARY KEY);
                 CREATE TABLE child (n REFERENCES t DEFERRABLE INITIALLY DEFERRED);",
            )
            .unwrap();
        (connection, Connection::open(&path).unwrap(), folder)
    }

    fn insert(n: i64) -> impl FnOnce(&Savepoint<'_>) -> rusqlite::Result<()> + Send {
        move |savepoint| savepoint.execute(INSERT, [n]).map(drop)
    }

    fn committed(connection: &Connection) -> Vec<i64> {
        let mut query = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Runs jobs that wait behind one another, so that they share a commit.
    macro_rules! together {
        ($writer:expr, $($job:expr),+ $(,)?) => {{
            let (go, wait) = channel::<()>();
            tokio::join!(
                biased;
                $writer.write("hold the thread", move |_| { wait.recv().unwrap(); Ok(()) }),
                $($writer.write("test", $job),)+
                // Polled last, when all of them are in the channel.
                async move { go.send(()).unwrap() },
            )
        }};
    }

    #[tokio::test]
    async fn jobs_that_wait_share_one_commit() {
        let (writer, connection, folder) = writer();
        let path = folder.path().join("t.db");
        let (_, first, seen, ()) = together!(writer, insert(1), move |savepoint| {
            let inside: i64 =
                savepoint.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
            Ok((inside, committed(&Connection::open(path)?)))
        });
        first.unwrap();
        assert_eq!(seen.unwrap(), (1, vec![]), "the first is not committed before the second ran");
        assert_eq!(committed(&connection), [1]);
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_the_others() {
        let (writer, connection, _folder) = writer();
        let (_, first, failed, last, ()) = together!(
            writer,
            insert(1),
            |savepoint| {
                savepoint.execute(INSERT, [2])?;
                savepoint.execute(INSERT, [1]).map(drop)
            },
            insert(3),
        );
        first.unwrap();
        last.unwrap();
        assert_eq!(failed.unwrap_err().to_string(), "test failed");
        assert_eq!(committed(&connection), [1, 3], "half of the failed job is not there");
    }

    #[tokio::test]
    async fn when_the_commit_fails_nobody_is_told_it_is_stored() {
        let (writer, connection, _folder) = writer();
        let (_, good, orphan, ()) = together!(writer, insert(1), |savepoint| {
            // Checked at the commit: there is no such parent.
            savepoint.execute("INSERT INTO child (n) VALUES (99)", []).map(drop)
        });
        for result in [good, orphan] {
            let error = std::error::Error::source(&result.unwrap_err()).unwrap().to_string();
            assert!(error.contains("FOREIGN KEY"), "{error}");
        }
        assert!(committed(&connection).is_empty(), "the commit was not done");
        writer.write("test", insert(2)).await.unwrap();
        assert_eq!(committed(&connection), [2], "the next one is");
    }

    /// As SQLite does by itself when the disk is full.
    #[tokio::test]
    async fn when_the_transaction_is_gone_no_later_job_stores_anything() {
        let (writer, connection, _folder) = writer();
        let (_, before, rolled_back, after, ()) = together!(
            writer,
            insert(1),
            |savepoint| savepoint.execute("INSERT OR ROLLBACK INTO t (n) VALUES (1)", []).map(drop),
            insert(3),
        );
        assert!(before.is_err(), "it was rolled back");
        assert!(rolled_back.is_err());
        assert!(after.is_err(), "it has no transaction");
        assert!(committed(&connection).is_empty());
        writer.write("test", insert(4)).await.unwrap();
        assert_eq!(committed(&connection), [4]);
    }

    #[tokio::test]
    async fn when_another_process_keeps_the_file_everybody_learns_why() {
        let (writer, connection, _folder) = writer();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = writer.write("test", insert(1)).await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("locked"), "{source}");
        connection.execute_batch("ROLLBACK").unwrap();
        writer.write("test", insert(2)).await.unwrap();
        assert_eq!(committed(&connection), [2]);
    }

    fn full() -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None)
    }

    /// Nobody could empty the queue otherwise that fills the disk.
    #[tokio::test]
    async fn a_removal_gets_the_reserved_room_of_a_full_disk_and_a_write_does_not() {
        let (connection, committed_by, folder) = connections();
        let reserve = Reserve::of(&folder.path().join("t.db"));
        let file = folder.path().join("t.db-reserve");
        reserve.keep();
        assert!(std::fs::metadata(&file).unwrap().len() >= 8 << 20);
        let writer = Writer::start(connection, Opened::default(), Some(reserve)).unwrap();
        let refused = writer.write("test", |_| Err::<(), _>(full())).await.unwrap_err();
        let source = std::error::Error::source(&refused).unwrap().to_string();
        assert!(source.contains("the disk is full"), "{source}");
        assert!(file.exists(), "a write leaves it for a removal");
        let is_reserved = file.clone();
        let removed = writer.remove("test", move |savepoint| {
            if is_reserved.exists() {
                return Err(full());
            }
            savepoint.execute(INSERT, [1]).map(drop)
        });
        removed.await.unwrap();
        assert_eq!(committed(&committed_by), [1]);
        assert!(writer.remove("test", |_| Err::<(), _>(full())).await.is_err(), "it is used up");
    }

    /// Puts a job into the channel, held up until `go`, of an asker that is gone:
    /// a request that was cut off.
    async fn cut_off(writer: &Writer, job: i64) -> std::sync::mpsc::Sender<()> {
        let (go, wait) = channel::<()>();
        let held = writer.write("hold the thread", move |_| {
            wait.recv().unwrap();
            Ok(())
        });
        let job = writer.write("test", insert(job));
        let mut both = Box::pin(async { tokio::join!(biased; held, job) });
        assert!(is_pending(both.as_mut()).await, "both are in the channel");
        go
    }

    #[tokio::test]
    async fn jobs_are_done_before_the_thread_ends() {
        let (writer, connection, _folder) = writer();
        cut_off(&writer, 1).await.send(()).unwrap();
        drop(writer);
        assert_eq!(committed(&connection), [1]);
    }

    #[tokio::test]
    async fn an_asker_that_is_gone_does_not_end_the_thread() {
        let (writer, connection, _folder) = writer();
        cut_off(&writer, 1).await.send(()).unwrap();
        writer.write("test", insert(2)).await.unwrap();
        writer.write("test", insert(3)).await.unwrap();
        assert_eq!(committed(&connection), [1, 2, 3]);
    }

    /// Polls once; true when it is still under way.
    async fn is_pending(mut future: std::pin::Pin<&mut impl Future>) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
        })
        .await
    }
}
