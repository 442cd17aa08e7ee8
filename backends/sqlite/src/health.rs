//! Whether the store can be written, and is still the one that was opened.

use mef_ports::StoreError;

use crate::store::Store;

impl Store {
    /// Looks whether its files are where they were opened. If one was removed or replaced, every write and
    /// every read fails too.
    ///
    /// # Errors
    ///
    /// Fails if one of them is not.
    pub fn is_in_place(&self) -> Result<(), StoreError> {
        let failed = |failure| StoreError::new("look at the store", failure);
        self.reader.opened().check().map_err(failed)
    }

    /// Writes what is there already, and waits until that is on disk: nothing else shows whether a delivery
    /// could be kept.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be written, such as on a full disk.
    pub async fn try_to_write(&self) -> Result<(), StoreError> {
        self.writer
            .write("write to the store", |transaction| {
                let version: i64 =
                    transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
                transaction.pragma_update(None, "user_version", version)
            })
            .await
    }
}
