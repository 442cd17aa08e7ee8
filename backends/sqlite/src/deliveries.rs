//! Marks of deliveries that are done.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Deliveries, DeliveryKey, Receipt, StoreError};
use rusqlite::params;

use crate::store::Store;

#[async_trait]
impl Deliveries for Store {
    async fn is_done(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let key = key.clone();
        self.reader
            .read("look for a delivery", move |connection| {
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
        let key = key.clone();
        let now = self.clock.now().as_millisecond();
        self.writer
            .write("mark a delivery as done", move |transaction| {
                // Each new mark deletes a few old ones, so that nobody has to delete
                // many at once.
                transaction
                    .prepare_cached(
                        "DELETE FROM deliveries WHERE (source, delivery_id, body_sha256) IN (
                             SELECT source, delivery_id, body_sha256 FROM deliveries
                             WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT 8)",
                    )?
                    .execute([now])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO deliveries (source, delivery_id, body_sha256, expires_ms)
                         VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT DO UPDATE SET expires_ms = ?4",
                    )?
                    .execute(params![
                        key.source,
                        key.delivery_id,
                        key.body_sha256,
                        expires.as_millisecond()
                    ])
                    .map(drop)
            })
            .await
    }
}
