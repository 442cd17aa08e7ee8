//! The port for blobs, in the bucket.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mef_ports::{BlobKey, Blobs, StoreError};

use crate::bucket::objects::Objects;
use crate::clients::Shared;

/// Keeps bytes as objects under `blobs/`.
#[derive(Clone)]
pub struct S3Blobs {
    objects: Objects,
}

impl S3Blobs {
    pub(crate) fn new(shared: Arc<Shared>) -> S3Blobs {
        S3Blobs { objects: Objects::new(shared) }
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
}

fn object_key(key: &BlobKey) -> String {
    format!("blobs/{}", key.0)
}
