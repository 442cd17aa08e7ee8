//! How far each stream has been read, and who reads it now.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::cursor_record::CursorRecord;
use crate::error::StoreError;

/// One stream of records: a source, or one partition of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    /// The source's name.
    pub source: String,
    /// The partition within the source; empty if it has none.
    pub partition: String,
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if !self.partition.is_empty() {
            write!(f, "/{}", self.partition)?;
        }
        Ok(())
    }
}

/// An id that was delivered, and the time of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenId {
    /// The record's time in milliseconds since the epoch, and above its 42 bits the content: see
    /// [`SeenId::with_content`].
    pub time_ms: i64,
    /// 64 bits of a hash of its id.
    pub hash: u64,
}

impl SeenId {
    /// How many bytes one id is packed into: its time, then its hash.
    const PACKED: usize = 16;
    /// How many bits of a time are read where there is a content: until the year 2109.
    const TIME_BITS: u32 = 42;
    /// The largest content.
    pub const MOST_CONTENT: u32 = (1 << 21) - 1;

    /// Returns the id with up to 21 bits of what its record says, which tell it from others with the same
    /// id and time. Ids that were stored without have 0.
    pub fn with_content(self, content: u32) -> SeenId {
        let fits = content <= SeenId::MOST_CONTENT && self.time_ms >> SeenId::TIME_BITS == 0;
        let above = if fits { i64::from(content) << SeenId::TIME_BITS } else { 0 };
        SeenId { time_ms: self.time_ms | above, ..self }
    }

    /// Returns the record's time in milliseconds since the epoch, and the content.
    pub fn time_and_content(&self) -> (i64, u32) {
        if self.time_ms < 0 {
            return (self.time_ms, 0);
        }
        let time_ms = self.time_ms & ((1 << SeenId::TIME_BITS) - 1);
        (time_ms, u32::try_from(self.time_ms >> SeenId::TIME_BITS).unwrap_or_default())
    }

    /// Returns the bytes that every backend stores for `ids`.
    pub fn pack(ids: &[SeenId]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ids.len() * SeenId::PACKED);
        for id in ids {
            bytes.extend_from_slice(&id.time_ms.to_be_bytes());
            bytes.extend_from_slice(&id.hash.to_be_bytes());
        }
        bytes
    }

    /// Returns the ids of [`SeenId::pack`]. Bytes that are no whole id are left out: a forgotten id is a
    /// record that comes twice, never one that is lost.
    pub fn unpack(bytes: &[u8]) -> Vec<SeenId> {
        bytes
            .chunks_exact(SeenId::PACKED)
            .filter_map(|chunk| {
                let (time, hash) = chunk.split_at_checked(SeenId::PACKED / 2)?;
                Some(SeenId {
                    time_ms: i64::from_be_bytes(time.try_into().ok()?),
                    hash: u64::from_be_bytes(hash.try_into().ok()?),
                })
            })
            .collect()
    }
}

/// The exclusive right to move a stream's cursor, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The stream.
    pub stream: StreamKey,
    /// The fencing number: every new lease, and every `set`, has a higher one.
    pub fence: u64,
    /// When it ends, unless it is renewed.
    pub until: Timestamp,
}

/// A cursor with its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCursor {
    /// The stream.
    pub stream: StreamKey,
    /// The record.
    pub record: CursorRecord,
    /// The highest fencing number given so far.
    pub fence: u64,
    /// Until when somebody holds the lease, if anybody does.
    pub leased_until: Option<Timestamp>,
}

/// Why no lease was given.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another run holds it.
    #[error("another run holds the lease until {until}")]
    Held {
        /// When that lease ends.
        until: Timestamp,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a commit or a renewal was not done.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The lease has gone to another run, or the cursor was set by hand.
    #[error("the lease is lost: another run took the stream over or its cursor was set by hand")]
    LeaseLost,
    /// The store failed: whether the commit was done is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one commit stores.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// The cursor.
    pub record: &'a CursorRecord,
    /// What becomes of the ids for boundary dedupe.
    pub seen: SeenChange<'a>,
}

