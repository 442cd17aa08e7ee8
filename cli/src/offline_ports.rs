//! What a request that is judged offline has of the outside: nothing.

use async_trait::async_trait;
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};

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
