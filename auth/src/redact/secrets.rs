//! A store of secrets whose values are all learnt by a redactor.
//!
//! Every secret that is read passes here, on every backend. So here it is also said when white space at
//! an end is part of one: nobody sees it, and no signature that a vendor makes without it matches.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError};

use super::redactor::Redactor;

/// Teaches a redactor every value that a store of secrets hands out.
pub struct RedactingSecrets {
    inner: Arc<dyn Secrets>,
    redactor: Redactor,
    /// The secrets whose white space was told: once is enough.
    told: Mutex<HashSet<SecretRef>>,
}

impl RedactingSecrets {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Secrets>, redactor: Redactor) -> RedactingSecrets {
        RedactingSecrets { inner, redactor, told: Mutex::default() }
    }

    fn learn(&self, reference: &SecretRef, value: &Secret) {
        self.redactor.learn(value);
        if !value.has_blank_ends() {
            return;
        }
        // What a header or a form makes of it.
        self.redactor.learn(&Secret::new(value.expose().trim()));
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(reference.clone()) {
            tracing::warn!(secret = %reference, "the secret begins or ends with white space, which is part of it");
        }
    }
}

impl fmt::Debug for RedactingSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactingSecrets").field("redactor", &self.redactor).finish_non_exhaustive()
    }
}

#[async_trait]
impl Secrets for RedactingSecrets {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let version = self.inner.get(reference).await?;
        self.learn(reference, &version.value);
        Ok(version)
    }

    async fn live(
        &self,
        reference: &SecretRef,
        now: Timestamp,
    ) -> Result<Vec<SecretVersion>, SecretsError> {
        let versions = self.inner.live(reference, now).await?;
        versions.iter().for_each(|version| self.learn(reference, &version.value));
        Ok(versions)
    }

    async fn put_if_absent(
        &self,
        reference: &SecretRef,
        value: &Secret,
    ) -> Result<bool, StoreError> {
        let stored = self.inner.put_if_absent(reference, value).await?;
        // A value that was not stored is no secret of ours.
        if stored {
            self.redactor.learn(value);
        }
        Ok(stored)
    }

    async fn replace(&self, reference: &SecretRef, value: &Secret) -> Result<(), StoreError> {
        self.redactor.learn(value);
        self.inner.replace(reference, value).await
    }

    async fn refresh(&self, references: &[SecretRef], now: Timestamp) -> bool {
        self.inner.refresh(references, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with two live values, which returns one if it is asked for one.
    struct Two;

    #[async_trait]
    impl Secrets for Two {
        async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
            Ok(self.live(reference, Timestamp::UNIX_EPOCH).await?.remove(0))
        }

        async fn live(
            &self,
            _: &SecretRef,
            _: Timestamp,
        ) -> Result<Vec<SecretVersion>, SecretsError> {
            let version = |value: &str| SecretVersion {
                value: Secret::new(value),
                version: value.to_owned(),
                since: None,
            };
            Ok(vec![version("new-value"), version("old-value")])
        }

        async fn refresh(&self, references: &[SecretRef], _: Timestamp) -> bool {
            references.len() == 1
        }
    }

    #[tokio::test]
    async fn a_secret_is_masked_without_the_white_space_at_its_ends_too() {
        struct Blank;
        #[async_trait]
        impl Secrets for Blank {
            async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
                let value = Secret::new(" s3cr3t-value\r\n");
                Ok(SecretVersion { value, version: "1".to_owned(), since: None })
            }
        }
        let redactor = Redactor::default();
        let secrets = RedactingSecrets::new(Arc::new(Blank), redactor.clone());
        let reference = SecretRef { source: "a".to_owned(), name: "b".to_owned() };
        secrets.get(&reference).await.unwrap();
        assert_eq!(redactor.mask("token: s3cr3t-value;"), "token: ***;");
    }

    #[tokio::test]
    async fn every_live_value_is_handed_on_and_masked() {
        let redactor = Redactor::default();
        let secrets = RedactingSecrets::new(Arc::new(Two), redactor.clone());
        let reference = SecretRef { source: "a".to_owned(), name: "b".to_owned() };
        let live = secrets.live(&reference, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(live.len(), 2);
        assert_eq!(redactor.mask("new-value, old-value"), "***, ***");
        assert!(secrets.refresh(&[reference], Timestamp::UNIX_EPOCH).await);
        assert!(!secrets.refresh(&[], Timestamp::UNIX_EPOCH).await);
    }
}
