//! Short reads beside the writer.

use std::sync::{Arc, Mutex, PoisonError};

use mef_ports::StoreError;
use rusqlite::Connection;
use tokio::task::JoinError;

use crate::file::failure::Failure;

/// A connection for reading, which one caller uses at a time.
#[derive(Clone)]
pub(crate) struct Reader(Arc<Mutex<Connection>>);

impl Reader {
    pub(crate) fn new(connection: Connection) -> Reader {
        Reader(Arc::new(Mutex::new(connection)))
    }

    /// Runs `query` on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.with(query).await {
            Ok(result) => result.map_err(|error| StoreError::new(operation, Failure::from(&error))),
            Err(error) => Err(StoreError::new(operation, error)),
        }
    }

    /// Runs `work` with the connection on a thread that may block.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let connection = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
    }
}
