//! Secrets on a laptop: the environment, or a local file.
//!
//! SQLite is no place for them: the file of secrets can be kept out of backups
//! and version control by itself.
use std::collections::BTreeMap;
use std::env::VarError;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError};

const READ_FILE: &str = "read the secrets file";
const STORE: &str = "store a secret";

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
    parse_text(path, &text)
}

fn parse_text(path: &Path, text: &str) -> Result<BTreeMap<String, (usize, Secret)>, StoreError> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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

fn not_stored(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(STORE, format!("{}: {error}", path.display()))
}

/// The file, made if it is not there, and held against every other process that
/// changes it.
fn open_and_lock(path: &Path) -> std::io::Result<File> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        file.lock()?;
        // Whoever had it may have put another in its place.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let held = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((held.dev(), held.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

/// Gives `variable` another value. The file is written anew beside the old one,
/// so that a crash leaves one or the other whole.
fn replace_line(path: &Path, variable: &str, value: &str) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| not_stored(path, &error);
    let line = format!("{variable}={value}");
    let kept = parse_text(path, &line)?;
    if kept.get(variable).is_none_or(|(_, kept)| kept.expose() != value) {
        return Err(StoreError::new(STORE, "a line of the secrets file cannot hold the value"));
    }
    let mut old = open_and_lock(path).map_err(failed)?;
    // What a link names is changed, not the link.
    let path = &std::fs::canonicalize(path).map_err(failed)?;
    let mut text = String::new();
    old.read_to_string(&mut text).map_err(failed)?;
    let last = parse_text(path, &text)?.get(variable).map(|(number, _)| *number);
    let mut changed = String::with_capacity(text.len() + line.len() + 1);
    for (index, old_line) in text.lines().enumerate() {
        changed.push_str(if Some(index + 1) == last { &line } else { old_line });
        changed.push('\n');
    }
    if last.is_none() {
        changed.push_str(&line);
        changed.push('\n');
    }
    let mut beside = path.clone().into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut new = options.open(&beside).map_err(failed)?;
    new.set_permissions(old.metadata().map_err(failed)?.permissions()).map_err(failed)?;
    new.write_all(changed.as_bytes()).and_then(|()| new.sync_all()).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)?;
    // The new name lasts only once the folder is written.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// Adds a line to the file if it has none for `variable`; several processes may
/// do so at once.
fn add_line(path: &Path, variable: &str, value: &str) -> Result<bool, StoreError> {
    let failed = |error: std::io::Error| not_stored(path, &error);
    let mut file = open_and_lock(path).map_err(failed)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let there = |lines: &BTreeMap<String, (usize, Secret)>| {
        lines.get(variable).map(|(_, value)| value.expose().to_owned())
    };
    if there(&parse_text(path, &text)?).is_some_and(|value| !value.is_empty()) {
        return Ok(false);
    }
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let line = format!("{end}{variable}={value}\n");
    if there(&parse_text(path, &line)?).is_none_or(|kept| kept != value) {
        return Err(StoreError::new(STORE, "a line of the secrets file cannot hold the value"));
    }
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(true)
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

    async fn put_if_absent(
        &self,
        reference: &SecretRef,
        value: &Secret,
    ) -> Result<bool, StoreError> {
        let variable = LocalSecrets::variable(reference);
        let found = self.find_in_environment(&variable)?;
        if found.is_some_and(|found| !found.value.expose().is_empty()) {
            return Ok(false);
        }
        let path = self.file.as_ref().ok_or_else(|| {
            StoreError::new(STORE, "there is no secrets file: name one with --secrets")
        })?;
        let stored = add_line(path, &variable, value.expose())?;
        // The file's time may not have moved on since it was read.
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(stored)
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
        let path = self.file.as_ref().ok_or_else(|| {
            StoreError::new(STORE, "there is no secrets file: name one with --secrets")
        })?;
        replace_line(path, &variable, value.expose())?;
        // The file's time may not have moved on since it was read.
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
