//! The port for blobs.

use async_trait::async_trait;
use bytes::Bytes;
use mef_ports::{BlobKey, Blobs, StoreError};
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
}
