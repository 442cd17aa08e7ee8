//! The presets of source files, written out: nobody should have to trust a name with who may push.

use mef_source::{Expansion, SourceName};
use serde::Serialize;

use super::files::SourceFile;
use crate::output;

/// A preset in use, as a line of JSON.
#[derive(Serialize)]
struct PresetLine<'e, E> {
    source: &'e str,
    preset: &'e str,
    expanded: E,
}

/// A source file with nothing but its `webhook`.
#[derive(Serialize)]
struct Written<'e, W> {
    source: &'e str,
    webhook: W,
}

/// Prints a table of the presets that sources name, and what each checks.
pub(crate) fn lines(files: &[SourceFile]) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (source, expansion) in expanded(files) {
        for preset in &expansion.presets {
            rows.push(vec![source.to_string(), preset.name.clone(), preset.checks.join(" and ")]);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    output::table(&["SOURCE", "PRESET", "CHECKS"], &rows)
}

/// Prints a YAML document for each source that names a preset: its `webhook` with the presets written
/// out.
pub(crate) fn yaml(files: &[SourceFile]) -> anyhow::Result<()> {
    for (index, (source, expansion)) in expanded(files).enumerate() {
        if index > 0 {
            output::line("---")?;
        }
        let names: Vec<_> = expansion.presets.iter().map(|preset| preset.name.as_str()).collect();
        output::line(&format!("# {source}: preset {}", names.join(", ")))?;
        let written = Written { source: source.as_str(), webhook: &expansion.webhook };
        output::line(serde_saphyr::to_string(&written)?.trim_end())?;
    }
    Ok(())
}

/// Prints a line of JSON for each preset that a source names: the source's `webhook` with the presets
/// written out.
pub(crate) fn json(files: &[SourceFile]) -> anyhow::Result<()> {
    for (source, expansion) in expanded(files) {
        for preset in &expansion.presets {
            let expanded = Written { source: source.as_str(), webhook: &expansion.webhook };
            output::json(&PresetLine { source: source.as_str(), preset: &preset.name, expanded })?;
        }
    }
    Ok(())
}

fn expanded(files: &[SourceFile]) -> impl Iterator<Item = (&SourceName, &Expansion)> {
    files.iter().filter_map(|file| Some((&file.source.as_ref()?.name, file.expansion.as_ref()?)))
}
