//! The one thread that writes, and commits what is waiting together.
//!
//! A durable commit costs a flush of the disk, some milliseconds, whatever is
//! in it. So the thread takes every job that is waiting, runs each in a
//! savepoint of one transaction, commits once, and only then answers.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use mef_ports::StoreError;
use rusqlite::{Connection, Savepoint, TransactionBehavior};
use tokio::sync::oneshot;

use crate::schema::OpenError;

/// How many jobs share one commit at most.
const MOST_JOBS: usize = 256;

/// A job runs inside the transaction and gives what to call once that is
/// committed, or failed to.
type Job = Box<dyn FnOnce(&mut rusqlite::Transaction<'_>) -> Answer + Send>;
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
            let result = in_savepoint(transaction, job);
            Box::new(move |committed| {
                let result = match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Err(error), _) => Err(StoreError::new(operation, error)),
                    (Ok(_), Err(error)) => Err(StoreError::new(operation, error.to_string())),
                };
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
    transaction: &mut rusqlite::Transaction<'_>,
    job: impl FnOnce(&Savepoint<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
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
        let mut answers = Vec::new();
        let committed = commit_together(&mut connection, jobs, &mut answers);
        for answer in answers {
            answer(committed.as_ref().map(|_| ()));
        }
        if let Err(error) = committed {
            tracing::error!(error = %error, "the store did not take a write");
        }
    }
}

fn commit_together(
    connection: &mut Connection,
    jobs: impl Iterator<Item = Job>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        answers.push(job(&mut transaction));
    }
    transaction.commit()
}
