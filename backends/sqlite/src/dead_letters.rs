//! The port for dead letters, each stored as JSON that a person can read.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{
    DeadLetter, DeadLetters, LetterCounts, PassedOver, Settled, StoreError, Taken, TakenLetter,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::Store;
use crate::time::broken;

#[async_trait]
impl DeadLetters for Store {
    async fn put(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        let operation = "put a dead letter";
        let rows = rows(operation, letters)?;
        self.writer.write(operation, move |transaction| insert(transaction, &rows)).await
    }

    async fn list(
        &self,
        source: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let source = source.map(str::to_owned);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.reader
            .read("list the dead letters", move |connection| {
                connection
                    .prepare_cached(
                        "SELECT id, letter FROM dead_letters WHERE ?1 IS NULL OR source = ?1
                         ORDER BY position LIMIT ?2",
                    )?
                    .query_map(params![source, limit], |row| {
                        let (id, text): (String, String) = (row.get(0)?, row.get(1)?);
                        Ok(parse(&text).inspect_err(|error| tell(&id, error)).ok())
                    })?
                    .filter_map(Result::transpose)
                    .collect()
            })
            .await
    }

    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        let id = id.to_owned();
        self.reader
            .read("read a dead letter", move |connection| {
                connection
                    .prepare_cached("SELECT letter FROM dead_letters WHERE id = ?1")?
                    .query_row([id], |row| row.get::<_, String>(0))
                    .optional()?
                    .map(|text| parse(&text).map_err(|error| broken(0, error)))
                    .transpose()
            })
            .await
    }

    async fn count(
        &self,
        source: Option<&str>,
        now: Timestamp,
    ) -> Result<LetterCounts, StoreError> {
        let source = source.map(str::to_owned);
        let now = now.as_millisecond();
        self.reader
            .read("count the dead letters", move |connection| {
                connection
                    .prepare_cached(
                        "SELECT count(*) FILTER (WHERE taken_until_ms <= ?2),
                                count(*) FILTER (WHERE taken_until_ms > ?2),
                                max(taken_until_ms) FILTER (WHERE taken_until_ms > ?2)
                         FROM dead_letters WHERE ?1 IS NULL OR source = ?1",
                    )?
                    .query_row(params![source, now], |row| {
                        let until: Option<i64> = row.get(2)?;
                        let until = until.map(Timestamp::from_millisecond).transpose();
                        Ok(LetterCounts {
                            free: row.get(0)?,
                            held: row.get(1)?,
                            held_until: until.map_err(|error| broken(2, error))?,
                        })
                    })
            })
            .await
    }

    async fn take(
        &self,
        source: Option<&str>,
        limit: usize,
        now: Timestamp,
        hold: Duration,
    ) -> Result<Taken, StoreError> {
        let source = source.map(str::to_owned);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let now = now.as_millisecond();
        let until = now.saturating_add(i64::try_from(hold.as_millis()).unwrap_or(i64::MAX));
        self.writer
            .remove("take dead letters", move |transaction| {
                transaction
                    .prepare_cached(
                        "UPDATE dead_letters SET taken_until_ms = ?4 WHERE position IN (
                             SELECT position FROM dead_letters
                             WHERE (?1 IS NULL OR source = ?1) AND taken_until_ms <= ?3
                             ORDER BY position LIMIT ?2)
                         RETURNING position, id, letter",
                    )?
                    .query_map(params![source, limit, now, until], |row| {
                        let (position, id): (i64, String) = (row.get(0)?, row.get(1)?);
                        let receipt = format!("{position}:{until}");
                        // What cannot be read must not keep the others from being run again.
                        Ok((
                            position,
                            match parse(&row.get::<_, String>(2)?) {
                                Ok(letter) => Ok(TakenLetter { letter, receipt }),
                                Err(error) => {
                                    tell(&id, &error);
                                    Err(PassedOver { id, receipt })
                                }
                            },
                        ))
                    })?
                    .collect::<rusqlite::Result<BTreeMap<_, _>>>()
            })
            .await
            .map(|rows| {
                let mut taken = Taken::default();
                for row in rows.into_values() {
                    match row {
                        Ok(letter) => taken.letters.push(letter),
                        Err(unreadable) => taken.passed_over.push(unreadable),
                    }
                }
                taken
            })
    }

    async fn settle(&self, settled: &[Settled]) -> Result<(), StoreError> {
        let operation = "settle dead letters";
        let settled = settled
            .iter()
            .map(|settled| {
                Ok((hold(operation, &settled.receipt)?, rows(operation, &settled.remains)?))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        self.writer
            .remove(operation, move |transaction| {
                for (hold, remains) in &settled {
                    transaction
                        .prepare_cached(
                            "DELETE FROM dead_letters WHERE position = ?1 AND taken_until_ms = ?2",
                        )?
                        .execute([hold.position, hold.until_ms])?;
                    insert(transaction, remains)?;
                }
                Ok(())
            })
            .await
    }

    async fn give_back(&self, receipts: &[String]) -> Result<(), StoreError> {
        let operation = "give dead letters back";
        let holds = receipts
            .iter()
            .map(|receipt| hold(operation, receipt))
            .collect::<Result<Vec<_>, StoreError>>()?;
        self.writer
            .remove(operation, move |transaction| {
                let mut end = transaction.prepare_cached(
                    "UPDATE dead_letters SET taken_until_ms = 0
                     WHERE position = ?1 AND taken_until_ms = ?2",
                )?;
                holds
                    .iter()
                    .try_for_each(|hold| end.execute([hold.position, hold.until_ms]).map(drop))
            })
            .await
    }
}

/// A letter's id, source and text.
type LetterRow = (String, String, String);

fn rows(operation: &'static str, letters: &[DeadLetter]) -> Result<Vec<LetterRow>, StoreError> {
    letters
        .iter()
        .map(|letter| {
            Ok((letter.id.clone(), letter.source.clone(), serde_json::to_string(letter)?))
        })
        .collect::<Result<_, serde_json::Error>>()
        .map_err(|error| StoreError::new(operation, error))
}

/// Inserts letters. One that replaces another is held by nobody.
fn insert(transaction: &Connection, rows: &[LetterRow]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO dead_letters (id, source, letter) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET source = ?2, letter = ?3, taken_until_ms = 0",
    )?;
    rows.iter().try_for_each(|row| insert.execute(params![row.0, row.1, row.2]).map(drop))
}

/// What a receipt says: the row, and when the hold ends.
struct Hold {
    position: i64,
    until_ms: i64,
}

fn hold(operation: &'static str, receipt: &str) -> Result<Hold, StoreError> {
    receipt
        .split_once(':')
        .and_then(|(position, until)| {
            Some(Hold { position: position.parse().ok()?, until_ms: until.parse().ok()? })
        })
        .ok_or_else(|| StoreError::new(operation, format!("`{receipt}` is no receipt")))
}

fn parse(text: &str) -> serde_json::Result<DeadLetter> {
    serde_json::from_str(text)
}

/// Logs that the letter `id` cannot be read, and what to do with it. The error's own text may hold a
/// part of the letter, which no log may show.
fn tell(id: &str, error: &serde_json::Error) {
    tracing::warn!(
        letter = id,
        reason = %format!("it is no dead letter (line {}, column {})", error.line(), error.column()),
        "a dead letter cannot be read and is passed over: `mef dlq discard` drops it"
    );
}
