//! Dead letters, each as the JSON that a person can read.

use async_trait::async_trait;
use mef_ports::{DeadLetter, DeadLetters, StoreError};
use rusqlite::{OptionalExtension as _, params};

use crate::store::Store;
use crate::time::broken;

#[async_trait]
impl DeadLetters for Store {
    async fn put(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        let rows = letters
            .iter()
            .map(|letter| {
                Ok((letter.id.clone(), letter.source.clone(), serde_json::to_string(letter)?))
            })
            .collect::<Result<Vec<_>, serde_json::Error>>()
            .map_err(|error| StoreError::new("put a dead letter", error))?;
        self.writer
            .write("put a dead letter", move |transaction| {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO dead_letters (id, source, letter) VALUES (?1, ?2, ?3)
                     ON CONFLICT (id) DO UPDATE SET source = ?2, letter = ?3",
                )?;
                rows.iter()
                    .try_for_each(|row| insert.execute(params![row.0, row.1, row.2]).map(drop))
            })
            .await
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
                        "SELECT letter FROM dead_letters WHERE ?1 IS NULL OR source = ?1
                         ORDER BY position LIMIT ?2",
                    )?
                    .query_map(params![source, limit], |row| row.get::<_, String>(0))?
                    .map(|text| parse(&text?))
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
                    .map(|text| parse(&text))
                    .transpose()
            })
            .await
    }
}

fn parse(text: &str) -> rusqlite::Result<DeadLetter> {
    serde_json::from_str(text).map_err(|error| broken(0, error))
}
