//! Limits by credential.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Limits, StoreError};
use rusqlite::{OptionalExtension as _, params};

use crate::store::Store;
use crate::time::{nanoseconds, optional};

#[async_trait]
impl Limits for Store {
    async fn not_before(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let credential = credential.to_owned();
        let until = self
            .reader
            .read("look for a limit", move |connection| {
                connection
                    .prepare_cached("SELECT until FROM limits WHERE credential = ?1")?
                    .query_row([credential], |row| optional(row, 0))
                    .optional()
            })
            .await?;
        Ok(until.flatten().filter(|until| *until > now))
    }

    async fn hold(&self, credential: &str, until: Timestamp) -> Result<(), StoreError> {
        let credential = credential.to_owned();
        let nanos = nanoseconds(until);
        self.writer
            .write("hold a credential back", move |transaction| {
                transaction
                    .prepare_cached(
                        "INSERT INTO limits (credential, until, until_ns) VALUES (?1, ?2, ?3)
                         ON CONFLICT (credential) DO UPDATE SET until = ?2, until_ns = ?3
                         WHERE until_ns < ?3",
                    )?
                    .execute(params![credential, until.to_string(), nanos])
                    .map(drop)
            })
            .await
    }

    async fn lift(&self, credential: &str) -> Result<(), StoreError> {
        let credential = credential.to_owned();
        self.writer
            .write("take a limit back", move |transaction| {
                transaction
                    .prepare_cached("DELETE FROM limits WHERE credential = ?1")?
                    .execute([credential])
                    .map(drop)
            })
            .await
    }
}
