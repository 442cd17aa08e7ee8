//! What the id of a delivery is made of.
//!
//! Some vendors number their events only within something else: a source, a run, a second. Their id is a
//! template, so that no two events share it.

use super::checks::surroundings::{REQUEST_ROOTS, lint_names};
use crate::checked::checker::{Checker, Told, all};
use crate::path::{Path, Root};
use crate::template::{Lookups, Template};
use crate::written::{self, Decode, Located, OneOrMany};

/// The roots that a template may read. The body's digest tells events apart that share all else.
const ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::Form, Root::Body];

/// Reads the paths and templates of the delivery's id; none if the file has none.
pub(crate) fn check(
    written: &written::Webhook,
    checker: &mut Checker<'_>,
) -> Result<Vec<Template>, Told> {
    let Some(ids) = &written.delivery_id else { return Ok(Vec::new()) };
    lint_names(ids, checker);
    let found = match ids.iter().any(|(text, _)| text.contains('{')) {
        true => templates(ids, checker)?,
        false => {
            let paths = checker.alternatives("delivery_id", ids, REQUEST_ROOTS)?;
            paths.into_iter().map(Template::value_at).collect()
        }
    };
    lint_lists(written, &found, checker);
    Ok(found)
}

/// Reads a list in which one or more are templates.
fn templates(ids: &Located<OneOrMany>, checker: &mut Checker<'_>) -> Result<Vec<Template>, Told> {
    all(ids.iter().map(|(text, own)| {
        let place = own.or(ids.place());
        if !text.contains('{') {
            return checker.path_at(place, text, REQUEST_ROOTS).map(Template::value_at);
        }
        let template = checker.template(&ids.with(text.to_owned()), ROOTS, &Lookups::new())?;
        if template.paths().next().is_none() {
            return Err(checker.error_with(
                place,
                "the delivery's id is the same for every request",
                "name what is of the delivery, such as `\"{source} {id}\"`",
            ));
        }
        Ok(template)
    }))
}

/// Warns of an id that is looked for in a body of several values as if it were one.
fn lint_lists(written: &written::Webhook, ids: &[Template], checker: &mut Checker<'_>) {
    if !matches!(written.decode, Decode::Ndjson | Decode::JsonSeq | Decode::Concatenated) {
        return;
    }
    let is_number = |segment: &String| segment.parse::<usize>().is_ok();
    let is_wrong = |path: &&Path| {
        path.root() == Root::Record && !path.segments().first().is_some_and(is_number)
    };
    if let Some(path) = ids.iter().flat_map(Template::paths).find(is_wrong) {
        checker.warn(
            written.delivery_id.as_ref().and_then(Located::place),
            format!("no delivery has an id at `{path}`: its body is a list of records"),
            format!(
                "`/0{path}` is that of the first record, if all records of a delivery share it"
            ),
        );
    }
}
