//! Pages: how they are requested, and what is in them.
//!
//! The records of a stream come in pages, and so do the details of an item and the
//! names of partitions: all with the same keys.

pub(crate) mod decode;
pub(crate) mod expects;
pub(crate) mod keys;
pub(crate) mod next;
pub(crate) mod records;
pub(crate) mod stop;

pub use decode::{Csv, PageDecode, Trailer};
pub use expects::Expects;
pub use next::{Next, Slot, TokenForm};
pub use records::Records;
pub use stop::Stop;

use crate::checked::checker::{Checker, Told};
use crate::checked::poll::request::Request;
use crate::checked::poll::request::body::RequestBody;
use crate::checked::poll::request::scope::RequestScope;
use crate::path::Root;
use crate::problem::Place;
use crate::written::{Charset, Compression, Located, MissingRecords};
use keys::WrittenPages;

/// How pages are requested, and what is in them.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The request for the first page.
    pub request: Request,
    /// The request for a later page, before the way to that page is added.
    pub then: Request,
    /// The way to the next page; `None` if there is one page.
    pub next: Option<Next>,
    /// When no further page is requested.
    pub stop: Stop,
    /// How a page's body is read.
    pub decode: PageDecode,
    /// How a page's body is compressed.
    pub compression: Compression,
    /// In which character set it is, if that is said.
    pub charset: Option<Charset>,
    /// Where a page has its records.
    pub records: Records,
    /// What a page without that list or record means.
    pub missing_records: MissingRecords,
    /// What is read in its records.
    pub expects: Expects,
}

impl Pages {
    /// Returns whether a page has nothing but records, a line or row each, so that they
    /// can be read one after another before the rest has arrived.
    pub fn is_only_lines(&self) -> bool {
        let has_trailer = matches!(&self.decode, PageDecode::Ndjson { trailer: Some(_) });
        self.records == Records::Lines && self.next.is_none() && !has_trailer
    }

    /// Returns both requests.
    pub(crate) fn requests(&self) -> [&Request; 2] {
        [&self.request, &self.then]
    }
}

impl RequestScope<'_, '_> {
    /// Reads pages, whose requests may also use `{page.…}`.
    pub(crate) fn pages(&mut self, written: &WrittenPages<'_>) -> Result<Pages, Told> {
        let next = written.next.map(|next| self.next(next)).transpose();
        let next_kind = next.as_ref().ok().and_then(Option::as_ref);
        let variable = next_kind.and_then(Next::variable);
        let (request, then) = self.also(&[Root::Page], |scope| {
            // The first request has no token yet, but it has a number.
            scope.page = variable.filter(|_| next_kind.is_some_and(|next| next.start().is_some()));
            let request = scope.request(written.request);
            scope.page = variable;
            let then = match &request {
                Ok(request) => {
                    if let (None, Some(then)) = (next_kind, written.then) {
                        scope.checker.error_with(
                            then.place(),
                            "`then` means nothing without `next`",
                            "say under `next` where a page names the next one",
                        );
                    }
                    scope.later(request, written.then, next_kind.is_some_and(Next::is_url))
                }
                Err(told) => Err(*told),
            };
            scope.page = None;
            (request, then)
        });
        let checker = &mut *self.checker;
        let decode = PageDecode::check(written.decode, checker);
        let is_lines = decode.as_ref().is_ok_and(PageDecode::is_lines);
        let records = records::records(written, is_lines, checker);
        if written.missing_records == MissingRecords::Empty && is_lines {
            checker.error_with(
                written.request.place(),
                "`missing_records` means nothing where each line of the page is a record",
                "leave it out: it is about a list or a record that a page may leave out",
            );
        }
        let (request, then, next) = (request?, then?, next?);
        if let Some((next, written)) = next.as_ref().zip(written.next) {
            has_place(next, written.place(), &request, &then, checker);
        }
        let stop = stop::stop(written.stop, next.as_ref(), checker);
        if let (Ok(decode), Ok(records)) = (&decode, &records) {
            let place = written.decode.and_then(Located::place);
            decode.has_no_body(next.as_ref(), stop.as_ref().ok(), records, place, checker);
        }
        Ok(Pages {
            request,
            then,
            next,
            stop: stop?,
            decode: decode?,
            compression: written.compression,
            charset: written.charset,
            records: records?,
            missing_records: written.missing_records,
            expects: Expects::default(),
        })
    }
}

/// Reports requests without a place for the way to a page.
pub(crate) fn has_place(
    next: &Next,
    place: Option<Place>,
    first: &Request,
    later: &Request,
    checker: &mut Checker<'_>,
) {
    let Some(variable) = next.variable() else { return };
    let Some(slot) = next.slot() else {
        // A count is sent from the first page on.
        if !later.reads(Root::Page) {
            checker.error_with(
                place,
                "nothing in the next request takes the way to the next page",
                format!("add one of `query`, `header`, `json`, `form` here, or use `{{page.{variable}}}` in a template"),
            );
        }
        return;
    };
    let requests: &[&Request] = if next.start().is_some() { &[first, later] } else { &[later] };
    let wanted = match slot {
        Slot::Json(_) => "json",
        Slot::Form(_) => "form",
        Slot::Query(_) | Slot::Header(_) => return,
    };
    for request in requests {
        let fits = matches!(
            (&request.body, slot),
            (Some(RequestBody::Json(_)), Slot::Json(_))
                | (Some(RequestBody::Form(_)), Slot::Form(_))
        );
        if !fits {
            checker.error_with(
                place,
                format!("the request has no `{wanted}` body for the way to the next page"),
                format!("write `post` and `{wanted}: {{}}` under `request` or `then`"),
            );
            return;
        }
    }
}
