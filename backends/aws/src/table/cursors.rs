//! Cursors and their leases: one item for each stream, changed only under conditions.
//!
//! The record is a map in the item, so that a person sees in the console how far a
//! stream has been read. DynamoDB charges for each KB of it with every write, so what is large or rarely changes is in
//! items of its own: the ids for boundary dedupe in `seen.rs`, what the last runs did in `history.rs`. Below which keys
//! cursors are is in `directory.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures::future;
use jiff::Timestamp;
use mef_ports::moment::after;
use mef_ports::{
    Commit, CommitError, CursorRecord, Cursors, LONGEST_LEASE, Lease, LeaseError, PastRun,
    SeenChange, SeenId, StoreError, StoredCursor, StreamKey,
};

use crate::error::AwsError;
use crate::table::attributes::{
    Item, broken, fence, moment, names, number, string, text, to_attribute, to_json, values,
};
use crate::table::directory::pk;
use crate::table::items::{Table, condition_held};
use crate::table::keys::{key, stream_key};
use crate::table::seen;

/// The condition under which a run that holds a lease may write.
const LEASE_HELD: &str = "#fence = :fence";
/// Ends a lease.
const RELEASE: &str = "REMOVE #leased_until, #leased_until_ns, #holder";

#[async_trait]
impl Cursors for Table {
    async fn lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, LeaseError> {
        let until = after(now, ttl);
        let too_far = after(now, LONGEST_LEASE);
        // A request whose response was lost is sent again. By this it knows the lease
        // that it has already got.
        let holder = format!("{:032x}", fastrand::u128(..));
        let leased = async {
            let times = (now, too_far);
            if let Some(leased) = self.try_lease(stream, times, until, &holder).await? {
                return Ok(leased);
            }
            if let Some(until) = self.make_cursor(stream, Some(times)).await? {
                return Ok(Err(until));
            }
            let leased = self.try_lease(stream, times, until, &holder).await?;
            leased.ok_or_else(|| AwsError::away("the cursor was dropped meanwhile"))
        };
        match leased.await.map_err(|error: AwsError| error.during("lease a cursor"))? {
            Ok(fence) => Ok(Lease { stream: stream.clone(), fence, until }),
            Err(until) => Err(LeaseError::Held { until }),
        }
    }

    async fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, CommitError> {
        let until = after(now, ttl);
        let change = "SET #leased_until = :until, #leased_until_ns = :until_ns";
        let new =
            [(":until", string(until.to_string())), (":until_ns", number(until.as_nanosecond()))];
        let renewed = self.change(lease, change, new).send().await;
        renewed.map_err(|error| commit_error(error.into(), "renew a lease"))?;
        Ok(Lease { until, ..lease.clone() })
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let released = self.change(lease, RELEASE, []).send().await;
        self.forget_history(&lease.stream);
        // If the condition did not hold, another run has taken the lease.
        condition_held(released).map(drop).map_err(|error| error.during("release a lease"))
    }

    async fn read(&self, stream: &StreamKey) -> Result<Option<StoredCursor>, StoreError> {
        let read = async {
            let (item, runs) =
                future::try_join(self.cursor_item(stream), self.history(stream)).await?;
            let Some(item) = item else { return Ok(None) };
            let mut cursor = stored(&item)?;
            add_history(&mut cursor, runs);
            self.remember(stream, cursor.fence, cursor.record.history.clone());
            Ok(Some(cursor))
        };
        read.await.map_err(|error: AwsError| error.during("read a cursor"))
    }

    async fn seen(&self, stream: &StreamKey) -> Result<Vec<SeenId>, StoreError> {
        let seen = async {
            let cursor = self.cursor_item(stream).await?.unwrap_or_default();
            self.read_seen(stream, seen::numbers(&cursor)).await
        };
        seen.await.map_err(|error| error.during("read the seen ids"))
    }

    async fn commit(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        let committed = self.store(lease, commit, "").await;
        committed.map_err(|error| commit_error(error, "commit a cursor"))
    }

    async fn commit_last(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        let committed = self.store(lease, commit, RELEASE).await;
        self.forget_history(&lease.stream);
        committed.map_err(|error| commit_error(error, "commit a cursor"))
    }

