//! Access tokens. The table is encrypted, and only the poller may read it.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{AccessToken, Secret, StoreError, TokenClaim, TokenKey, Tokens};

use crate::error::AwsError;
use crate::table::attributes::bounded;
use crate::table::items::{Table, key as item_key, moment, names, number, string, text, ttl};

/// A key has one item for its token,
const SK: &str = "token";
/// and one for whoever asks for it.
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
            .client()
            .update_item()
            .table_name(self.name())
            .set_key(Some(item_key(&pk(key), CLAIM)))
            .condition_expression("attribute_not_exists(#until_ns) OR #until_ns <= :now_ns")
            .update_expression("SET #claim = :claim, #until_ns = :until_ns, #ttl = :ttl")
            .set_expression_attribute_names(Some(names(["claim", "until_ns", "ttl"])))
            .expression_attribute_values(":claim", string(&*claim.0))
            .expression_attribute_values(":now_ns", number(now.as_nanosecond()))
            .expression_attribute_values(":until_ns", number(until.as_nanosecond()))
            .expression_attribute_values(":ttl", ttl(until))
            .send()
            .await;
        match claimed.map_err(AwsError::from) {
            Ok(_) => Ok(true),
            Err(error) if error.refused => Ok(false),
            Err(error) => Err(error.during("claim an access token")),
        }
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
        attribute: &'static str,
        value: &str,
    ) -> Result<(), AwsError> {
        let deleted = self
            .client()
            .delete_item()
            .table_name(self.name())
            .set_key(Some(item_key(&pk(key), sk)))
            .condition_expression(format!("#{attribute} = :value"))
            .set_expression_attribute_names(Some(names([attribute])))
            .expression_attribute_values(":value", string(value))
            .send()
            .await;
        match deleted.map_err(AwsError::from) {
            Ok(_) => Ok(()),
            // Another has taken its place.
            Err(error) if error.refused => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn pk(key: &TokenKey) -> String {
    bounded(format!("token#{}", key.0))
}
