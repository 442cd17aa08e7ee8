//! Limits by credential.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Limits, StoreError};

use crate::table::attributes::{moment, number, string, ttl};
use crate::table::items::{Table, condition_held};
use crate::table::keys::bounded;

/// The `sk` of a limit.
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
            .update(
                &pk(credential),
                SK,
                "attribute_not_exists(#until_ns) OR #until_ns < :until_ns",
                "SET #until = :until, #until_ns = :until_ns, #ttl = :ttl",
                [
                    (":until", string(until.to_string())),
                    (":until_ns", number(until.as_nanosecond())),
                    (":ttl", ttl(until)),
                ],
            )
            .send()
            .await;
        // If the condition fails, it is already held back for as long, or longer.
        condition_held(held).map(drop).map_err(|error| error.during("hold a credential back"))
    }

    async fn lift(&self, credential: &str) -> Result<(), StoreError> {
        let over = Timestamp::UNIX_EPOCH;
        let lifted = self
            .update(
                &pk(credential),
                SK,
                "attribute_exists(#until_ns)",
                "SET #until = :until, #until_ns = :until_ns, #ttl = :ttl",
                [
                    (":until", string(over.to_string())),
                    (":until_ns", number(over.as_nanosecond())),
                    (":ttl", ttl(over)),
                ],
            )
            .send()
            .await;
        // If the condition fails, there is no limit.
        condition_held(lifted).map(drop).map_err(|error| error.during("take a limit back"))
    }
}

fn pk(credential: &str) -> String {
    bounded(format!("limit#{credential}"))
}
