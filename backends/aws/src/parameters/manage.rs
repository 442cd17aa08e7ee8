//! Stores secrets.

use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::ParameterType;
use mef_ports::{Secret, SecretRef, StoreError};

use crate::error::AwsError;
use crate::parameters::store::ParameterStore;

impl ParameterStore {
    /// Stores `value` as the present version of `reference`, encrypted, and returns the
    /// number of the version.
    ///
    /// # Errors
    ///
    /// Fails if the value is blank or larger than a parameter may be (4 KiB), or if it
    /// may not be stored.
    pub async fn put(&self, reference: &SecretRef, value: &str) -> Result<String, StoreError> {
        let operation = "set a secret";
        if value.trim().is_empty() {
            return Err(StoreError::new(operation, "the value is blank"));
        }
        let put = self
            .request(reference, value)
            .overwrite(true)
            .send()
            .await
            // AWS may repeat a value that it refuses.
            .map_err(|error| AwsError::from(error).without(value).during(operation))?;
        self.cache().forget(reference);
        Ok(put.version().to_string())
    }

    /// Stores `value` as the first version of `reference`, encrypted. If there is one
    /// already, stores nothing and returns false.
    pub(super) async fn add(
        &self,
        reference: &SecretRef,
        value: &Secret,
    ) -> Result<bool, StoreError> {
        match self.request(reference, value.expose()).overwrite(false).send().await {
            Ok(_) => {
                self.cache().forget(reference);
                Ok(true)
            }
            Err(error) => match error.as_service_error() {
                Some(PutParameterError::ParameterAlreadyExists(_)) => Ok(false),
                _ => Err(AwsError::from(error).without(value.expose()).during("store a secret")),
            },
        }
    }

    /// Returns a request that stores `value`. A value that was stored under a key of one's
    /// own would be under Parameter Store's again if the request did not name the key.
    fn request(&self, reference: &SecretRef, value: &str) -> PutParameterFluentBuilder {
        let key = self.shared.settings.secrets_key.clone();
        let request = self.shared.ssm().put_parameter().name(self.name(reference));
        request.value(value).r#type(ParameterType::SecureString).set_key_id(key)
    }
}
