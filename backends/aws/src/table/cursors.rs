//! Cursors and their leases: one item a stream, changed only under conditions.
//!
//! The record is a map in the item, so that a person sees in the console how far
//! a stream has been read. The ids for boundary dedupe are an item of their own:
//! a look at all cursors must not read 300 KB for each.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use jiff::{SignedDuration, Timestamp};
use mef_ports::{
    Commit, CommitError, CursorRecord, Cursors, Lease, LeaseError, SeenId, StoreError,
    StoredCursor, StreamKey,
};

use crate::error::AwsError;
use crate::table::attributes::{stream_key, to_attribute, to_json};
use crate::table::items::{Item, Table, broken, key, moment, names, number, string, text};

/// What cursors are under.
const CURSOR: &str = "cursor";
/// What the ids of each are under.
const SEEN: &str = "seen";

/// Whether a write was done.
enum Written {
    Done,
    /// The condition does not hold.
    Refused,
}

/// What a try for a lease met.
enum Tried {
    Given(u64),
    Held(Timestamp),
}

#[async_trait]
impl Cursors for Table {
    async fn lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, LeaseError> {
        let until = end_of_lease(now, ttl);
        // A request that is sent again because its answer was lost meets the
        // lease that it has got, and knows it by this.
        let holder = format!("{:032x}", fastrand::u128(..));
        let tried = self.past_conflicts(|| self.try_lease(stream, now, until, &holder)).await;
        match tried.map_err(|error| error.during("lease a cursor"))? {
            Tried::Given(fence) => Ok(Lease { stream: stream.clone(), fence, until }),
            Tried::Held(until) => Err(LeaseError::Held { until }),
        }
    }

    async fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, CommitError> {
        let until = end_of_lease(now, ttl);
        let written = self
            .change(
                lease,
                "SET #leased_until = :until, #leased_until_ns = :until_ns",
                names(["fence", "leased_until", "leased_until_ns"]),
                [
                    (":until", string(until.to_string())),
                    (":until_ns", number(until.as_nanosecond())),
                ],
            )
            .await;
        match written.map_err(|error| error.during("renew a lease"))? {
            Written::Done => Ok(Lease { until, ..lease.clone() }),
            Written::Refused => Err(CommitError::LeaseLost),
        }
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let written = self
            .change(
                lease,
                "REMOVE #leased_until, #leased_until_ns, #holder",
                names(["fence", "leased_until", "leased_until_ns", "holder"]),
                [],
            )
            .await;
        written.map(drop).map_err(|error| error.during("release a lease"))
    }

    async fn read(&self, stream: &StreamKey) -> Result<Option<StoredCursor>, StoreError> {
        let item = self.get(CURSOR, &stream_key(stream)).await;
        let cursor = item.and_then(|item| item.as_ref().map(stored).transpose());
        cursor.map_err(|error| error.during("read a cursor"))
    }

    async fn seen(&self, stream: &StreamKey) -> Result<Vec<SeenId>, StoreError> {
        let item = self.get(SEEN, &stream_key(stream)).await;
        let item = item.map_err(|error| error.during("read the seen ids"))?.unwrap_or_default();
        let ids = item.get("ids").and_then(|ids| ids.as_b().ok());
        Ok(ids.map_or(Vec::new(), |ids| SeenId::unpack(ids.as_ref())))
    }

    async fn commit(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        let operation = "commit a cursor";
        let record = attribute(commit.record).map_err(|error| error.during(operation))?;
        let (change, values) = ("SET #record = :record", [(":record", record)]);
        let names = names(["fence", "record"]);
        let written = match commit.seen {
            None => self.change(lease, change, names, values).await,
            Some(seen) => self.change_with_seen(lease, change, names, values, seen).await,
        };
        match written.map_err(|error| error.during(operation))? {
            Written::Done => Ok(()),
            Written::Refused => Err(CommitError::LeaseLost),
        }
    }