    async fn set(&self, stream: &StreamKey, record: &CursorRecord) -> Result<(), StoreError> {
        let change = format!(
            "SET #record = :record, #source = :source, #partition = :partition, #seen = :seen {RELEASE} \
             ADD #fence :one"
        );
        let set = async {
            if self.get(&pk(&stream.source), &stream_key(stream)).await?.is_none() {
                self.make_cursor(stream, None).await?;
            }
            let set = self.client().update_item().table_name(self.name());
            let set = set
                .set_key(Some(key(&pk(&stream.source), &stream_key(stream))))
                .update_expression(&change)
                .set_expression_attribute_names(Some(names(&[&change])))
                .set_expression_attribute_values(Some(values([
                    (":record", attribute(record)?),
                    (":source", string(&stream.source)),
                    (":partition", string(&stream.partition)),
                    (":seen", seen::list(&[])),
                    (":one", number(1)),
                ])))
                .return_values(ReturnValue::AllOld);
            let old = set.send().await?.attributes.unwrap_or_default();
            self.store_history(stream, fence(&old)?.saturating_add(1), &record.history).await?;
            self.forget_history(stream);
            self.drop_seen(stream, seen::numbers(&old)).await;
            Ok::<_, AwsError>(())
        };
        set.await.map_err(|error| error.during("set a cursor"))
    }

    async fn list(&self) -> Result<Vec<StoredCursor>, StoreError> {
        let list = async {
            let items = self.all_cursor_items().await?;
            let mut cursors = items.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
            let sources: BTreeSet<_> =
                cursors.iter().map(|cursor| cursor.stream.source.clone()).collect();
            let mut histories = self.histories_of_each(sources).await?;
            for cursor in &mut cursors {
                let runs = histories.remove(&stream_key(&cursor.stream));
                add_history(cursor, runs.unwrap_or_default());
            }
            // DynamoDB sorts by the escaped key.
            cursors.sort_by(|one, other| one.stream.cmp(&other.stream));
            Ok(cursors)
        };
        list.await.map_err(|error: AwsError| error.during("list the cursors"))
    }

    async fn list_of(&self, source: &str) -> Result<Vec<StoredCursor>, StoreError> {
        let list = async {
            let items = self.cursor_items(source, false).await?;
            let mut cursors = items.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
            cursors.sort_by(|one, other| one.stream.cmp(&other.stream));
            Ok(cursors)
        };
        list.await.map_err(|error: AwsError| error.during("list the cursors of a source"))
    }
}

impl Table {
    /// Returns the fence of the new lease, or when the lease of another run ends; `None` if there is no item yet.
    /// One that ends after `too_far` is nobody's.
    async fn try_lease(
        &self,
        stream: &StreamKey,
        (now, too_far): (Timestamp, Timestamp),
        until: Timestamp,
        holder: &str,
    ) -> Result<Option<Result<u64, Timestamp>>, AwsError> {
        let leased = self
            .update(
                &pk(&stream.source),
                &stream_key(stream),
                "attribute_exists(#fence) AND (attribute_not_exists(#leased_until_ns)
                 OR #leased_until_ns <= :now OR #leased_until_ns > :too_far OR #holder = :holder)",
                "SET #fence = #fence + :one, #leased_until = :until,
                     #leased_until_ns = :until_ns, #holder = :holder",
                [
                    (":now", number(now.as_nanosecond())),
                    (":too_far", number(too_far.as_nanosecond())),
                    (":until", string(until.to_string())),
                    (":until_ns", number(until.as_nanosecond())),
                    (":holder", string(holder)),
                    (":one", number(1)),
                ],
            )
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match leased {
            Ok(leased) => return Ok(Some(Ok(fence(&leased.attributes.unwrap_or_default())?))),
            Err(error) => error,
        };
        let held = held_item(&error).map(|held| moment(held, "leased_until")).transpose()?;
        let error = AwsError::from(error);
        match held {
            Some(Some(until)) => Ok(Some(Err(until))),
            None if error.refused => Ok(None),
            _ => Err(error),
        }
    }

