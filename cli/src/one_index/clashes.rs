//! The warnings: fields with two kinds of values, values of another type than MozDef's, too many fields.

use std::collections::BTreeMap;

use mef_source::Problem;

use super::fields::{Fields, Kind, Seen};
use super::{events, maps};
use crate::sources::files::SourceFile;

/// How many fields an index takes: `index.mapping.total_fields.limit`, MozDef's `mapping_total_fields_limit`.
const MOST: usize = 1_000;

/// Adds to each file what an index would refuse of its events because of MozDef, of another source, or of
/// its own events.
pub(crate) fn warn(files: &mut [SourceFile]) {
    let mut fields = Fields::default();
    for number in 0..files.len() {
        let Some(file) = files.get_mut(number) else { continue };
        let Some(source) = file.source.clone() else { continue };
        let seen = Seen { file: number, place: file.path.display().to_string() };
        let mut refused = maps::note(&source, &seen, &mut fields);
        refused.extend(events::note(file.folder(), number, &mut fields));
        for what in refused {
            let problem = Problem::warning(None, what).help(
                "what an index does not take, MozDef loses: leave it out, or give it another name",
            );
            file.problems.push(problem);
        }
    }
    for (file, problem) in clashes(&fields).into_iter().chain(too_many(&fields)) {
        if let Some(file) = files.get_mut(file) {
            file.problems.push(problem);
        }
    }
}

/// Returns a warning for each field that has two kinds of values; below an object that is a text elsewhere,
/// nothing is said any more.
fn clashes(fields: &Fields) -> Vec<(usize, Problem)> {
    let mut told: Vec<&[String]> = Vec::new();
    let mut warnings = Vec::new();
    for (path, kinds) in &fields.kinds {
        let mut kinds: Vec<_> = kinds.iter().collect();
        // It is told where it came in.
        kinds.sort_by_key(|(_, seen)| seen.file);
        let [(one, first), (other, second), ..] = kinds.as_slice() else { continue };
        if told.iter().any(|above| path.starts_with(above)) {
            continue;
        }
        told.push(path);
        let name = path.join(".");
        let message = format!(
            "`{name}` is {} here ({}) and {} in {}: one index takes only one of them",
            other.word(),
            second.place,
            one.word(),
            first.place
        );
        let help = if [**one, **other].iter().all(|kind| matches!(kind, Kind::Text | Kind::Number))
        {
            "MozDef's own index takes both, any other does not: write the filter `text` after the number, or \
             use another name"
        } else {
            "give one of them another name; a record that lies under its source's name meets no other \
             source: `details: { name: \"{/}\" }`"
        };
        warnings.push((second.file, Problem::warning(None, message).help(help)));
    }
    warnings
}

/// Returns a warning, at the source with the most of them, if the events have more fields than an index takes.
fn too_many(fields: &Fields) -> Option<(usize, Problem)> {
    let count = fields.kinds.len();
    if count <= MOST {
        return None;
    }
    let mut by_file = BTreeMap::<usize, usize>::new();
    for seen in fields.kinds.values().filter_map(|kinds| kinds.values().next()) {
        *by_file.entry(seen.file).or_default() += 1;
    }
    let (file, own) = by_file.into_iter().max_by_key(|(_, own)| *own)?;
    let message = format!(
        "the tests of this folder show {count} fields, and an index takes {MOST}: an event with one more is \
         lost. Most are this source's, {own}"
    );
    let help = "keep what is searched for, and the whole as text: `details: { name: { pick: [ … ] }, raw: \
         \"{/|json|pieces(32766)}\" }`; or raise `mapping_total_fields_limit` in MozDef's backup.conf";
    Some((file, Problem::warning(None, message).help(help)))
}