    async fn set(&self, stream: &StreamKey, record: &CursorRecord) -> Result<(), StoreError> {
        let done = async {
            let sk = stream_key(stream);
            let update = Update::builder()
                .table_name(self.name())
                .set_key(Some(key(CURSOR, &sk)))
                .update_expression(
                    "SET #record = :record, #source = :source, #partition = :partition
                     REMOVE #leased_until, #leased_until_ns, #holder ADD #fence :one",
                )
                .set_expression_attribute_names(Some(names([
                    "record",
                    "source",
                    "partition",
                    "leased_until",
                    "leased_until_ns",
                    "holder",
                    "fence",
                ])))
                .set_expression_attribute_values(Some(values([
                    (":record", attribute(record)?),
                    (":source", string(&stream.source)),
                    (":partition", string(&stream.partition)),
                    (":one", number(1)),
                ])))
                .build()
                .map_err(unbuilt)?;
            let items = vec![
                TransactWriteItem::builder().update(update).build(),
                self.seen_item(&sk, &[])?,
            ];
            self.past_conflicts(|| self.transact(items.clone())).await
        };
        match done.await {
            Ok(Written::Done) => Ok(()),
            // It has no condition.
            Ok(Written::Refused) => {
                Err(AwsError::new("the condition failed").during("set a cursor"))
            }
            Err(error) => Err(error.during("set a cursor")),
        }
    }

    async fn list(&self) -> Result<Vec<StoredCursor>, StoreError> {
        let operation = "list the cursors";
        let items = self
            .client()
            .query()
            .table_name(self.name())
            .key_condition_expression("#pk = :pk")
            .set_expression_attribute_names(Some(names(["pk"])))
            .expression_attribute_values(":pk", string(CURSOR))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| AwsError::from(error).during(operation))?;
        let cursors = items.iter().map(stored).collect::<Result<Vec<_>, _>>();
        let mut cursors = cursors.map_err(|error| error.during(operation))?;
        // The keys' order is that of escaped text.
        cursors.sort_by(|one, other| one.stream.cmp(&other.stream));
        Ok(cursors)
    }
}