    /// Stores what a run commits under its lease, and changes the item as `also` says.
    async fn store(&self, lease: &Lease, commit: Commit<'_>, also: &str) -> Result<(), AwsError> {
        let record = (":record", attribute(commit.record)?);
        let stream = &lease.stream;
        self.store_history(stream, lease.fence, &commit.record.history).await?;
        match commit.seen {
            SeenChange::Keep | SeenChange::Add([]) => {
                let change = format!("SET #record = :record {also}");
                self.change(lease, &change, [record]).send().await?;
            }
            SeenChange::Add(ids) => {
                let added = [self.put_seen(stream, ids).await?];
                let new = [record, (":first", seen::first()), (":seen", seen::list(&added))];
                let change = format!(
                    "SET #record = :record, #seen = list_append(if_not_exists(#seen, :first), :seen) {also}"
                );
                let changed = self.change(lease, &change, new).send().await;
                self.counted(stream, changed, &added).await?;
            }
            SeenChange::Replace(ids) => {
                let mut numbers = Vec::new();
                if !ids.is_empty() {
                    numbers.push(self.put_seen(stream, ids).await?);
                }
                let new = [record, (":seen", seen::list(&numbers))];
                let change = format!("SET #record = :record, #seen = :seen {also}");
                let change = self.change(lease, &change, new);
                let changed = change.return_values(ReturnValue::UpdatedOld).send().await;
                let old = self.counted(stream, changed, &numbers).await?;
                let mut old = seen::numbers(&old);
                // A request whose response was lost is sent again, and finds what it has written.
                old.retain(|number| !numbers.contains(number));
                self.drop_seen(stream, old).await;
            }
        }
        Ok(())
    }

    /// Returns what a change of the cursor gave. If it was refused, the items of ids that were
    /// written for it are dropped: nobody will read them.
    async fn counted(
        &self,
        stream: &StreamKey,
        changed: Result<UpdateItemOutput, SdkError<UpdateItemError>>,
        numbers: &[u64],
    ) -> Result<Item, AwsError> {
        let error = match changed {
            Ok(changed) => return Ok(changed.attributes.unwrap_or_default()),
            Err(error) => error,
        };
        // A last commit whose response was lost is sent again, and refused if another run has taken the lease that it
        // ended. What the cursor names was stored.
        let counts = held_item(&error).map(seen::numbers).unwrap_or_default();
        let error = AwsError::from(error);
        if error.refused {
            let unread = numbers.iter().copied().filter(|number| !counts.contains(number));
            self.drop_seen(stream, unread.collect()).await;
        }
        Err(error)
    }

    /// Returns a request that changes the cursor while `lease` is the newest.
    fn change<const N: usize>(
        &self,
        lease: &Lease,
        change: &str,
        new: [(&str, AttributeValue); N],
    ) -> UpdateItemFluentBuilder {
        self.update(&pk(&lease.stream.source), &stream_key(&lease.stream), LEASE_HELD, change, new)
            .expression_attribute_values(":fence", number(lease.fence))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// Returns the item for which the condition of a change did not hold.
fn held_item(error: &SdkError<UpdateItemError>) -> Option<&Item> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(held)) => held.item(),
        _ => None,
    }
}

/// Tells a lost lease from a store that failed.
fn commit_error(error: AwsError, operation: &'static str) -> CommitError {
    if error.refused { CommitError::LeaseLost } else { error.during(operation).into() }
}

/// Makes the attribute of a record, without its history.
fn attribute(record: &CursorRecord) -> Result<AttributeValue, AwsError> {
    let mut value =
        serde_json::to_value(record).map_err(|error| AwsError::new(error.to_string()))?;
    if let Some(record) = value.as_object_mut() {
        record.remove("history");
    }
    Ok(to_attribute(value))
}

/// Gives the cursor its history. One that an older program stored has it in the record.
fn add_history(cursor: &mut StoredCursor, runs: Vec<PastRun>) {
    if cursor.record.history.is_empty() {
        cursor.record.history = runs;
    }
}

fn stored(item: &Item) -> Result<StoredCursor, AwsError> {
    let part =
        |name| text(item, name).map(str::to_owned).ok_or_else(|| broken(name, &"it is missing"));
    let record = item.get("record").map(|record| {
        let value = to_json(record).ok_or_else(|| broken("record", &"it is not JSON"))?;
        serde_json::from_value(value).map_err(|error| broken("record", &error))
    });
    Ok(StoredCursor {
        stream: StreamKey { source: part("source")?, partition: part("partition")? },
        record: record.transpose()?.unwrap_or_default(),
        fence: fence(item)?,
        leased_until: moment(item, "leased_until")?,
    })
}
