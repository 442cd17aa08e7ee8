//! When no further page is asked for.

use serde_json::Value;

use super::next::{Next, PAGE_ROOTS};
use crate::checked::checker::{Checker, Told};
use crate::checked::constant::constant;
use crate::path::Path;
use crate::written::{Located, StopRule};

/// When no further page is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stop {
    /// At a page without records, whatever it names.
    pub empty_page: bool,
    /// At a page that names itself as next; else that is an error.
    pub same_next: bool,
    /// At a page with fewer records than this.
    pub short_page: Option<u64>,
    /// Where one of these is not there, or says no.
    pub unless: Vec<Path>,
    /// Where all of one of these lists are so.
    pub when: Vec<Vec<(Path, Value)>>,
    /// At the offset found here.
    pub total: Option<Path>,
    /// At the page number found here.
    pub pages: Option<Path>,
}

impl Stop {
    /// Every path that the rules look at.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let when = self.when.iter().flatten().map(|(path, _)| path);
        self.unless.iter().chain(when).chain(&self.total).chain(&self.pages)
    }
}

/// What the list of stop rules means.
pub(crate) fn stop(
    rules: &[Located<StopRule>],
    next: Option<&Next>,
    checker: &mut Checker<'_>,
) -> Result<Stop, Told> {
    let mut stop = Stop::default();
    for rule in rules {
        match &**rule {
            StopRule::NoNext => {}
            StopRule::EmptyPage => stop.empty_page = true,
            StopRule::SameNext => stop.same_next = true,
            StopRule::ShortPage(size) => stop.short_page = Some(**size),
            StopRule::Unless(path) => stop.unless.push(checker.path(path, PAGE_ROOTS)?),
            StopRule::When(values) => {
                let mut all = Vec::new();
                for (path, value) in values {
                    let path = checker.path(&value.with(path.clone()), PAGE_ROOTS)?;
                    all.push((path, constant(value, checker)));
                }
                if all.is_empty() {
                    checker.error_with(
                        rule.place(),
                        "`when` names no value, so it would stop at the first page",
                        "such as `when: { lastPage: true }`",
                    );
                }
                stop.when.push(all);
            }
            StopRule::Total(path) => {
                wants(matches!(next, Some(Next::Offset { .. })), path, "total", "offset", checker);
                stop.total = Some(checker.path(path, PAGE_ROOTS)?);
            }
            StopRule::Pages(path) => {
                wants(matches!(next, Some(Next::Page { .. })), path, "pages", "page", checker);
                stop.pages = Some(checker.path(path, PAGE_ROOTS)?);
            }
        }
    }
    Ok(stop)
}

fn wants(fits: bool, path: &Located<String>, rule: &str, kind: &str, checker: &mut Checker<'_>) {
    if !fits {
        checker.error_with(
            path.place(),
            format!("`{rule}` means nothing without `next: {{ {kind}: … }}`"),
            "leave it out; a last page is also known by `short_page`, or by the empty one after it",
        );
    }
}
