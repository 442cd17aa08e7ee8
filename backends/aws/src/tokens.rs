//! Access tokens. The table is encrypted, and only the poller may read it.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{AccessToken, Secret, StoreError, TokenKey, Tokens};

use crate::error::AwsError;
use crate::item::bounded;
use crate::table::{Table, key as item_key, moment, string, text, ttl};

/// A key has one item.
const SK: &str = "token";

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

    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        let request = self.client().delete_item().table_name(self.name());
        match request.set_key(Some(item_key(&pk(key), SK))).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(AwsError::from(error).during("forget an access token")),
        }
    }
}

fn pk(key: &TokenKey) -> String {
    bounded(format!("token#{}", key.0))
}
