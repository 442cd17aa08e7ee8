//! Refused webhooks in the bucket, and in the table how many there are of each
//! source and hour.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{Captures, StoreError};

use crate::bucket::objects::{Objects, key_part};
use crate::clients::Shared;
use crate::error::AwsError;
use crate::table::attributes::{broken, number, ttl};
use crate::table::items::Table;
use crate::table::keys::bounded;

/// The `sk` of the count of an hour.
const SK: &str = "captured";

/// How long the count of an hour is kept after the hour began.
const COUNTED: SignedDuration = SignedDuration::from_hours(2);

/// Keeps refused requests as objects under `captured/SOURCE/HOUR/`.
#[derive(Clone)]
pub struct S3Captures {
    objects: Objects,
    table: Table,
}

impl S3Captures {
    pub(crate) fn new(shared: Arc<Shared>) -> S3Captures {
        S3Captures { objects: Objects::new(shared.clone()), table: Table::new(shared) }
    }

    /// Returns the number of one more file of the hour `pk`; `None` if there are `most`.
    async fn number(&self, pk: &str, most: u32, end: Timestamp) -> Result<Option<u32>, AwsError> {
        let counted = self
            .table
            .update(
                pk,
                SK,
                "attribute_not_exists(#count) OR #count < :most",
                "SET #ttl = :ttl ADD #count :one",
                [(":most", number(most)), (":one", number(1)), (":ttl", ttl(end))],
            )
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let item = match counted.map_err(AwsError::from) {
            Ok(counted) => counted.attributes.unwrap_or_default(),
            Err(error) if error.refused => return Ok(None),
            Err(error) => return Err(error),
        };
        let count = item.get("count").and_then(|count| count.as_n().ok()?.parse().ok());
        count.map(Some).ok_or_else(|| broken("count", &"it is not a number"))
    }
}

#[async_trait]
impl Captures for S3Captures {
    async fn keep(
        &self,
        source: &str,
        at: Timestamp,
        most: u32,
        file: Bytes,
    ) -> Result<Option<String>, StoreError> {
        let hour = at.strftime("%Y-%m-%dT%H").to_string();
        let end = at.checked_add(COUNTED).unwrap_or(Timestamp::MAX);
        let pk = bounded(format!("captured#{source}#{hour}"));
        let number = self.number(&pk, most, end).await;
        let number = number.map_err(|error| error.during("count a refused request"))?;
        let Some(number) = number else { return Ok(None) };
        let object = format!("captured/{}/{hour}/{number}.request.json", key_part(source));
        let put = self.objects.put(&object, file).await;
        put.map_err(|error| error.during("keep a refused request"))?;
        Ok(Some(object))
    }
}
