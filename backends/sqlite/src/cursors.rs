//! Cursors and their leases.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::moment::after;
use mef_ports::{
    Commit, CommitError, CursorRecord, Cursors, LONGEST_LEASE, Lease, LeaseError, SeenChange,
    SeenId, StoreError, StoredCursor, StreamKey,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::store::Store;
use crate::time::{broken, optional};

const COLUMNS: &str = "source, partition, fence, leased_until, record";

#[async_trait]
impl Cursors for Store {
    async fn lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, LeaseError> {
        let key = stream.clone();
        let until = after(now, ttl);
        let too_far = after(now, LONGEST_LEASE);
        let given = self
            .writer
            .write("lease a cursor", move |transaction| {
                let held = find(transaction, &key)?;
                let leased_until = held.as_ref().and_then(|held| held.leased_until);
                let holds =
                    |leased_until: &Timestamp| (now < *leased_until) && (*leased_until <= too_far);
                if let Some(leased_until) = leased_until.filter(holds) {
                    return Ok(Err(leased_until));
                }
                let fence = held.map_or(0, |held| held.fence) + 1;
                transaction
                    .prepare_cached(
                        "INSERT INTO cursors (source, partition, fence, leased_until)
                         VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT DO UPDATE SET fence = ?3, leased_until = ?4",
                    )?
                    .execute(params![key.source, key.partition, fence, until.to_string()])?;
                Ok(Ok(Lease { stream: key, fence, until }))
            })
            .await?;
        given.map_err(|until| LeaseError::Held { until })
    }

    async fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, CommitError> {
        let renewed = Lease { until: after(now, ttl), ..lease.clone() };
        let row = renewed.clone();
        let changed = self
            .writer
            .write("renew a lease", move |transaction| {
                transaction
                    .prepare_cached(
                        "UPDATE cursors SET leased_until = ?4
                         WHERE source = ?1 AND partition = ?2 AND fence = ?3",
                    )?
                    .execute(params![
                        row.stream.source,
                        row.stream.partition,
                        row.fence,
                        row.until.to_string()
                    ])
            })
            .await?;
        if changed == 1 { Ok(renewed) } else { Err(CommitError::LeaseLost) }
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.writer
            .write("release a lease", move |transaction| {
                transaction
                    .prepare_cached(
                        "UPDATE cursors SET leased_until = NULL
                         WHERE source = ?1 AND partition = ?2 AND fence = ?3",
                    )?
                    .execute(params![lease.stream.source, lease.stream.partition, lease.fence])
                    .map(drop)
            })
            .await
    }

    async fn read(&self, stream: &StreamKey) -> Result<Option<StoredCursor>, StoreError> {
        let key = stream.clone();
        self.reader.read("read a cursor", move |connection| find(connection, &key)).await
    }

    async fn seen(&self, stream: &StreamKey) -> Result<Vec<SeenId>, StoreError> {
        let key = stream.clone();
        let parts = self
            .reader
            .read("read the seen ids", move |connection| {
                connection
                    .prepare_cached(
                        "SELECT ids FROM seen WHERE source = ?1 AND partition = ?2
                         ORDER BY position",
                    )?
                    .query_map([key.source, key.partition], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<Vec<u8>>>>()
            })
            .await?;
        Ok(parts.iter().flat_map(|ids| SeenId::unpack(ids)).collect())
    }

    async fn commit(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        let lease = lease.clone();
        let record = to_json(commit.record)?;
        let (replaces, ids) = match commit.seen {
            SeenChange::Keep => (false, Vec::new()),
            SeenChange::Add(ids) => (false, SeenId::pack(ids)),
            SeenChange::Replace(ids) => (true, SeenId::pack(ids)),
        };
        let changed = self
            .writer
            .write("commit a cursor", move |transaction| {
                let StreamKey { source, partition } = &lease.stream;
                let changed = transaction
                    .prepare_cached(
                        "UPDATE cursors SET record = ?4
                         WHERE source = ?1 AND partition = ?2 AND fence = ?3",
                    )?
                    .execute(params![source, partition, lease.fence, record])?;
                if changed == 1 && replaces {
                    forget_seen(transaction, &lease.stream)?;
                }
                if changed == 1 && !ids.is_empty() {
                    transaction
                        .prepare_cached(
                            "INSERT INTO seen (source, partition, ids) VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![source, partition, ids])?;
                }
                Ok(changed)
            })
            .await?;
        if changed == 1 { Ok(()) } else { Err(CommitError::LeaseLost) }
    }

    async fn set(&self, stream: &StreamKey, record: &CursorRecord) -> Result<(), StoreError> {
        let key = stream.clone();
        let record = to_json(record)?;
        self.writer
            .write("set a cursor", move |transaction| {
                transaction
                    .prepare_cached(
                        "INSERT INTO cursors (source, partition, fence, record)
                         VALUES (?1, ?2, 1, ?3)
                         ON CONFLICT DO UPDATE SET fence = fence + 1, leased_until = NULL,
                                                   record = ?3",
                    )?
                    .execute(params![key.source, key.partition, record])?;
                forget_seen(transaction, &key)
            })
            .await
    }

    async fn list(&self) -> Result<Vec<StoredCursor>, StoreError> {
        self.reader
            .read("list the cursors", |connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM cursors ORDER BY source, partition"
                    ))?
                    .query_map([], stored)?
                    .collect()
            })
            .await
    }
}

fn forget_seen(connection: &Connection, key: &StreamKey) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM seen WHERE source = ?1 AND partition = ?2")?
        .execute([&key.source, &key.partition])
        .map(drop)
}

fn find(connection: &Connection, key: &StreamKey) -> rusqlite::Result<Option<StoredCursor>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM cursors WHERE source = ?1 AND partition = ?2"
        ))?
        .query_row([&key.source, &key.partition], stored)
        .optional()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredCursor> {
    let record: Option<String> = row.get(4)?;
    let record = record.map_or(Ok(CursorRecord::default()), |text| {
        serde_json::from_str(&text).map_err(|error| broken(4, error))
    });
    Ok(StoredCursor {
        stream: StreamKey { source: row.get(0)?, partition: row.get(1)? },
        record: record?,
        fence: row.get::<_, i64>(2)?.unsigned_abs(),
        leased_until: optional(row, 3)?,
    })
}

fn to_json(record: &CursorRecord) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| StoreError::new("write a cursor", error))
}
