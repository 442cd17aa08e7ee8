//! The port for blobs.

use async_trait::async_trait;
use bytes::Bytes;
use mef_ports::{BlobEntry, BlobKey, Blobs, StoreError};
use rusqlite::{OptionalExtension as _, params};

use crate::store::Store;

#[async_trait]
impl Blobs for Store {
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), StoreError> {
        let key = key.clone();
        self.writer
            .write("keep a blob", move |transaction| {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO blobs (key, bytes) VALUES (?1, ?2)")?
                    .execute(params![key.0, bytes.as_ref()])
                    .map(drop)
            })
            .await
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, StoreError> {
        let key = key.clone();
        self.reader
            .read("read a blob", move |connection| {
                connection
                    .prepare_cached("SELECT bytes FROM blobs WHERE key = ?1")?
                    .query_row([key.0], |row| row.get::<_, Vec<u8>>(0).map(Bytes::from))
                    .optional()
            })
            .await
    }

    async fn list(&self) -> Result<Vec<BlobEntry>, StoreError> {
        self.reader
            .read("list the blobs", |connection| {
                connection
                    .prepare_cached("SELECT key, length(bytes) FROM blobs ORDER BY key")?
                    .query_map([], |row| {
                        let key = BlobKey(row.get(0)?);
                        Ok(BlobEntry { key, bytes: row.get(1)?, since: None })
                    })?
                    .collect()
            })
            .await
    }
}
