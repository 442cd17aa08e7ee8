//! What the last runs of a stream did, in an item of its own: twenty of them are 3 KB, and DynamoDB charges for the
//! whole item with each write. It is written only when it has changed.
//!
//! It is written before the cursor, so that nothing a cursor says lacks in it; a run that has lost its lease may leave a
//! last entry there, which is what it did.

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mef_ports::{PastRun, StreamKey};

use crate::error::AwsError;
use crate::table::attributes::{Item, broken, number, to_attribute, to_json};
use crate::table::items::{AT_ONCE, Table, condition_held};
use crate::table::keys::{bounded, stream_key};

fn pk(source: &str) -> String {
    bounded(format!("cursor-history#{source}"))
}

/// Takes the history out of the item of a cursor, where an older program has kept it.
pub(super) fn take(cursor: &mut Item) -> Option<AttributeValue> {
    match cursor.get_mut("record") {
        Some(AttributeValue::M(record)) => record.remove("history"),
        _ => None,
    }
}

fn read(item: &Item) -> Result<Vec<PastRun>, AwsError> {
    let Some(runs) = item.get("runs") else { return Ok(Vec::new()) };
    let value = to_json(runs).ok_or_else(|| broken("runs", &"it is not JSON"))?;
    serde_json::from_value(value).map_err(|error| broken("runs", &error))
}

impl Table {
    /// Reads the history of a stream.
    pub(super) async fn history(&self, stream: &StreamKey) -> Result<Vec<PastRun>, AwsError> {
        let item = self.get(&pk(&stream.source), &stream_key(stream)).await?;
        item.as_ref().map(read).transpose().map(Option::unwrap_or_default)
    }

    /// Reads the histories of these sources, by the `sk` of their streams.
    pub(super) async fn histories_of_each(
        &self,
        sources: BTreeSet<String>,
    ) -> Result<HashMap<String, Vec<PastRun>>, AwsError> {
        let of_each = sources
            .into_iter()
            .map(|source| async move { self.query(&pk(&source), "", true).await });
        let items: Vec<_> = stream::iter(of_each).buffered(AT_ONCE).try_collect().await?;
        let of = |item: &Item| Some((item.get("sk")?.as_s().ok()?.clone(), read(item)));
        items.iter().flatten().filter_map(of).map(|(sk, runs)| Ok((sk, runs?))).collect()
    }

    /// Remembers the history that was read together with a cursor of the number `fence`.
    pub(super) fn remember(&self, stream: &StreamKey, fence: u64, runs: Vec<PastRun>) {
        let mut known = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(stream.clone(), (fence, runs));
    }

    /// Forgets it: the lease has ended.
    pub(super) fn forget_history(&self, stream: &StreamKey) {
        self.histories.lock().unwrap_or_else(PoisonError::into_inner).remove(stream);
    }

    /// Stores the history for the lease `fence`, unless it is what is stored.
    pub(super) async fn store_history(
        &self,
        stream: &StreamKey,
        fence: u64,
        runs: &[PastRun],
    ) -> Result<(), AwsError> {
        let is_known = {
            let known = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(stream).is_some_and(|(of, known)| *of == fence && known == runs)
        };
        if is_known {
            return Ok(());
        }
        let value = serde_json::to_value(runs).map_err(|error| AwsError::new(error.to_string()))?;
        self.put_history(stream, fence, to_attribute(value)).await?;
        self.remember(stream, fence, runs.to_vec());
        Ok(())
    }

    /// Writes the history for the lease `fence`, unless a newer lease has done so: then the commit that comes next
    /// is refused.
    pub(super) async fn put_history(
        &self,
        stream: &StreamKey,
        fence: u64,
        runs: AttributeValue,
    ) -> Result<(), AwsError> {
        let put = self
            .update(
                &pk(&stream.source),
                &stream_key(stream),
                "attribute_not_exists(#fence) OR #fence <= :fence",
                "SET #fence = :fence, #runs = :runs",
                [(":fence", number(fence)), (":runs", runs)],
            )
            .send()
            .await;
        condition_held(put).map(drop)
    }
}
