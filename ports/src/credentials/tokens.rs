//! Access tokens, kept between runs.

use async_trait::async_trait;
use jiff::Timestamp;

use super::secret::Secret;
use crate::error::StoreError;

/// The key of a token: a digest of everything in the request for it, so that a
/// changed credential or scope never finds the old token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenKey(pub String);

/// A token and the time when it expires.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token itself.
    pub token: Secret,
    /// When it expires, if the vendor said so.
    pub expires: Option<Timestamp>,
}

/// A process's claim to be the one that asks for a token. Its text is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaim(pub String);

/// Keeps access tokens, so that a new process need not ask for another one.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Returns the token under `key`; `None` if there is none or it has expired at
    /// `now`.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn get(&self, key: &TokenKey, now: Timestamp) -> Result<Option<AccessToken>, StoreError>;

    /// Stores `token` under `key`, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// Fails if the token may not have been stored.
    async fn put(&self, key: &TokenKey, token: &AccessToken) -> Result<(), StoreError>;

    /// Drops the token under `key` if it is still `refused`, which the vendor
    /// refused. Another process may have stored a new one by now.
    ///
    /// # Errors
    ///
    /// Fails if the token may still be there.
    async fn forget(&self, key: &TokenKey, refused: &Secret) -> Result<(), StoreError>;

    /// Gives `claim` the sole right to ask for the token of `key` until `until`,
    /// and returns `true`, unless another claim has that right at `now`.
    ///
    /// # Errors
    ///
    /// Fails if the outcome is not known: the right may have been given.
    async fn claim(
        &self,
        key: &TokenKey,
        claim: &TokenClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends the right of `claim`, if it still has it.
    ///
    /// # Errors
    ///
    /// Fails if the store failed; the right then ends at its time.
    async fn release_claim(&self, key: &TokenKey, claim: &TokenClaim) -> Result<(), StoreError>;
}
