//! Credentials by reference.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::secret::Secret;

/// A secret of a source, by name: what a source file may write.
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

/// A secret's present value.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The value.
    pub value: Secret,
    /// The store's name for this version.
    pub version: String,
    /// When this version was stored, if the store knows.
    pub since: Option<Timestamp>,
}

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store holds no such secret, or an empty one.
    #[error("the secret `{reference}` is not set: {hint}")]
    Missing {
        /// Which secret.
        reference: SecretRef,
        /// How to set it on this backend.
        hint: String,
    },
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads credentials from where they are kept.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The present value of `reference`, never empty.
    ///
    /// # Errors
    ///
    /// [`SecretsError::Missing`] when it is not set or empty, else when the
    /// store is out of reach.
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError>;

    /// Every value of `reference` that is live at `now`, the present one
    /// first: while a secret is being changed, senders still use the one
    /// before it for a while.
    ///
    /// # Errors
    ///
    /// Those of [`Secrets::get`].
    async fn live(
        &self,
        reference: &SecretRef,
        _now: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        Ok(vec![self.get(reference).await?])
    }

    /// Stores `value` for `reference` if nothing is stored for it, and gives
    /// whether it did. Of several calls at once, one does.
    ///
    /// Only a handshake in which the sender brings the secret needs this.
    ///
    /// # Errors
    ///
    /// When the value cannot be kept as it is, when the store takes none this
    /// way, or when it is out of reach.
    async fn put_if_absent(
        &self,
        _reference: &SecretRef,
        _value: &Secret,
    ) -> Result<bool, StoreError> {
        Err(StoreError::new("store a secret", "this store takes no secret from a sender"))
    }

    /// Stores `value` for `reference` in place of what is stored for it: once
    /// this returns, a read gives it, here and after a crash.
    ///
    /// Only a vendor that changes a refresh token with each use needs this.
    ///
    /// # Errors
    ///
    /// When the value cannot be kept as it is, when the store takes none this
    /// way, or when it is out of reach.
    async fn replace(&self, _reference: &SecretRef, _value: &Secret) -> Result<(), StoreError> {
        Err(StoreError::new("store a secret", "this store takes no new value from a vendor"))
    }

    /// Makes the next reads of `references` ask the store itself, if what
    /// they would give could be outdated at `now`; gives whether it could.
    ///
    /// A store that is always asked gives false. One that keeps what it read
    /// gives true at most once in a while for each secret, so that a flood of
    /// forged requests is no flood of reads.
    async fn refresh(&self, _references: &[SecretRef], _now: Timestamp) -> bool {
        false
    }
}
