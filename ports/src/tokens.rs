//! Access tokens got with a credential, kept between runs.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::secret::Secret;

/// Which token: a digest of all that the token was asked with, so that a
/// changed credential or scope never finds the old token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenKey(pub String);

/// A token and how long it may be used.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token itself.
    pub token: Secret,
    /// When it ends, if the vendor said so.
    pub expires: Option<Timestamp>,
}

/// The right of one process to ask for a token, told from others by a text that
/// nobody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaim(pub String);

/// Keeps access tokens, so that a new process does not ask for another.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The token kept under `key`, unless it has ended at `now`.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn get(&self, key: &TokenKey, now: Timestamp) -> Result<Option<AccessToken>, StoreError>;

    /// Keeps `token` under `key` in place of an earlier one.
    ///
    /// # Errors
    ///
    /// When the token may not be stored.
    async fn put(&self, key: &TokenKey, token: &AccessToken) -> Result<(), StoreError>;

    /// Drops `refused`, which the vendor refused, if it is what is kept under
    /// `key`: another process may have a new one by now.
    ///
    /// # Errors
    ///
    /// When the token may still be kept.
    async fn forget(&self, key: &TokenKey, refused: &Secret) -> Result<(), StoreError>;

    /// Gives `claim` the right to ask for the token of `key` until `until`,
    /// unless another has it at `now`; says whether it was given.
    ///
    /// # Errors
    ///
    /// When that is not known: the right may have been given.
    async fn claim(
        &self,
        key: &TokenKey,
        claim: &TokenClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends the right of `claim`, if it is still the one that has it.
    ///
    /// # Errors
    ///
    /// When the store failed; the right then ends by itself.
    async fn release_claim(&self, key: &TokenKey, claim: &TokenClaim) -> Result<(), StoreError>;
}
