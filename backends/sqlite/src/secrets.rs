//! Secrets on a laptop: the environment, or a local file.
//!
//! SQLite is no place for them: the file of secrets can be kept out of backups
//! and version control by itself.
use std::collections::BTreeMap;
use std::env::VarError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError};

const READ_FILE: &str = "read the secrets file";

/// Secrets from the environment, else from a file of `KEY=value` lines.
pub struct LocalSecrets {
    file: Option<PathBuf>,
    environment: Environment,
    read: Mutex<Option<SecretsFile>>,
    warned: Once,
}

/// Where a value is looked for before the file.
enum Environment {
    /// This process's.
    Process,
    /// These pairs in its place.
    Pairs(BTreeMap<String, String>),
    /// Nowhere.
    None,
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
        let environment = Environment::Process;
        LocalSecrets { file, environment, read: Mutex::default(), warned: Once::new() }
    }

    /// Secrets from `file` alone: those of a test, which everybody may read and
    /// which no real secret may stand in for.
    pub fn of_a_test(file: PathBuf) -> LocalSecrets {
        LocalSecrets { environment: Environment::None, ..LocalSecrets::new(Some(file)) }
    }

    /// Secrets from pairs like `("MEF_SECRET_OKTA_API_TOKEN", "…")`, which
    /// stand in for the environment of the process: for tests.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> LocalSecrets {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::Pairs(pairs.collect());
        LocalSecrets { environment, ..LocalSecrets::new(None) }
    }

    /// The environment variable, and line of the file, that holds `reference`:
    /// `MEF_SECRET_<SOURCE>_<NAME>`, with `_` for whatever no variable may have.
    pub fn variable(reference: &SecretRef) -> String {
        format!("MEF_SECRET_{}_{}", reference.source, reference.name)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect()
    }

    fn find_in_environment(&self, variable: &str) -> Result<Option<SecretVersion>, StoreError> {
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
        let metadata = match std::fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(path, &error)),
        };
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

fn unreadable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(READ_FILE, format!("{}: {error}", path.display()))
}

fn parse(path: &Path) -> Result<BTreeMap<String, (usize, Secret)>, StoreError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut lines = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            let reason = format!("{}:{number}: not a line `NAME=value`", path.display());
            return Err(StoreError::new(READ_FILE, reason));
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
        let variable = LocalSecrets::variable(reference);
        let found = match self.find_in_environment(&variable)? {
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

#[cfg(test)]
mod tests;
