//! Ports that reach little or nothing, for a source that is only tried out.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{
    Http, HttpError, HttpRequest, HttpResponse, Limits, StoreError, StreamKey, Wakeups,
};

/// No network: every request fails, and a sender is told to try again.
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

/// Wakes nobody: no schedule continues what runs here.
pub(crate) struct NoWakeups;

#[async_trait]
impl Wakeups for NoWakeups {
    async fn wake(&self, _: &StreamKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Limits that are respected and never extended.
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

    async fn lift(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
