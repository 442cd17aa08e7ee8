//! Credentials by reference.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::secret::Secret;
use crate::error::StoreError;

/// The name of a secret, as source files have it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretRef {
    /// The source's name.
    pub source: String,
    /// The secret's name within the source.
    pub name: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.name)
    }
}

/// The current value of a secret.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The value.
    pub value: Secret,
    /// The store's name for this version.
    pub version: String,
    /// When this version was stored, if the store knows.
    pub since: Option<Timestamp>,
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store holds no such secret, or an empty one.
    #[error("the secret `{reference}` is not set: {hint}")]
    Missing {
        /// Which secret.
        reference: SecretRef,
        /// How to set it in this store.
        hint: String,
    },
    /// The store could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads and stores credentials.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Returns the current value of `reference`, which is never empty.
    ///
    /// # Errors
    ///
    /// Fails with [`SecretsError::Missing`] if the secret is not set or empty, and
    /// with [`SecretsError::Store`] if the store could not be reached.
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError>;

    /// Returns every value of `reference` that is valid at `now`, the current one
    /// first. After a secret was changed, its previous value stays valid for a
    /// while, because senders still use it.
    ///
    /// # Errors
    ///
    /// Fails as [`Secrets::get`] does.
    async fn live(
        &self,
        reference: &SecretRef,
        _now: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        Ok(vec![self.get(reference).await?])
    }

    /// Stores `value` for `reference` if nothing is stored for it yet, and returns
    /// whether it was stored. Of several concurrent calls, exactly one stores its
    /// value.
    ///
    /// Only a handshake in which the sender brings the secret needs this.
    ///
    /// # Errors
    ///
    /// Fails if the value cannot be stored unchanged, if the store does not take
    /// secrets this way, or if it could not be reached.
    async fn put_if_absent(
        &self,
        _reference: &SecretRef,
        _value: &Secret,
    ) -> Result<bool, StoreError> {
        Err(StoreError::new("store a secret", "this store takes no secret from a sender"))
    }

    /// Replaces the stored value of `reference` with `value`. Once this returns,
    /// every read returns the new value, also after a crash.
    ///
    /// Only vendors that change a refresh token with each use need this.
    ///
    /// # Errors
    ///
    /// Fails if the value cannot be stored unchanged, if the store does not take
    /// secrets this way, or if it could not be reached.
    async fn replace(&self, _reference: &SecretRef, _value: &Secret) -> Result<(), StoreError> {
        Err(StoreError::new("store a secret", "this store takes no new value from a vendor"))
    }

    /// Makes the next reads of `references` go to the store itself if their cached
    /// values may be outdated at `now`, and returns whether they may be.
    ///
    /// A store without a cache returns `false`. A store with one returns `true`
    /// for each secret only once in a while, so that a flood of forged requests
    /// does not become a flood of reads.
    async fn refresh(&self, _references: &[SecretRef], _now: Timestamp) -> bool {
        false
    }
}
