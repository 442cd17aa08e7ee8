//! Short reads beside the writer.

use std::sync::{Arc, Mutex, PoisonError};

use mef_ports::StoreError;
use rusqlite::Connection;
use tokio::task::JoinError;

use crate::file::failure::Failure;
use crate::file::in_place::Opened;

/// A connection for reading, which one caller uses at a time.
#[derive(Clone)]
pub(crate) struct Reader {
    connection: Arc<Mutex<Connection>>,
    opened: Arc<Opened>,
}

impl Reader {
    /// Reads by `connection`. Nothing is reported as read once a file of `opened` is no longer there.
    pub(crate) fn new(connection: Connection, opened: Opened) -> Reader {
        Reader { connection: Arc::new(Mutex::new(connection)), opened: Arc::new(opened) }
    }

    /// Returns the files that are read.
    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Runs `query` on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let opened = Arc::clone(&self.opened);
        let query = move |connection: &Connection| {
            let value = query(connection).map_err(|error| Failure::from(&error))?;
            opened.check().map(|()| value)
        };
        match self.with(query).await {
            Ok(result) => result.map_err(|failure| StoreError::new(operation, failure)),
            Err(error) => Err(StoreError::new(operation, error)),
        }
    }

    /// Runs `work` with the connection on a thread that may block.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
    }
}