impl Table {
    async fn try_lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        until: Timestamp,
        holder: &str,
    ) -> Result<Tried, AwsError> {
        let tried = self
            .client()
            .update_item()
            .table_name(self.name())
            .set_key(Some(key(CURSOR, &stream_key(stream))))
            .condition_expression(
                "attribute_not_exists(#leased_until_ns) OR #leased_until_ns <= :now
                 OR #holder = :holder",
            )
            .update_expression(
                "SET #fence = if_not_exists(#fence, :none) + :one, #leased_until = :until,
                     #leased_until_ns = :until_ns, #holder = :holder,
                     #source = :source, #partition = :partition",
            )
            .set_expression_attribute_names(Some(names([
                "fence",
                "leased_until",
                "leased_until_ns",
                "holder",
                "source",
                "partition",
            ])))
            .set_expression_attribute_values(Some(values([
                (":now", number(now.as_nanosecond())),
                (":until", string(until.to_string())),
                (":until_ns", number(until.as_nanosecond())),
                (":holder", string(holder)),
                (":source", string(&stream.source)),
                (":partition", string(&stream.partition)),
                (":none", number(0)),
                (":one", number(1)),
            ])))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match tried {
            Ok(given) => Ok(Tried::Given(fence(&given.attributes.unwrap_or_default())?)),
            Err(error) => {
                let held = error.as_service_error().and_then(|error| match error {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(held) => held.item(),
                    _ => None,
                });
                match held.map(|held| moment(held, "leased_until")).transpose()?.flatten() {
                    Some(until) => Ok(Tried::Held(until)),
                    None => Err(error.into()),
                }
            }
        }
    }

    /// Changes the cursor while `lease` is the newest.
    async fn change<const N: usize>(
        &self,
        lease: &Lease,
        change: &str,
        names: HashMap<String, String>,
        new: [(&str, AttributeValue); N],
    ) -> Result<Written, AwsError> {
        let mut values = values(new);
        values.insert(":fence".to_owned(), number(lease.fence));
        let request = self
            .client()
            .update_item()
            .table_name(self.name())
            .set_key(Some(key(CURSOR, &stream_key(&lease.stream))))
            .condition_expression("#fence = :fence")
            .update_expression(change)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        self.past_conflicts(|| async {
            match request.clone().send().await.map_err(AwsError::from) {
                Ok(_) => Ok(Written::Done),
                Err(error) if error.refused => Ok(Written::Refused),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// The same, together with the ids.
    async fn change_with_seen<const N: usize>(
        &self,
        lease: &Lease,
        change: &str,
        names: HashMap<String, String>,
        new: [(&str, AttributeValue); N],
        seen: &[SeenId],
    ) -> Result<Written, AwsError> {
        let sk = stream_key(&lease.stream);
        let mut values = values(new);
        values.insert(":fence".to_owned(), number(lease.fence));
        let update = Update::builder()
            .table_name(self.name())
            .set_key(Some(key(CURSOR, &sk)))
            .condition_expression("#fence = :fence")
            .update_expression(change)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(unbuilt)?;
        let items =
            vec![TransactWriteItem::builder().update(update).build(), self.seen_item(&sk, seen)?];
        self.past_conflicts(|| self.transact(items.clone())).await
    }

    /// Writes the ids, or drops their item where there are none.
    fn seen_item(&self, sk: &str, seen: &[SeenId]) -> Result<TransactWriteItem, AwsError> {
        let mut item = key(SEEN, sk);
        if seen.is_empty() {
            let delete = Delete::builder().table_name(self.name()).set_key(Some(item));
            let delete = delete.build().map_err(unbuilt)?;
            return Ok(TransactWriteItem::builder().delete(delete).build());
        }
        item.insert("ids".to_owned(), AttributeValue::B(Blob::new(SeenId::pack(seen))));
        let put = Put::builder().table_name(self.name()).set_item(Some(item));
        Ok(TransactWriteItem::builder().put(put.build().map_err(unbuilt)?).build())
    }

    /// Both or neither. Tries of one request are one transaction to DynamoDB:
    /// the SDK gives it a token.
    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Written, AwsError> {
        let request = self.client().transact_write_items().set_transact_items(Some(items));
        let Err(error) = request.send().await else { return Ok(Written::Done) };
        let codes: Vec<String> = error
            .as_service_error()
            .and_then(|error| match error {
                aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                    Some(cancelled.cancellation_reasons())
                }
                _ => None,
            })
            .unwrap_or_default()
            .iter()
            .filter_map(|reason| reason.code().map(str::to_owned))
            .collect();
        if codes.iter().any(|code| code == "ConditionalCheckFailed") {
            return Ok(Written::Refused);
        }
        let mut error = AwsError::from(error);
        error.conflict |= codes.iter().any(|code| code == "TransactionConflict");
        Err(error)
    }
}

fn end_of_lease(now: Timestamp, ttl: Duration) -> Timestamp {
    let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
    now.checked_add(ttl).unwrap_or(Timestamp::MAX)
}

fn values<const N: usize>(values: [(&str, AttributeValue); N]) -> HashMap<String, AttributeValue> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn attribute(record: &CursorRecord) -> Result<AttributeValue, AwsError> {
    let value = serde_json::to_value(record);
    Ok(to_attribute(value.map_err(|error| AwsError::new(error.to_string()))?))
}

fn stored(item: &Item) -> Result<StoredCursor, AwsError> {
    let part =
        |name| text(item, name).map(str::to_owned).ok_or_else(|| broken(name, &"it is missing"));
    let record = item.get("record").map(|record| {
        let value = to_json(record).ok_or_else(|| broken("record", &"it is no JSON"))?;
        serde_json::from_value(value).map_err(|error| broken("record", &error))
    });
    Ok(StoredCursor {
        stream: StreamKey { source: part("source")?, partition: part("partition")? },
        record: record.transpose()?.unwrap_or_default(),
        fence: fence(item)?,
        leased_until: moment(item, "leased_until")?,
    })
}

fn fence(item: &Item) -> Result<u64, AwsError> {
    let fence = item.get("fence").and_then(|fence| fence.as_n().ok());
    let fence = fence.ok_or_else(|| broken("fence", &"it is missing"))?;
    fence.parse().map_err(|error: std::num::ParseIntError| broken("fence", &error))
}

fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> AwsError {
    AwsError::new(error.to_string())
}
