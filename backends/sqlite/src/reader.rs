//! Short reads beside the writer.

use std::sync::{Arc, Mutex, PoisonError};

use mef_ports::StoreError;
use rusqlite::Connection;

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
        let connection = Arc::clone(&self.0);
        let result = tokio::task::spawn_blocking(move || {
            query(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await;
        match result {
            Ok(result) => result.map_err(|error| StoreError::new(operation, error)),
            Err(error) => Err(StoreError::new(operation, error)),
        }
    }
}
