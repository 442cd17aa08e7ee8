//! Access tokens. The table is encrypted, and only the poller may read it.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{AccessToken, Secret, StoreError, TokenClaim, TokenKey, Tokens};

use crate::error::AwsError;
use crate::table::attributes::{moment, names, number, string, text, ttl};
use crate::table::items::{Table, condition_held};
use crate::table::keys::{bounded, key as item_key};

/// The `sk` of a token.
const SK: &str = "token";
/// The `sk` of the claim of a process that requests the token.
const CLAIM: &str = "claim";

#[async_trait]
impl Tokens for Table {
    async fn get(&self, key: &TokenKey, now: Timestamp) -> Result<Option<AccessToken>, StoreError> {
        let read = async {
            let Some(item) = self.get(&pk(key), SK).await? else { return Ok(None) };
            let Some(token) = text(&item, "token") else { return Ok(None) };
            Ok(Some(AccessToken { token: Secret::new(token), expires: moment(&item, "expires")? }))
        };
        let found = read.await.map_err(|error: AwsError| error.during("read an access token"))?;
        Ok(found.filter(|token| token.expires.is_none_or(|expires| expires > now)))
    }

    async fn put(&self, key: &TokenKey, token: &AccessToken) -> Result<(), StoreError> {
        let mut attributes = vec![("token", string(token.token.expose()))];
        if let Some(expires) = token.expires {
            attributes.extend([("expires", string(expires.to_string())), ("ttl", ttl(expires))]);
        }
        self.put(&pk(key), SK, attributes)
            .await
            .map_err(|error| error.without(token.token.expose()).during("keep an access token"))
    }

    async fn forget(&self, key: &TokenKey, refused: &Secret) -> Result<(), StoreError> {
        self.delete_if(key, SK, "token", refused.expose())
            .await
            .map_err(|error| error.without(refused.expose()).during("forget an access token"))
    }

    async fn claim(
        &self,
        key: &TokenKey,
        claim: &TokenClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let claimed = self
            .update(
                &pk(key),
                CLAIM,
                "attribute_not_exists(#until_ns) OR #until_ns <= :now_ns",
                "SET #claim = :claim, #until_ns = :until_ns, #ttl = :ttl",
                [
                    (":claim", string(&*claim.0)),
                    (":now_ns", number(now.as_nanosecond())),
                    (":until_ns", number(until.as_nanosecond())),
                    (":ttl", ttl(until)),
                ],
            )
            .send()
            .await;
        condition_held(claimed).map_err(|error| error.during("claim an access token"))
    }

    async fn release_claim(&self, key: &TokenKey, claim: &TokenClaim) -> Result<(), StoreError> {
        let released = self.delete_if(key, CLAIM, "claim", &claim.0).await;
        released.map_err(|error| error.during("release an access token"))
    }
}

impl Table {
    /// Deletes the item if its attribute still has this value.
    async fn delete_if(
        &self,
        key: &TokenKey,
        sk: &str,
        attribute: &str,
        value: &str,
    ) -> Result<(), AwsError> {
        let condition = format!("#{attribute} = :value");
        let deleted = self
            .client()
            .delete_item()
            .table_name(self.name())
            .set_key(Some(item_key(&pk(key), sk)))
            .set_expression_attribute_names(Some(names(&[&condition])))
            .condition_expression(condition)
            .expression_attribute_values(":value", string(value))
            .send()
            .await;
        // If it has another value by now, it is not ours to delete.
        condition_held(deleted).map(drop)
    }
}

fn pk(key: &TokenKey) -> String {
    bounded(format!("token#{}", key.0))
}
