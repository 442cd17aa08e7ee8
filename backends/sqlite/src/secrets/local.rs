//! The port for secrets on a laptop: the environment comes first, then the file.

use std::collections::BTreeMap;
use std::env::VarError;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Once;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError};

use crate::secrets::file::{STORE, add_line, find, replace_line, unreadable};

/// Secrets from the environment, else from a file of `KEY=value` lines.
pub struct LocalSecrets {
    pub(super) file: Option<PathBuf>,
    pub(super) environment: Environment,
    pub(super) warned: Once,
}

/// Where a value is looked for before the file.
pub(super) enum Environment {
    /// In the environment of this process.
    Process,
    /// In these pairs.
    Pairs(BTreeMap<String, String>),
    /// Nowhere.
    None,
}

impl LocalSecrets {
    /// Takes secrets from the environment, and from `file` if it is there. The file is
    /// read each time: nothing else shows every change, such as a copy that keeps its
    /// time, and a secret that was taken out must not be accepted any longer.
    pub fn new(file: Option<PathBuf>) -> LocalSecrets {
        let environment = Environment::Process;
        LocalSecrets { file, environment, warned: Once::new() }
    }

    /// Takes secrets from `file` alone: those of a test, which everybody may read and no
    /// real secret may replace.
    pub fn of_a_test(file: PathBuf) -> LocalSecrets {
        LocalSecrets { environment: Environment::None, ..LocalSecrets::new(Some(file)) }
    }

    /// Takes secrets from pairs like `("MEF_SECRET_OKTA_API_TOKEN", "…")` in place of the
    /// environment of the process, for tests.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> LocalSecrets {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::Pairs(pairs.collect());
        LocalSecrets { environment, ..LocalSecrets::new(None) }
    }

    /// Returns the environment variable, and name in the file, of `reference`:
    /// `MEF_SECRET_<SOURCE>_<NAME>`, with `_` for characters that no variable may have.
    pub fn variable(reference: &SecretRef) -> String {
        format!("MEF_SECRET_{}_{}", reference.source, reference.name)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect()
    }

    pub(super) fn find_in_environment(
        &self,
        variable: &str,
    ) -> Result<Option<SecretVersion>, StoreError> {
        let value = match &self.environment {
            Environment::Process => {
                #[expect(clippy::disallowed_methods, reason = "the embedded secrets are kept here")]
                let value = std::env::var(variable);
                match value {
                    // The error's own text would hold the value.
                    Err(VarError::NotUnicode(_)) => {
                        let reason = format!("the environment variable {variable} is not UTF-8");
                        return Err(StoreError::new("read a secret", reason));
                    }
                    value => value.ok(),
                }
            }
            Environment::Pairs(pairs) => pairs.get(variable).cloned(),
            Environment::None => None,
        };
        Ok(value.map(|value| SecretVersion {
            value: Secret::new(value),
            version: "environment".to_owned(),
            since: None,
        }))
    }

    fn find_in_file(&self, variable: &str) -> Result<Option<SecretVersion>, StoreError> {
        let Some(path) = &self.file else { return Ok(None) };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(path, &error)),
        };
        let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
        self.warn_if_open(path, &metadata);
        let modified = metadata.modified().ok();
        let found = find(path, &mut file, variable)?;
        Ok(found.map(|(line, value)| SecretVersion {
            value,
            version: format!("file:{line}"),
            since: modified.and_then(|time| Timestamp::try_from(time).ok()),
        }))
    }

    fn change_file<T>(
        &self,
        change: impl FnOnce(&Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let path = self.file.as_ref().ok_or_else(|| {
            StoreError::new(STORE, "there is no secrets file: name one with --secrets")
        })?;
        change(path)
    }

    #[cfg(unix)]
    fn warn_if_open(&self, path: &Path, metadata: &std::fs::Metadata) {
        use std::os::unix::fs::PermissionsExt as _;
        if !matches!(self.environment, Environment::None)
            && metadata.permissions().mode() & 0o077 != 0
        {
            self.warned.call_once(|| {
                tracing::warn!("others can read the secrets: chmod 600 {}", path.display());
            });
        }
    }

    #[cfg(not(unix))]
    fn warn_if_open(&self, _: &Path, _: &std::fs::Metadata) {}
}

#[async_trait]
impl Secrets for LocalSecrets {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let variable = LocalSecrets::variable(reference);
        let found = match self.find_in_environment(&variable)? {
            Some(found) => Some(found),
            None => self.find_in_file(&variable)?,
        };
        // Anybody could guess a key that is nothing but white space.
        found.filter(|found| !found.value.expose().trim().is_empty()).ok_or_else(|| {
            let file = self.file.as_ref().map_or(String::new(), |file| {
                format!(", or write the line `{variable}=…` into {}", file.display())
            });
            SecretsError::Missing {
                reference: reference.clone(),
                hint: format!("set the environment variable {variable}{file}"),
            }
        })
    }

    async fn put_if_absent(
        &self,
        reference: &SecretRef,
        value: &Secret,
    ) -> Result<bool, StoreError> {
        let variable = LocalSecrets::variable(reference);
        let found = self.find_in_environment(&variable)?;
        if found.is_some_and(|found| !found.value.expose().trim().is_empty()) {
            return Ok(false);
        }
        self.change_file(|path| add_line(path, &variable, value.expose()))
    }

    async fn replace(&self, reference: &SecretRef, value: &Secret) -> Result<(), StoreError> {
        let variable = LocalSecrets::variable(reference);
        if self.find_in_environment(&variable)?.is_some() {
            let reason = format!(
                "the environment variable {variable} cannot be changed for the next process: \
                 move it to the secrets file"
            );
            return Err(StoreError::new(STORE, reason));
        }
        self.change_file(|path| replace_line(path, &variable, value.expose()))
    }
}
