//! What is stored already, and has to be read for ever.
//!
//! Every backend has files in `tests/stored` that an earlier version of its code
//! wrote. They hold the values that are named here, and are never written again.
//! A new written form gets new files beside them.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    BlobKey, Blobs, Cursors, DeadLetters, Deliveries, DeliveryKey, Limits, SeenId, StreamKey,
    TokenKey, Tokens,
};

const CURSORS: &str = include_str!("stored_cursors.json");
const LETTERS: &str = include_str!("stored_letters.json");

/// A cursor of `stored_cursors.json`.
#[derive(Deserialize)]
struct Cursor {
    source: String,
    partition: String,
    fence: u64,
    leased_until: Option<Timestamp>,
    /// The record, as every backend writes it.
    record: Value,
    /// Times and hashes.
    seen: Vec<(i64, u64)>,
}

/// The ports of a backend that an earlier version has written to.
pub struct Stored<'a, T> {
    /// Cursors, delivery marks, tokens and limits.
    pub table: &'a T,
    /// Dead letters.
    pub dead_letters: &'a dyn DeadLetters,
    /// Blobs.
    pub blobs: &'a dyn Blobs,
}

impl<T: Cursors + Deliveries + Tokens + Limits> Stored<'_, T> {
    /// When the mark, the limit, the claim and one of the tokens end.
    pub fn end() -> Timestamp {
        "2026-11-24T10:00:00.5Z".parse().expect("a time")
    }

    /// The token that ends, and that somebody has claimed.
    pub fn token() -> TokenKey {
        TokenKey("with-end".to_owned())
    }

    /// Reads everything and compares it.
    pub async fn is_read(&self) {
        self.cursors_are_read().await;
        self.marks_are_read().await;
        let expected: Vec<Value> = serde_json::from_str(LETTERS).expect("letters");
        let letters = self.dead_letters.list(None, usize::MAX).await.expect("a list");
        assert_eq!(serde_json::to_value(letters).expect("letters"), Value::from(expected));
        let blob = self.blobs.get(&BlobKey("pages/okta/1".to_owned())).await.expect("a look");
        assert_eq!(blob, Some(Bytes::from_static(b"bytes\0")));
    }

    async fn cursors_are_read(&self) {
        let expected: Vec<Cursor> = serde_json::from_str(CURSORS).expect("cursors");
        let listed = self.table.list().await.expect("a list");
        assert_eq!(listed.len(), expected.len());
        for (cursor, listed) in expected.into_iter().zip(listed) {
            let stream = StreamKey { source: cursor.source, partition: cursor.partition };
            let read = self.table.read(&stream).await.expect("a look");
            assert_eq!(read.as_ref(), Some(&listed));
            let record = serde_json::to_value(&listed.record).expect("a record");
            assert_eq!(
                (listed.stream, listed.fence, listed.leased_until, record),
                (stream.clone(), cursor.fence, cursor.leased_until, cursor.record)
            );
            let seen = cursor.seen.iter().map(|&(time_ms, hash)| SeenId { time_ms, hash });
            let found = self.table.seen(&stream).await.expect("a look");
            assert_eq!(found, seen.collect::<Vec<_>>(), "{stream}");
        }
    }

    async fn marks_are_read(&self) {
        let (table, end) = (self.table, Self::end());
        let before = end.checked_sub(std::time::Duration::from_millis(1)).expect("a time");
        let delivery = DeliveryKey {
            source: "okta".to_owned(),
            delivery_id: "d/1".to_owned(),
            body_sha256: "ab".repeat(32),
        };
        assert!(table.is_done(&delivery, before).await.expect("a look"));
        assert!(!table.is_done(&delivery, end).await.expect("a look"));
        for (key, value, expires) in
            [(Self::token(), "t-1", Some(end)), (TokenKey("endless".to_owned()), "t-2", None)]
        {
            let found = Tokens::get(table, &key, before).await.expect("a look").expect("a token");
            assert_eq!((found.token.expose(), found.expires), (value, expires));
        }
        assert!(Tokens::get(table, &Self::token(), end).await.expect("a look").is_none());
        let limit = table.not_before("okta/api_token", before).await.expect("a look");
        assert_eq!(limit, Some(end));
    }
}
