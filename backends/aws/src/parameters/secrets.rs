//! The port for secrets.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError};

use crate::parameters::cache::{Found, Wanted};
use crate::parameters::store::{ParameterStore, READ};

/// How long the version before the present one is still accepted: the senders get a
/// new secret one after the other.
const CHANGEOVER: SignedDuration = SignedDuration::from_hours(24);

impl ParameterStore {
    async fn present(&self, reference: &SecretRef) -> Result<Found, SecretsError> {
        let wanted = Wanted { reference: reference.clone(), version: None };
        let found = self.read(&wanted).await.map_err(|error| error.during(READ))?;
        found.ok_or_else(|| SecretsError::Missing {
            reference: reference.clone(),
            hint: format!(
                "run `mef secrets set {} {}`, or make the SecureString parameter {} with \
                 `aws ssm put-parameter`",
                reference.source,
                reference.name,
                self.name(reference)
            ),
        })
    }
}

#[async_trait]
impl Secrets for ParameterStore {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        Ok(self.present(reference).await?.value)
    }

    /// Returns the present value, and for 24 hours after a change the one before it.
    async fn live(
        &self,
        reference: &SecretRef,
        now: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        let present = self.present(reference).await?;
        let changed =
            present.value.since.is_some_and(|since| now.duration_since(since) < CHANGEOVER);
        let before = present.number - 1;
        let mut live = vec![present.value];
        if changed && before > 0 {
            let before = Wanted { reference: reference.clone(), version: Some(before) };
            let found = self.read(&before).await.map_err(|error| error.during(READ))?;
            live.extend(found.map(|found| found.value));
        }
        Ok(live)
    }

    async fn put_if_absent(
        &self,
        reference: &SecretRef,
        value: &Secret,
    ) -> Result<bool, StoreError> {
        self.add(reference, value).await
    }

    async fn replace(&self, reference: &SecretRef, value: &Secret) -> Result<(), StoreError> {
        self.put(reference, value.expose()).await.map(drop)
    }

    async fn refresh(&self, references: &[SecretRef], now: Timestamp) -> bool {
        if self.ttl.is_zero() {
            return false;
        }
        let mut cache = self.cache();
        let mut outdated = false;
        for reference in references {
            outdated |= cache.refresh(reference, now);
        }
        outdated
    }
}
