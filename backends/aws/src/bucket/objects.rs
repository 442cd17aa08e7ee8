//! Objects in the bucket, and the claims that stand for them in messages.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clients::Shared;
use crate::error::AwsError;

/// Returns the SHA-256 of `bytes` in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

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

/// An object in a list.
pub(crate) struct ListedObject {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    pub(crate) since: Option<Timestamp>,
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
            sha256: sha256_hex(&bytes),
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

    /// Returns the key in `s3://bucket/key`; `None` if that is not in this application's bucket.
    /// Whoever can write to the queue must not choose the bucket that is read.
    pub(crate) fn key_of<'c>(&self, claim: &'c str) -> Option<&'c str> {
        claim.strip_prefix(&format!("s3://{}/", self.shared.settings.bucket))
    }

    /// Lists the objects whose keys begin with `prefix`.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<ListedObject>, AwsError> {
        let bucket = &self.shared.settings.bucket;
        let (mut listed, mut next) = (Vec::new(), None);
        loop {
            let request = self.shared.s3().list_objects_v2().bucket(bucket).prefix(prefix);
            let page = request.set_continuation_token(next).send().await?;
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                let since = object.last_modified.map(|time| Timestamp::from_second(time.secs()));
                Some(ListedObject {
                    key: object.key?,
                    bytes: object.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
                    since: since.and_then(Result::ok),
                })
            }));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(listed);
            }
        }
    }

    /// Reads the object of `claim`, and checks that it is what was stored. The inner
    /// error says why it can never be had.
    pub(crate) async fn redeem(&self, claim: &Claim) -> Result<Result<Bytes, String>, AwsError> {
        let Some(key) = self.key_of(&claim.claim) else {
            return Ok(Err("its object is not in this application's bucket".to_owned()));
        };
        Ok(match self.get(key).await? {
            None => Err(format!("its bytes are gone, the bucket has no object `{key}` any more")),
            Some(bytes) if sha256_hex(&bytes) == claim.sha256 => Ok(bytes),
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
