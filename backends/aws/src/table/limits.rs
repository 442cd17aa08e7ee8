//! Limits by credential.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Limits, StoreError};

use crate::error::AwsError;
use crate::table::attributes::bounded;
use crate::table::items::{Table, key, moment, names, number, string, ttl};

/// A credential has one item.
const SK: &str = "limit";

#[async_trait]
impl Limits for Table {
    async fn not_before(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(&pk(credential), SK).await;
        let until = item.and_then(|item| moment(&item.unwrap_or_default(), "until"));
        let until = until.map_err(|error| error.during("look for a limit"))?;
        Ok(until.filter(|until| *until > now))
    }

    async fn hold(&self, credential: &str, until: Timestamp) -> Result<(), StoreError> {
        let held = self
            .client()
            .update_item()
            .table_name(self.name())
            .set_key(Some(key(&pk(credential), SK)))
            .condition_expression("attribute_not_exists(#until_ns) OR #until_ns < :until_ns")
            .update_expression("SET #until = :until, #until_ns = :until_ns, #ttl = :ttl")
            .set_expression_attribute_names(Some(names(["until", "until_ns", "ttl"])))
            .expression_attribute_values(":until", string(until.to_string()))
            .expression_attribute_values(":until_ns", number(until.as_nanosecond()))
            .expression_attribute_values(":ttl", ttl(until))
            .send()
            .await;
        match held.map_err(AwsError::from) {
            Ok(_) => Ok(()),
            // It is already held back for as long, or longer.
            Err(error) if error.refused => Ok(()),
            Err(error) => Err(error.during("hold a credential back")),
        }
    }
}

fn pk(credential: &str) -> String {
    bounded(format!("limit#{credential}"))
}
