//! What serves each source, made once and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mef_intake::Route;
use mef_source::checked::Endpoint;
use mef_source::{Source, SourceName};

use crate::environment::Environment;
use crate::event::payload::Event;
use crate::event::route::route_of;
use crate::package::{Package, PackageError};

/// The sources of this deployment, and what was made for each.
pub(crate) struct Sources<T> {
    package: Package,
    service: String,
    api_path: String,
    endpoint: Option<Endpoint>,
    made: Mutex<HashMap<SourceName, Arc<T>>>,
}

impl<T> Sources<T> {
    pub(crate) fn new(environment: &Environment) -> Sources<T> {
        Sources {
            package: Package::new(&environment.sources),
            service: environment.service.clone(),
            api_path: environment.api_path.clone(),
            endpoint: environment.endpoint.clone(),
            made: Mutex::default(),
        }
    }

    /// Returns the name of the source that `event` is for, if it is a valid one.
    pub(crate) fn name_of(&self, event: &Event<'_>) -> Option<SourceName> {
        match route_of(event, &self.api_path) {
            Route::Named(name) => Some(name),
            Route::Unnamed => self.package.unnamed(&self.service),
            Route::Nowhere => None,
        }
    }

    /// Returns what `make` makes of the source `name`; `None` if there is no such source or `make` returns
    /// `None`.
    ///
    /// # Errors
    ///
    /// Fails if the source's file cannot be used.
    pub(crate) fn get(
        &self,
        name: &SourceName,
        make: impl FnOnce(Arc<Source>) -> Option<T>,
    ) -> Result<Option<Arc<T>>, PackageError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = made.get(name) {
            return Ok(Some(Arc::clone(kept)));
        }
        let Some(source) = self.package.source(name)? else { return Ok(None) };
        let source = Arc::new(Source::clone(&source).deployed_at(self.endpoint.as_ref()));
        let Some(new) = make(source).map(Arc::new) else { return Ok(None) };
        made.insert(name.clone(), Arc::clone(&new));
        Ok(Some(new))
    }
}
