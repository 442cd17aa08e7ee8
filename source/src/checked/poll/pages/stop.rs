//! When no further page is requested.

use serde_json::Value;

use super::next::{Next, PAGE_ROOTS};
use crate::checked::checker::{Checker, Told};
use crate::checked::constant::constant;
use crate::path::Path;
use crate::written::{Located, StopRule};

/// When no further page is requested.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stop {
    /// At a page without records, even if it names a next one.
    pub empty_page: bool,
    /// At a page that names itself as the next; otherwise that is an error.
    pub same_next: bool,
    /// At a page with fewer records than this.
    pub short_page: Option<u64>,
    /// If one of these is missing or says no.
    pub unless: Vec<Path>,
    /// If all values of one of these lists are found.
    pub when: Vec<Vec<(Path, Value)>>,
    /// If the link has all values of one of these lists as its parameters.
    pub link_when: Vec<Vec<(String, Value)>>,
    /// At the offset that the page has here.
    pub total: Option<Path>,
    /// At the page number that the page has here.
    pub pages: Option<Path>,
}

impl Stop {
    /// Returns every path that the rules read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let when = self.when.iter().flatten().map(|(path, _)| path);
        self.unless.iter().chain(when).chain(&self.total).chain(&self.pages)
    }
}

/// Reads the list of stop rules.
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
            StopRule::ShortPage(size) => {
                if matches!(next, Some(Next::Page { .. } | Next::Offset { .. })) {
                    checker.warn(
                        rule.place(),
                        format!(
                            "if the vendor gives fewer than {} records to a page, whatever is asked for, only the first \
                             page is read",
                            **size
                        ),
                        "leave `short_page` out, and a page without records ends the reading; or write what the \
                         vendor says of further pages: `unless`, `total` or `pages`",
                    );
                }
                stop.short_page = Some(**size);
            }
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
            StopRule::LinkWhen(values) => {
                if !matches!(next, Some(Next::Link { .. })) {
                    checker.error_with(
                        rule.place(),
                        "`link_when` means nothing without `next: { link: … }`",
                        "it is about the parameters of that link; what the page itself says is for `when`",
                    );
                }
                if values.is_empty() {
                    checker.error_with(
                        rule.place(),
                        "`link_when` names no value, so it would stop at the first page",
                        "such as `link_when: { results: \"false\" }`",
                    );
                }
                let values = values.iter();
                let all = values.map(|(name, value)| (name.clone(), constant(value, checker)));
                stop.link_when.push(all.collect());
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
