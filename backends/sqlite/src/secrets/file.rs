//! The file of secrets, with a line `NAME=value` for each.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use mef_ports::{Secret, StoreError};

const READ_FILE: &str = "read the secrets file";
pub(super) const STORE: &str = "store a secret";

/// The values of a file and the numbers of their lines, by name.
pub(super) type Lines = BTreeMap<String, (usize, Secret)>;

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(READ_FILE, format!("{}: {error}", path.display()))
}

/// A line of the file: its number, from 1, its name and its value.
type Line<'t> = (usize, &'t str, &'t str);

/// Reads the open `file` at `path`, and returns the number and the value of the last line
/// for `variable`. Each webhook asks for this, so no other value is copied.
pub(super) fn find(
    path: &Path,
    file: &mut File,
    variable: &str,
) -> Result<Option<(usize, Secret)>, StoreError> {
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| unreadable(path, &error))?;
    let mut found = None;
    for line in lines(path, &text) {
        let (number, name, value) = line?;
        if name == variable {
            found = Some((number, value));
        }
    }
    Ok(found.map(|(number, value)| (number, Secret::new(value))))
}

/// Returns all lines of a file; of several with one name, the last.
pub(super) fn parse_text(path: &Path, text: &str) -> Result<Lines, StoreError> {
    let owned = |(number, name, value): Line<'_>| (name.to_owned(), (number, Secret::new(value)));
    lines(path, text).map(|line| line.map(owned)).collect()
}

fn lines<'t>(path: &Path, text: &'t str) -> impl Iterator<Item = Result<Line<'t>, StoreError>> {
    // Some editors write a byte order mark at the beginning.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let written = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    written.map(move |(number, line)| {
        let (name, value) = line.split_once('=').ok_or_else(|| {
            let reason = format!("{}:{number}: not a line `NAME=value`", path.display());
            StoreError::new(READ_FILE, reason)
        })?;
        let value = value.trim();
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        let name = name.trim().strip_prefix("export ").unwrap_or(name.trim());
        Ok((number, name.trim(), quoted.unwrap_or(value)))
    })
}

fn not_stored(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(STORE, format!("{}: {error}", path.display()))
}

/// Opens the file, or makes it, and locks out every other process that changes it.
fn open_and_lock(path: &Path) -> std::io::Result<File> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        file.lock()?;
        // The process before may have put another file in its place.
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

/// Gives `variable` another value. The new file is written beside the old one, so that
/// a crash leaves one of them whole.
pub(super) fn replace_line(path: &Path, variable: &str, value: &str) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| not_stored(path, &error);
    let line = format!("{variable}={value}");
    let kept = parse_text(path, &line)?;
    if kept.get(variable).is_none_or(|(_, kept)| kept.expose() != value) {
        return Err(StoreError::new(STORE, "a line of the secrets file cannot hold the value"));
    }
    let mut old = open_and_lock(path).map_err(failed)?;
    // The file that a link names is changed, not the link.
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
    // The new name survives a crash only once the folder is written.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// Adds a line to the file and returns true, unless it has one for `variable`. Several
/// processes may do so at once.
pub(super) fn add_line(path: &Path, variable: &str, value: &str) -> Result<bool, StoreError> {
    let failed = |error: std::io::Error| not_stored(path, &error);
    let mut file = open_and_lock(path).map_err(failed)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let there = |lines: &Lines| lines.get(variable).map(|(_, value)| value.expose().to_owned());
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
