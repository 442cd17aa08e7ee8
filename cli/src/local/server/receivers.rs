//! The receivers that requests are routed to. They can be replaced while the server runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use mef_intake::{Receiver, Route};
use mef_source::SourceName;

/// The receiver of each pushed source.
#[derive(Default)]
pub(crate) struct Receivers(RwLock<Table>);

#[derive(Default)]
struct Table {
    by_name: HashMap<SourceName, Arc<Receiver>>,
    unnamed: Option<SourceName>,
}

impl Receivers {
    /// Replaces all receivers. `unnamed` is the source of requests that name none: the only one, if there
    /// is but one. Requests that have begun go on with the old ones.
    pub(crate) fn replace(
        &self,
        receivers: impl IntoIterator<Item = Arc<Receiver>>,
        unnamed: Option<SourceName>,
    ) {
        let named = |receiver: Arc<Receiver>| (receiver.source().name.clone(), receiver);
        let by_name = receivers.into_iter().map(named).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Table { by_name, unnamed };
    }

    /// Returns the receiver of the source `name`.
    pub(crate) fn get(&self, name: &SourceName) -> Option<Arc<Receiver>> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.by_name.get(name).map(Arc::clone)
    }

    /// Returns the receiver that a request to `path` is for.
    pub(super) fn route(&self, path: &str) -> Option<Arc<Receiver>> {
        match Route::of(path, "", "") {
            Route::Named(name) => self.get(&name),
            Route::Unnamed => {
                let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
                table.by_name.get(table.unnamed.as_ref()?).map(Arc::clone)
            }
            Route::Nowhere => None,
        }
    }
}
