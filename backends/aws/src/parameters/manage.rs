//! What a person does with secrets: sets one, or lists them.

use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, StoreError};

use crate::error::AwsError;
use crate::parameters::store::ParameterStore;

/// A secret that is set, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSecret {
    /// Which secret.
    pub reference: SecretRef,
    /// The number of its present version.
    pub version: String,
    /// When this version was stored.
    pub since: Option<Timestamp>,
    /// Whether it is encrypted. If not, it should be set again.
    pub encrypted: bool,
}

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
        let request = self.shared.ssm().put_parameter().name(self.name(reference));
        let put = request
            .value(value)
            .r#type(ParameterType::SecureString)
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
        let request = self.shared.ssm().put_parameter().name(self.name(reference));
        let put = request
            .value(value.expose())
            .r#type(ParameterType::SecureString)
            .overwrite(false)
            .send()
            .await;
        match put {
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

    /// Lists the secrets of this project and stage by name, of `source` or of every
    /// source.
    ///
    /// # Errors
    ///
    /// Fails if Parameter Store is out of reach.
    pub async fn list(&self, source: Option<&str>) -> Result<Vec<ListedSecret>, StoreError> {
        let operation = "list the secrets";
        let settings = &self.shared.settings;
        let (path, depth) = match source {
            Some(source) => {
                (format!("/{}/{source}/{}", settings.project, settings.stage), "OneLevel")
            }
            None => (format!("/{}", settings.project), "Recursive"),
        };
        let filter = ParameterStringFilter::builder().key("Path").option(depth).values(path);
        let filter = filter.build().map_err(|error| StoreError::new(operation, error))?;
        let pages = self
            .shared
            .ssm()
            .describe_parameters()
            .parameter_filters(filter)
            .into_paginator()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| AwsError::from(error).during(operation))?;
        let mut secrets: Vec<_> = pages
            .into_iter()
            .flat_map(|page| page.parameters.unwrap_or_default())
            .filter_map(|parameter| {
                let reference = reference(parameter.name()?, &settings.project, &settings.stage)?;
                let modified = parameter.last_modified_date();
                Some(ListedSecret {
                    reference,
                    version: parameter.version().to_string(),
                    since: modified.and_then(|date| Timestamp::from_second(date.secs()).ok()),
                    encrypted: parameter.r#type() == Some(&ParameterType::SecureString),
                })
            })
            .collect();
        secrets.sort_by(|one, other| one.reference.cmp(&other.reference));
        Ok(secrets)
    }
}

/// Returns the secret that a parameter holds; `None` if it is not one of this project
/// and stage.
fn reference(parameter: &str, project: &str, stage: &str) -> Option<SecretRef> {
    let mut parts = parameter.strip_prefix('/')?.split('/');
    let mut next = || parts.next();
    let (found, source, at, name) = (next()?, next()?, next()?, next()?);
    let one_of_ours = found == project && at == stage && next().is_none();
    one_of_ours.then(|| SecretRef { source: source.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::store::parameter_name;

    #[test]
    fn a_name_is_read_back_where_it_is_of_this_stage() {
        let okta = SecretRef { source: "okta".to_owned(), name: "api_token".to_owned() };
        let name = parameter_name("mef", "dev", &okta);
        assert_eq!(name, "/mef/okta/dev/api_token");
        assert_eq!(reference(&name, "mef", "dev"), Some(okta));
        for other in ["/mef/okta/prod/x", "/other/okta/dev/x", "/mef/okta/dev/x/y", "/mef/dev/x"] {
            assert_eq!(reference(other, "mef", "dev"), None, "{other}");
        }
    }
}
