//! Objects in the bucket, and the claims that stand for them in messages.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clients::Shared;
use crate::error::AwsError;

/// Stands in a message for an object that is too large for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// Where the object is: `s3://bucket/key`.
    pub(crate) claim: String,
    /// SHA-256 of the object, in hexadecimal.
    pub(crate) sha256: String,
    /// How many bytes it has.
    pub(crate) bytes: usize,
}

/// The objects of the application's bucket.
#[derive(Clone)]
pub(crate) struct Objects {
    shared: Arc<Shared>,
}

impl Objects {
    pub(crate) fn new(shared: Arc<Shared>) -> Objects {
        Objects { shared }
    }

    pub(crate) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), AwsError> {
        let bucket = &self.shared.settings.bucket;
        let request = self.shared.s3().put_object().bucket(bucket).key(key);
        request.body(ByteStream::from(bytes)).send().await?;
        Ok(())
    }

    /// Stores `bytes` and returns what stands for them.
    pub(crate) async fn claim(&self, key: &str, bytes: Bytes) -> Result<Claim, AwsError> {
        let claim = Claim {
            claim: format!("s3://{}/{key}", self.shared.settings.bucket),
            sha256: hex::encode(digest(&SHA256, &bytes)),
            bytes: bytes.len(),
        };
        self.put(key, bytes).await?;
        Ok(claim)
    }

    /// Reads an object; `None` if there is none. A role that may not list the bucket gets
    /// an error in place of `None`.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Bytes>, AwsError> {
        let bucket = &self.shared.settings.bucket;
        match self.shared.s3().get_object().bucket(bucket).key(key).send().await {
            Ok(found) => match found.body.collect().await {
                Ok(body) => Ok(Some(body.into_bytes())),
                Err(error) => Err(AwsError::new(format!("the object broke off: {error}"))),
            },
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the object of `claim`, and checks that it is what was stored. The inner
    /// error says why it can never be had.
    pub(crate) async fn redeem(&self, claim: &Claim) -> Result<Result<Bytes, String>, AwsError> {
        let begin = format!("s3://{}/", self.shared.settings.bucket);
        // Whoever can write to the queue must not choose the bucket that is read.
        let Some(key) = claim.claim.strip_prefix(&begin) else {
            return Ok(Err("its object is not in this application's bucket".to_owned()));
        };
        Ok(match self.get(key).await? {
            None => Err(format!("its bytes are gone, the bucket has no object `{key}` any more")),
            Some(bytes) if hex::encode(digest(&SHA256, &bytes)) == claim.sha256 => Ok(bytes),
            Some(_) => Err(format!("its object `{key}` is not what was stored")),
        })
    }
}

/// Escapes what has a meaning in keys or URLs.
pub(crate) fn key_part(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => part.push(char::from(byte)),
            other => part.push_str(&format!("%{other:02X}")),
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_keys_cannot_climb() {
        assert_eq!(key_part("okta_1-A"), "okta_1-A");
        assert_eq!(key_part("../ü"), "%2E%2E%2F%C3%BC");
        assert_ne!(key_part("%2F"), key_part("/"));
    }
}
