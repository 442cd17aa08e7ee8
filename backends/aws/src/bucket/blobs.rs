//! The port for blobs, in the bucket.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mef_ports::{BlobEntry, BlobKey, Blobs, StoreError};

use crate::bucket::objects::{ListedObject, Objects};
use crate::clients::Shared;

/// What the keys of all blobs begin with.
const PREFIX: &str = "blobs/";

/// Keeps bytes as objects under `blobs/`.
#[derive(Clone)]
pub struct S3Blobs {
    objects: Objects,
}

impl S3Blobs {
    pub(crate) fn new(shared: Arc<Shared>) -> S3Blobs {
        S3Blobs { objects: Objects::new(shared) }
    }

    /// Reads the object that stands behind a `claim` in an event: `s3://bucket/key` in this
    /// application's bucket. Returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the bucket cannot be read.
    pub async fn claimed(&self, claim: &str) -> Result<Option<Bytes>, StoreError> {
        let Some(key) = self.objects.key_of(claim) else { return Ok(None) };
        let found = self.objects.get(key).await;
        found.map_err(|error| error.during("read what a claim stands for"))
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), StoreError> {
        let put = self.objects.put(&object_key(key), bytes).await;
        put.map_err(|error| error.during("keep a blob"))
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, StoreError> {
        let found = self.objects.get(&object_key(key)).await;
        found.map_err(|error| error.during("read a blob"))
    }

    async fn list(&self) -> Result<Vec<BlobEntry>, StoreError> {
        let listed = self.objects.list(PREFIX).await;
        let listed = listed.map_err(|error| error.during("list the blobs"))?;
        // S3 lists by key.
        let entry = |object: ListedObject| {
            let key = BlobKey(object.key.strip_prefix(PREFIX)?.to_owned());
            Some(BlobEntry { key, bytes: object.bytes, since: object.since })
        };
        Ok(listed.into_iter().filter_map(entry).collect())
    }
}

fn object_key(key: &BlobKey) -> String {
    format!("{PREFIX}{}", key.0)
}
