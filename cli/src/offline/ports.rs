//! What something that is only tried out has of the outside: little or nothing.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{
    Http, HttpError, HttpRequest, HttpResponse, Limits, StoreError, StreamKey, Wakeups,
};

/// No network. What would be fetched is not, and the sender is told to come
/// again.
pub(crate) struct NoNetwork;

#[async_trait]
impl Http for NoNetwork {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::Forbidden {
            host: request.url.host_str().unwrap_or_default().to_owned(),
            reason: "nothing is fetched offline".to_owned(),
        })
    }
}

/// Wakes nobody: what runs here is not for a schedule to go on with.
pub(crate) struct NoWakeups;

#[async_trait]
impl Wakeups for NoWakeups {
    async fn wake(&self, _: &StreamKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Limits that are kept to and never made longer.
pub(crate) struct LimitsAsTheyAre(pub(crate) Arc<dyn Limits>);

#[async_trait]
impl Limits for LimitsAsTheyAre {
    async fn not_before(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.0.not_before(credential, now).await
    }

    async fn hold(&self, _: &str, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
