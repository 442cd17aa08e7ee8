//! Marks of deliveries that are done.
//!
//! They grow with the traffic and not with what the store holds, so a mark is small and there is a most of
//! them: past it the oldest is forgotten, and a repeat of that delivery would come as new, with the same
//! event ids.

use std::sync::Once;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use mef_ports::{Deliveries, DeliveryKey, Receipt, StoreError};
use rusqlite::{OptionalExtension as _, Savepoint, params};

use crate::store::Store;

/// The most marks: 600 MB.
const MOST: i64 = 10_000_000;

/// How many bytes of the digest of a key are kept: enough that nobody finds two deliveries with the same.
const KEY: usize = 16;

#[async_trait]
impl Deliveries for Store {
    async fn is_done(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let (digest, key) = (digest(key), key.clone());
        self.reader
            .read("look for a delivery", move |connection| {
                let is_marked = connection
                    .prepare_cached("SELECT 1 FROM marks WHERE key = ?1 AND expires_ms > ?2")?
                    .exists(params![digest, now.as_millisecond()])?;
                if is_marked {
                    return Ok(true);
                }
                // Marked by an earlier version.
                connection
                    .prepare_cached(
                        "SELECT 1 FROM deliveries WHERE source = ?1 AND delivery_id = ?2
                         AND body_sha256 = ?3 AND expires_ms > ?4",
                    )?
                    .exists(params![
                        key.source,
                        key.delivery_id,
                        key.body_sha256,
                        now.as_millisecond()
                    ])
            })
            .await
    }

    async fn mark_done(
        &self,
        key: &DeliveryKey,
        expires: Timestamp,
        _: &Receipt,
    ) -> Result<(), StoreError> {
        let (digest, now) = (digest(key), self.clock.now());
        let expires_ms = expires.as_millisecond();
        let forgotten = self
            .writer
            .write("mark a delivery as done", move |transaction| {
                let forgotten = prune(transaction, now, MOST)?;
                // A new position, so that positions have the order of time.
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO marks (key, expires_ms) VALUES (?1, ?2)",
                    )?
                    .execute(params![digest, expires_ms])?;
                Ok(forgotten)
            })
            .await?;
        if let Some(until) = forgotten {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(marks.most = MOST, marks.expiry = until, "there are more marks of deliveries than are kept: a repeat of an old delivery comes as new");
            });
        }
        Ok(())
    }
}

/// Deletes a few marks that have expired or are past the `most`; so nobody has to delete many at once.
/// Returns when one that was still good would have expired.
fn prune(transaction: &Savepoint<'_>, now: Timestamp, most: i64) -> rusqlite::Result<Option<i64>> {
    transaction
        .prepare_cached(
            "DELETE FROM deliveries WHERE (source, delivery_id, body_sha256) IN (
                 SELECT source, delivery_id, body_sha256 FROM deliveries
                 WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT 8)",
        )?
        .execute([now.as_millisecond()])?;
    transaction
        .prepare_cached(
            "DELETE FROM marks WHERE expires_ms <= ?1 AND position IN (
                 SELECT position FROM marks ORDER BY position LIMIT 8)",
        )?
        .execute([now.as_millisecond()])?;
    transaction
        .prepare_cached(
            "DELETE FROM marks WHERE position < (SELECT max(position) FROM marks) + 2 - ?1
                 AND position IN (SELECT position FROM marks ORDER BY position LIMIT 8)
                 RETURNING expires_ms",
        )?
        .query_row([most], |row| row.get(0))
        .optional()
}

/// Returns the key that a mark is kept under.
fn digest(key: &DeliveryKey) -> [u8; KEY] {
    let mut hash = Context::new(&SHA256);
    for part in [&key.source, &key.delivery_id, &key.body_sha256] {
        // With their lengths, no two keys are the same bytes.
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut kept = [0; KEY];
    for (kept, byte) in kept.iter_mut().zip(hash.finish().as_ref()) {
        *kept = *byte;
    }
    kept
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::file::schema::migrate;

    #[test]
    fn past_the_most_the_oldest_are_forgotten_and_that_is_said() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let mut transaction = connection.transaction().unwrap();
        let mut mark = |number: i64, now: i64| {
            let savepoint = transaction.savepoint().unwrap();
            let forgotten =
                prune(&savepoint, Timestamp::from_millisecond(now).unwrap(), 100).unwrap();
            savepoint
                .execute(
                    "INSERT OR REPLACE INTO marks (key, expires_ms) VALUES (?1, ?2)",
                    params![number.to_be_bytes(), 1_000 + number],
                )
                .unwrap();
            savepoint.commit().unwrap();
            forgotten
        };
        for number in 0..100 {
            assert_eq!(mark(number, 0), None);
        }
        assert_eq!(mark(100, 0), Some(1_000));
        assert_eq!(mark(101, 0), Some(1_001));
        // Set again, a mark is the newest.
        assert_eq!(mark(50, 0), Some(1_002));
        // What has expired goes eight at a time.
        assert_eq!(mark(102, 1_050), None);
        let count = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM marks"), 100 - 8);
        assert_eq!(count("SELECT min(expires_ms) FROM marks"), 1_011);
    }
}
