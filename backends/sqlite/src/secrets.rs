//! Secrets on a laptop: the environment, or a local file.
//!
//! SQLite is no place for them: the file of secrets can be kept out of backups
//! and version control by itself.
#![expect(
    clippy::disallowed_methods,
    reason = "the embedded secrets are read from the environment"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError};

/// Secrets from the environment, else from a file of `KEY=value` lines.
pub struct LocalSecrets {
    file: Option<PathBuf>,
    environment: bool,
    read: Mutex<Option<SecretsFile>>,
    warned: Once,
}

/// The file as it was last read.
#[derive(Clone, Default)]
struct SecretsFile {
    modified: Option<SystemTime>,
    lines: BTreeMap<String, (usize, Secret)>,
}

impl LocalSecrets {
    /// Secrets from the environment, and from `file` if it is there. The file
    /// is read again when it changes.
    pub fn new(file: Option<PathBuf>) -> LocalSecrets {
        LocalSecrets { file, environment: true, read: Mutex::default(), warned: Once::new() }
    }

    /// Secrets from `file` alone: those of a test, which everybody may read and
    /// which no real secret may stand in for.
    pub fn of_a_test(file: PathBuf) -> LocalSecrets {
        LocalSecrets { environment: false, ..LocalSecrets::new(Some(file)) }
    }

    fn find_in_file(&self, variable: &str) -> Result<Option<SecretVersion>, StoreError> {
        let Some(path) = &self.file else { return Ok(None) };
        let Ok(metadata) = std::fs::metadata(path) else { return Ok(None) };
        self.warn_if_open(path, &metadata);
        let modified = metadata.modified().ok();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match read.take() {
            Some(file) if file.modified == modified => file,
            _ => SecretsFile { modified, lines: parse(path)? },
        };
        let found = file.lines.get(variable).map(|(line, value)| SecretVersion {
            value: value.clone(),
            version: format!("file:{line}"),
            since: modified.and_then(|time| Timestamp::try_from(time).ok()),
        });
        *read = Some(file);
        Ok(found)
    }

    #[cfg(unix)]
    fn warn_if_open(&self, path: &Path, metadata: &std::fs::Metadata) {
        use std::os::unix::fs::PermissionsExt as _;
        if self.environment && metadata.permissions().mode() & 0o077 != 0 {
            self.warned.call_once(|| {
                tracing::warn!("others can read the secrets: chmod 600 {}", path.display());
            });
        }
    }

    #[cfg(not(unix))]
    fn warn_if_open(&self, _: &Path, _: &std::fs::Metadata) {}
}

/// `MEF_SECRET_<SOURCE>_<NAME>`, with `_` for whatever no variable may have.
fn variable(reference: &SecretRef) -> String {
    format!("MEF_SECRET_{}_{}", reference.source, reference.name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

fn parse(path: &Path) -> Result<BTreeMap<String, (usize, Secret)>, StoreError> {
    let operation = "read the secrets file";
    let text = std::fs::read_to_string(path)
        .map_err(|error| StoreError::new(operation, format!("{}: {error}", path.display())))?;
    let mut lines = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            let reason = format!("{}:{number}: not a line `NAME=value`", path.display());
            return Err(StoreError::new(operation, reason));
        };
        let value = value.trim();
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        let name = name.trim().strip_prefix("export ").unwrap_or(name.trim());
        lines.insert(name.trim().to_owned(), (number, Secret::new(quoted.unwrap_or(value))));
    }
    Ok(lines)
}

#[async_trait]
impl Secrets for LocalSecrets {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let variable = variable(reference);
        let value = if self.environment { std::env::var(&variable).ok() } else { None };
        let from_environment = value.map(|value| SecretVersion {
            value: Secret::new(value),
            version: "environment".to_owned(),
            since: None,
        });
        let found = match from_environment {
            Some(found) => Some(found),
            None => self.find_in_file(&variable)?,
        };
        found.filter(|found| !found.value.expose().is_empty()).ok_or_else(|| {
            let file = self.file.as_ref().map_or(String::new(), |file| {
                format!(", or write the line `{variable}=…` into {}", file.display())
            });
            SecretsError::Missing {
                reference: reference.clone(),
                hint: format!("set the environment variable {variable}{file}"),
            }
        })
    }
}
