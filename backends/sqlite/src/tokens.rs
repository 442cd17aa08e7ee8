//! Access tokens. The file is readable by its owner alone.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{AccessToken, Secret, StoreError, TokenClaim, TokenKey, Tokens};
use rusqlite::{OptionalExtension as _, params};

use crate::store::Store;
use crate::time::{nanoseconds, optional};

#[async_trait]
impl Tokens for Store {
    async fn get(&self, key: &TokenKey, now: Timestamp) -> Result<Option<AccessToken>, StoreError> {
        let key = key.clone();
        let found = self
            .reader
            .read("read an access token", move |connection| {
                connection
                    .prepare_cached("SELECT token, expires FROM tokens WHERE key = ?1")?
                    .query_row([key.0], |row| {
                        Ok(AccessToken {
                            token: Secret::new(row.get::<_, String>(0)?),
                            expires: optional(row, 1)?,
                        })
                    })
                    .optional()
            })
            .await?;
        Ok(found.filter(|token| token.expires.is_none_or(|expires| expires > now)))
    }

    async fn put(&self, key: &TokenKey, token: &AccessToken) -> Result<(), StoreError> {
        let (key, token) = (key.clone(), token.clone());
        let now = self.clock.now().as_second();
        self.writer
            .write("keep an access token", move |transaction| {
                // A key changes with its credential, so nobody looks for an old one.
                // There are as many keys as credentials: few.
                transaction
                    .prepare_cached("DELETE FROM tokens WHERE unixepoch(expires) <= ?1")?
                    .execute([now])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO tokens (key, token, expires) VALUES (?1, ?2, ?3)
                         ON CONFLICT (key) DO UPDATE SET token = ?2, expires = ?3",
                    )?
                    .execute(params![
                        key.0,
                        token.token.expose(),
                        token.expires.map(|expires| expires.to_string())
                    ])
                    .map(drop)
            })
            .await
    }

    async fn forget(&self, key: &TokenKey, refused: &Secret) -> Result<(), StoreError> {
        let (key, refused) = (key.clone(), refused.clone());
        self.writer
            .write("forget an access token", move |transaction| {
                transaction
                    .prepare_cached("DELETE FROM tokens WHERE key = ?1 AND token = ?2")?
                    .execute([&*key.0, refused.expose()])
                    .map(drop)
            })
            .await
    }

    async fn claim(
        &self,
        key: &TokenKey,
        claim: &TokenClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let (key, claim) = (key.clone(), claim.clone());
        let (now, until) = (nanoseconds(now), nanoseconds(until));
        self.writer
            .write("claim an access token", move |transaction| {
                let rows = transaction
                    .prepare_cached(
                        "INSERT INTO token_claims (key, claim, until_ns) VALUES (?1, ?2, ?3)
                         ON CONFLICT (key) DO UPDATE SET claim = ?2, until_ns = ?3
                         WHERE until_ns <= ?4",
                    )?
                    .execute(params![key.0, claim.0, until, now])?;
                Ok(rows == 1)
            })
            .await
    }

    async fn release_claim(&self, key: &TokenKey, claim: &TokenClaim) -> Result<(), StoreError> {
        let (key, claim) = (key.clone(), claim.clone());
        self.writer
            .write("release an access token", move |transaction| {
                transaction
                    .prepare_cached("DELETE FROM token_claims WHERE key = ?1 AND claim = ?2")?
                    .execute([key.0, claim.0])
                    .map(drop)
            })
            .await
    }
}
