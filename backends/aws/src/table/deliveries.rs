//! Marks of deliveries that are done, one item each. A hash spreads them over the
//! table: a vendor that repeats everything at once must not meet the limit of one
//! partition.

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use mef_ports::{Deliveries, DeliveryKey, Receipt, StoreError};

use crate::table::attributes::{moment, string, ttl};
use crate::table::items::Table;

/// The `sk` of a mark.
const SK: &str = "mark";

#[async_trait]
impl Deliveries for Table {
    async fn is_done(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let item = self.get(&pk(key), SK).await;
        let expires = item.and_then(|item| moment(&item.unwrap_or_default(), "expires"));
        let expires = expires.map_err(|error| error.during("look for a delivery"))?;
        Ok(expires.is_some_and(|expires| expires > now))
    }

    async fn mark_done(
        &self,
        key: &DeliveryKey,
        expires: Timestamp,
        _: &Receipt,
    ) -> Result<(), StoreError> {
        let attributes = [("expires", string(expires.to_string())), ("ttl", ttl(expires))];
        let put = self.put(&pk(key), SK, attributes).await;
        put.map_err(|error| error.during("mark a delivery as done"))
    }
}

/// Hashes the id: a vendor's may be long and hold anything.
fn pk(key: &DeliveryKey) -> String {
    let mut hash = Context::new(&SHA256);
    for part in [&key.delivery_id, &key.body_sha256] {
        // With their lengths, no two pairs are the same bytes.
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("delivery#{}#{}", key.source, hex::encode(hash.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_id_ends_counts() {
        let key = |delivery_id: &str, body_sha256: &str| DeliveryKey {
            source: "acme".to_owned(),
            delivery_id: delivery_id.to_owned(),
            body_sha256: body_sha256.to_owned(),
        };
        assert_ne!(pk(&key("ab", "c")), pk(&key("a", "bc")));
        assert!(pk(&key("a", "b")).starts_with("delivery#acme#"));
    }
}
