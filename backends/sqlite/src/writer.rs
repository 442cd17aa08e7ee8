//! The one thread that writes, and commits what is waiting together.
//!
//! A durable commit costs a flush of the disk, some milliseconds, whatever is
//! in it. So the thread takes every job that is waiting, runs each in a
//! savepoint of one transaction, commits once, and only then answers.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use mef_ports::StoreError;
use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior, ffi};
use tokio::sync::oneshot;

use crate::schema::OpenError;

/// How many jobs share one commit at most.
const MOST_JOBS: usize = 256;

/// A job runs inside the transaction, or is told why there is none, and gives
/// what to call once that is committed, or failed to.
type Job = Box<dyn FnOnce(Result<&mut Transaction<'_>, &rusqlite::Error>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), &rusqlite::Error>) + Send>;

/// Sends jobs to the writing thread.
pub(crate) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Writer, OpenError> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("mef-store-writer".to_owned())
            .spawn(move || work(connection, &waiting))
            .map_err(OpenError::Thread)?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `job` in a transaction and waits until that is on disk. A job that
    /// fails leaves nothing behind and disturbs no other.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        job: impl FnOnce(&Savepoint<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            // One failure may have many to answer, so they get its words.
            let shared = |error: &rusqlite::Error| StoreError::new(operation, error.to_string());
            let result = transaction.map_err(shared).and_then(|transaction| {
                in_savepoint(transaction, job).map_err(|error| StoreError::new(operation, error))
            });
            Box::new(move |committed| {
                let result = result.and_then(|value| committed.map(|()| value).map_err(shared));
                // Whoever asked may have gone away; the write stands.
                let _ = reply.send(result);
            })
        });
        let gone = || StoreError::new(operation, "the store's writing thread has ended");
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // With the channel closed the thread ends after the jobs it has.
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
    // SQLite ends the whole transaction on some failures (a full disk). A
    // savepoint would then be a transaction of its own, and commit.
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

fn work(mut connection: Connection, waiting: &Receiver<Job>) {
    connection.set_prepared_statement_cache_capacity(64);
    while let Ok(first) = waiting.recv() {
        let jobs = std::iter::once(first).chain(waiting.try_iter().take(MOST_JOBS - 1));
        commit_together(&mut connection, jobs);
    }
}

/// Whoever asked is told of a failure, and reports it.
fn commit_together(connection: &mut Connection, jobs: impl Iterator<Item = Job>) {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate)
    {
        Ok(transaction) => transaction,
        Err(error) => {
            // All are taken before the first is answered: what is sent
            // after an answer is tried anew.
            let refused: Vec<Job> = jobs.collect();
            return refused.into_iter().for_each(|job| job(Err(&error))(Ok(())));
        }
    };
    let answers: Vec<Answer> = jobs.map(|job| job(Ok(&mut transaction))).collect();
    let committed = transaction.commit();
    for answer in answers {
        answer(committed.as_ref().copied());
    }
}

#[cfg(test)]
mod tests;
