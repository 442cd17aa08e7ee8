//! The port for the queue, and what SQS lacks: a look into it.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Message, Queue, Refused, StoreError};
use rusqlite::params;

use crate::store::Store;
use crate::time::broken;

/// An event in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedEvent {
    /// Its number in the queue: higher is later, and none is given twice.
    pub position: i64,
    /// When it was queued, to the millisecond.
    pub queued_at: Timestamp,
    /// The event.
    pub message: Message,
}

#[async_trait]
impl Queue for Store {
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now().as_millisecond();
        let messages = batch.to_vec();
        self.writer
            .write("send to the queue", move |transaction| {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO events (event_id, source, queued_ms, body) VALUES (?1, ?2, ?3, ?4)",
                )?;
                messages
                    .iter()
                    .map(|message| {
                        insert.execute(params![message.event_id, message.source, now, message.body])?;
                        Ok(Ok(()))
                    })
                    .collect()
            })
            .await
    }
}

impl Store {
    /// Returns up to `limit` events after the number `after`, in order. They stay in the
    /// queue.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub async fn events(
        &self,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<QueuedEvent>, StoreError> {
        let (after, limit) = (after.unwrap_or(0), i64::try_from(limit).unwrap_or(i64::MAX));
        self.reader
            .read("look into the queue", move |connection| {
                connection
                    .prepare_cached(
                        "SELECT position, queued_ms, event_id, source, body FROM events
                         WHERE position > ?1 ORDER BY position LIMIT ?2",
                    )?
                    .query_map(params![after, limit], |row| {
                        Ok(QueuedEvent {
                            position: row.get(0)?,
                            queued_at: Timestamp::from_millisecond(row.get(1)?)
                                .map_err(|error| broken(1, error))?,
                            message: Message {
                                event_id: row.get(2)?,
                                source: row.get(3)?,
                                body: row.get(4)?,
                            },
                        })
                    })?
                    .collect()
            })
            .await
    }

    /// Removes the events with these numbers from the queue.
    ///
    /// # Errors
    ///
    /// Fails if they may still be in it.
    pub async fn remove(&self, positions: &[i64]) -> Result<(), StoreError> {
        let positions = positions.to_vec();
        self.writer
            .remove("take from the queue", move |transaction| {
                let mut delete =
                    transaction.prepare_cached("DELETE FROM events WHERE position = ?1")?;
                positions.iter().try_for_each(|position| delete.execute([position]).map(drop))
            })
            .await
    }
}
