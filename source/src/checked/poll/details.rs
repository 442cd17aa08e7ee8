//! Requests for each item that a page lists.

use super::pages::Pages;
use super::pages::keys::pages_of;
use super::request::Request;
use super::request::scope::RequestScope;
use super::response_when::ResponseWhen;
use crate::checked::checker::{Told, all};
use crate::checked::origin::Origin;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written::{self, Located};

/// No vendor takes more than this.
const MOST_AT_ONCE: u64 = 1_000;

/// A request for each item that a page lists.
#[derive(Clone, Debug)]
pub struct Detail {
    /// How the records are requested, and where they are.
    pub pages: Pages,
    /// How many items are requested together, if not one.
    pub batch: Option<Batch>,
    /// Responses that mean that the item has nothing.
    pub ignore: Vec<ResponseWhen>,
    /// Where the item has the moment after which it must not be requested.
    pub expires: Option<Path>,
    /// What of the item is added to each record that is an object.
    pub keep: Vec<(String, Template)>,
}

/// Items that are requested together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The most of them.
    pub size: usize,
    /// What of each item stands in the list that `{item}` then is.
    pub of: Path,
}

impl RequestScope<'_, '_> {
    /// Reads the requests for each item that a page of `own` lists.
    pub(crate) fn details(
        &mut self,
        written: &[Located<written::Detail>],
        own: &Origin,
    ) -> Result<Vec<Detail>, Told> {
        self.item_origin = Some(own.clone());
        let details = self
            .also(&[Root::Item], |scope| all(written.iter().map(|written| scope.detail(written))));
        self.item_origin = None;
        for later in written.iter().skip(1) {
            if let Some(batch) = &later.batch {
                self.checker.error_with(
                    batch.place(),
                    "only the first step of `details` can ask for many items at once",
                    "leave `batch` out",
                );
            }
        }
        details
    }

    fn detail(&mut self, written: &Located<written::Detail>) -> Result<Detail, Told> {
        let pages = self.pages(&pages_of!(written));
        let ignore = all(written.ignore.iter().map(|when| ResponseWhen::check(when, self.checker)));
        let expires = self.checker.record_path(written.expires.as_ref());
        // What is kept goes into events.
        let keep = self.without(&[Root::Secret], |scope| scope.pairs(&written.keep));
        let pages = pages?;
        let batch = self.batch(written, &pages.request)?;
        if !pages.request.reads(Root::Item) {
            self.checker.error_with(
                written.request.place(),
                "the request does not use `{item}`",
                "without it every item would bring the same: such as `{item.id}` in its URL",
            );
        }
        Ok(Detail { pages, batch, ignore: ignore?, expires: expires?, keep })
    }

    /// Reads how many items are requested together, if they are.
    fn batch(
        &mut self,
        detail: &written::Detail,
        request: &Request,
    ) -> Result<Option<Batch>, Told> {
        let Some(written) = &detail.batch else { return Ok(None) };
        let mut paths = request.templates().into_iter().flat_map(Template::paths);
        if paths.any(|path| path.root() == Root::Item && !path.segments().is_empty()) {
            return Err(self.checker.error_with(
                written.place(),
                "`{item}` is a list where many are asked for, and has nothing at a path",
                "write `{item}`, and under `of` what of each item stands in the list",
            ));
        }
        if detail.expires.is_some() || !detail.keep.is_empty() {
            return Err(self.checker.error_with(
                written.place(),
                "`expires` and `keep` are about one item, and `batch` asks for many",
                "leave `batch` out, or take what you need from the records themselves",
            ));
        }
        let size = Some(*written.size).filter(|size| (1..=MOST_AT_ONCE).contains(size));
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
            return Err(self.checker.error_with(
                written.size.place(),
                format!("{} items cannot be asked for at once", *written.size),
                format!("write from 1 to {MOST_AT_ONCE}"),
            ));
        };
        let (place, of) = match &written.of {
            Some(path) => (path.place(), path.as_str()),
            None => (None, ""),
        };
        let of = self.checker.path_at(place, of, &[Root::Record])?;
        Ok(Some(Batch { size, of }))
    }
}