/// What a commit does with the ids for boundary dedupe. There may be many of them, so that a page
/// adds its own and does not write the others again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenChange<'a> {
    /// They stay as they are.
    Keep,
    /// These come after those that are stored.
    Add(&'a [SeenId]),
    /// These are stored, and no others.
    Replace(&'a [SeenId]),
}

/// No lease lasts longer than this. One that ends later from now was taken when a clock was wrong.
pub const LONGEST_LEASE: Duration = Duration::from_secs(3_600);

/// Keeps cursors, and lets one run at a time move each.
#[async_trait]
pub trait Cursors: Send + Sync {
    /// Gives the lease of `stream` until `now + ttl`, with a new and higher fencing number, if
    /// nobody holds an unexpired one at `now`. One that ends later than [`LONGEST_LEASE`] after
    /// `now` holds nobody off: its fencing number no longer counts.
    ///
    /// # Errors
    ///
    /// Fails with [`LeaseError::Held`] while another run holds it.
    async fn lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, LeaseError>;

    /// Moves the end of `lease` to `now + ttl`.
    ///
    /// A lease that has run out but that nobody else took is still good.
    ///
    /// # Errors
    ///
    /// Fails with [`CommitError::LeaseLost`] if a higher fencing number was given.
    async fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, CommitError>;

    /// Ends `lease` now, if it is still the newest.
    ///
    /// # Errors
    ///
    /// Fails if the store does; the lease then ends by itself.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Returns the cursor of `stream`, or `None` if it never had one.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn read(&self, stream: &StreamKey) -> Result<Option<StoredCursor>, StoreError>;

    /// Returns the ids stored for boundary dedupe, in the order in which they were added. One that was
    /// added again is there twice, and the later counts.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn seen(&self, stream: &StreamKey) -> Result<Vec<SeenId>, StoreError>;

    /// Stores the cursor and the seen ids together, if `lease` is the newest.
    ///
    /// # Errors
    ///
    /// Fails with [`CommitError::LeaseLost`] if a higher fencing number was given: nothing is stored then.
    async fn commit(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError>;

    /// Stores what [`Cursors::commit`] does and ends `lease`, where that is one request to the store and not two.
    ///
    /// # Errors
    ///
    /// Fails as [`Cursors::commit`] does. A lease that could not be ended ends by itself.
    async fn commit_last(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        self.commit(lease, commit).await?;
        // The commit is what counts.
        self.release(lease).await.ok();
        Ok(())
    }

    /// Stores `record` by hand, drops the seen ids and raises the fencing number, so that a run
    /// under way can move nothing any more.
    ///
    /// # Errors
    ///
    /// Fails if the store does.
    async fn set(&self, stream: &StreamKey, record: &CursorRecord) -> Result<(), StoreError>;

    /// Returns every cursor, by source and partition.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn list(&self) -> Result<Vec<StoredCursor>, StoreError>;

    /// Returns the cursors of one source, by partition. They are as they were a moment ago, and may lack their
    /// histories: what a run decides by them it has to read again under its lease.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn list_of(&self, source: &str) -> Result<Vec<StoredCursor>, StoreError> {
        let mut cursors = self.list().await?;
        cursors.retain(|cursor| cursor.stream.source == source);
        Ok(cursors)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn seen_ids_come_back(ids in prop::collection::vec((any::<i64>(), any::<u64>()), 0..50)) {
            let ids: Vec<_> =
                ids.into_iter().map(|(time_ms, hash)| SeenId { time_ms, hash }).collect();
            prop_assert_eq!(SeenId::unpack(&SeenId::pack(&ids)), ids);
        }
    }

    #[test]
    fn a_content_stands_beside_the_time_and_leaves_it_as_it_is() {
        let id = |time_ms| SeenId { time_ms, hash: 2 };
        let most = SeenId::MOST_CONTENT;
        assert_eq!(id(1_795_514_400_123).time_and_content(), (1_795_514_400_123, 0));
        let with = id(1_795_514_400_123).with_content(most);
        assert_eq!(with.time_and_content(), (1_795_514_400_123, most));
        assert_eq!(id(-1).with_content(7).time_and_content(), (-1, 0));
    }

    #[test]
    fn what_is_stored_already_can_still_be_read() {
        let bytes = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9];
        assert_eq!(SeenId::unpack(&bytes), [SeenId { time_ms: 1, hash: 2 }]);
        assert_eq!(SeenId::pack(&[SeenId { time_ms: 1, hash: 2 }]), bytes[..16]);
    }
}
