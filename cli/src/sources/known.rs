//! Whether a name that a person wrote is the name of a source.

use std::path::Path;

use anyhow::bail;

use super::files;
use super::meant::meant;

/// Fails if neither a source file of `dir` nor one of `others`, such as what a store holds, has this
/// name: an empty answer to a misspelt name would say that nothing came. Without source files nobody
/// can tell.
pub(crate) fn must_be_known(
    dir: &Path,
    name: &str,
    others: &[impl AsRef<str>],
) -> anyhow::Result<()> {
    // A file with mistakes is for `mef check` to tell of.
    let files = files::read(dir).unwrap_or_default();
    let mut names: Vec<&str> =
        files.iter().filter_map(|file| Some(file.source.as_ref()?.name.as_str())).collect();
    if names.len() < files.len() || names.is_empty() {
        return Ok(());
    }
    names.extend(others.iter().map(AsRef::as_ref));
    if names.contains(&name) {
        return Ok(());
    }
    names.sort_unstable();
    names.dedup();
    bail!("there is no source `{name}` in {}{}", dir.display(), meant(name, &names))
}
