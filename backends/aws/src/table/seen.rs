//! The ids for boundary dedupe, in items of their own: what lists cursors does not read them, and a
//! page adds an item and does not write the others again.
//!
//! Which of these items count stands in the cursor's, and changes with it. So an item is written
//! before the cursor is, and dropped after it. What a crash leaves between is an item that nobody
//! reads.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::StreamExt as _;
use futures::stream;
use mef_ports::{SeenId, StreamKey};

use crate::error::AwsError;
use crate::table::attributes::{Item, number};
use crate::table::items::Table;
use crate::table::keys::{key, stream_key};

/// How many items are read or dropped at once.
const AT_ONCE: usize = 16;

/// The number of the item in which an older version kept all ids of a stream.
const OLD: u64 = 0;

/// Returns the numbers of the items that count, by the attributes of the cursor's item.
pub(super) fn numbers(cursor: &Item) -> Vec<u64> {
    let Some(Ok(list)) = cursor.get("seen").map(AttributeValue::as_l) else { return vec![OLD] };
    let number = |number: &AttributeValue| number.as_n().ok()?.parse().ok();
    list.iter().filter_map(number).collect()
}

/// Makes the attribute of a cursor that never had one.
pub(super) fn first() -> AttributeValue {
    list(&[OLD])
}

/// Makes the attribute that [`numbers`] reads.
pub(super) fn list(numbers: &[u64]) -> AttributeValue {
    AttributeValue::L(numbers.iter().map(number).collect())
}

impl Table {
    /// Stores the ids in an item that does not count yet, and returns its number.
    pub(super) async fn put_seen(
        &self,
        stream: &StreamKey,
        ids: &[SeenId],
    ) -> Result<u64, AwsError> {
        let number = fastrand::u64(OLD + 1..);
        let ids = AttributeValue::B(Blob::new(SeenId::pack(ids)));
        let (pk, sk) = names(stream, number);
        self.put(&pk, &sk, [("ids", ids)]).await?;
        Ok(number)
    }

    /// Reads the ids of these items. One that is missing is passed over: a forgotten id is a record
    /// that comes twice.
    pub(super) async fn read_seen(
        &self,
        stream: &StreamKey,
        numbers: Vec<u64>,
    ) -> Result<Vec<SeenId>, AwsError> {
        let reads = numbers.into_iter().map(|number| async move {
            let (pk, sk) = names(stream, number);
            self.get(&pk, &sk).await
        });
        let mut items = stream::iter(reads).buffered(AT_ONCE);
        let mut all = Vec::new();
        while let Some(item) = items.next().await {
            let item = item?.unwrap_or_default();
            if let Some(Ok(ids)) = item.get("ids").map(AttributeValue::as_b) {
                all.append(&mut SeenId::unpack(ids.as_ref()));
            }
        }
        Ok(all)
    }

    /// Drops items that do not count any more. It is no error if one stays.
    pub(super) async fn drop_seen(&self, stream: &StreamKey, numbers: Vec<u64>) {
        let drops = numbers.into_iter().map(|number| async move {
            let (pk, sk) = names(stream, number);
            let key = key(&pk, &sk);
            self.client().delete_item().table_name(self.name()).set_key(Some(key)).send().await
        });
        let mut drops = stream::iter(drops).buffer_unordered(AT_ONCE);
        while let Some(dropped) = drops.next().await {
            if let Err(error) = dropped {
                tracing::debug!(source.id = %stream, error = %AwsError::from(error), "ids that do not count any more stay in the table");
            }
        }
    }
}

/// Returns the `pk` and the `sk` of an item. Each stream has a `pk` of its own, since DynamoDB writes
/// so much to one and no more.
fn names(stream: &StreamKey, number: u64) -> (String, String) {
    match number {
        OLD => ("seen".to_owned(), stream_key(stream)),
        number => (format!("seen#{}", stream_key(stream)), format!("{number:016x}")),
    }
}
