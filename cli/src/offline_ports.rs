//! What a request that is judged offline has of the outside: nothing.

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{
    Http, HttpError, HttpRequest, HttpResponse, Secret, SecretRef, SecretVersion, Secrets,
    SecretsError, StoreError,
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

/// Secrets of which none changes: one that a sender brings is taken where there
/// is none, and gone.
pub(crate) struct Unchanged<S>(pub(crate) S);

#[async_trait]
impl<S: Secrets> Secrets for Unchanged<S> {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        self.0.get(reference).await
    }

    async fn live(
        &self,
        reference: &SecretRef,
        now: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        self.0.live(reference, now).await
    }

    async fn put_if_absent(&self, reference: &SecretRef, _: &Secret) -> Result<bool, StoreError> {
        match self.0.get(reference).await {
            Ok(_) => Ok(false),
            Err(SecretsError::Missing { .. }) => Ok(true),
            Err(SecretsError::Store(error)) => Err(error),
        }
    }
}
