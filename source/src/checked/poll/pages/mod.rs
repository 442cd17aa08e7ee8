//! Pages: how they are asked for, and what is in them.
//!
//! The records of a stream come in pages, and so do the details of what a page
//! lists and the names of a source's partitions: all by the same keys.

pub(crate) mod decode;
pub(crate) mod next;

pub use decode::{Csv, PageDecode, Trailer};
pub use next::{Next, Slot, Stop, TokenForm};

use crate::checked::checker::Checker;
use crate::checked::poll::request::Request;
use crate::checked::poll::request::scope::RequestScope;
use crate::written::{self, Compression, Located, MissingRecords, OneOrMany, StopRule};
use crate::{Path, Root};

/// How pages are asked for, and what is in them.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The request for the first page.
    pub request: Request,
    /// The request for a later page, before the way to that page is put in.
    pub then: Request,
    /// The way to the next page; without it there is one page.
    pub next: Option<Next>,
    /// When no further page is asked for.
    pub stop: Stop,
    /// How a page's body is read.
    pub decode: PageDecode,
    /// How a page's body is compressed.
    pub compression: Compression,
    /// Where a page has its records.
    pub records: Records,
    /// What a page without that list, or that record, means.
    pub missing_records: MissingRecords,
}

/// Where a page has its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// A list of them, or several, which follow each other.
    Lists(Vec<Path>),
    /// The values of an object.
    Values(Path),
    /// One, which may be the whole page.
    One(Path),
    /// Each line or row is one.
    Lines,
}

/// The keys that say how pages are asked for and what is in them.
pub(crate) struct WrittenPages<'w> {
    pub(crate) request: &'w Located<written::Request>,
    pub(crate) then: Option<&'w Located<written::Then>>,
    pub(crate) next: Option<&'w Located<written::Next>>,
    pub(crate) stop: &'w [Located<StopRule>],
    pub(crate) decode: Option<&'w Located<written::PageDecode>>,
    pub(crate) compression: Compression,
    pub(crate) records: Option<&'w Located<written::Records>>,
    pub(crate) missing_records: MissingRecords,
    pub(crate) record: Option<&'w Located<String>>,
}

macro_rules! pages_of {
    ($written:expr) => {
        $crate::checked::poll::pages::WrittenPages {
            request: &$written.request,
            then: $written.then.as_ref(),
            next: $written.next.as_ref(),
            stop: $written.stop.as_deref().unwrap_or_default(),
            decode: $written.decode.as_ref(),
            compression: $written.compression,
            records: $written.records.as_ref(),
            missing_records: $written.missing_records,
            record: $written.record.as_ref(),
        }
    };
}
pub(crate) use pages_of;

impl Pages {
    /// Whether nothing but records is in them, a line or row each, so that they
    /// can be taken out one after another while the rest is not yet read.
    pub fn is_only_lines(&self) -> bool {
        let has_trailer = matches!(&self.decode, PageDecode::Ndjson { trailer: Some(_) });
        self.records == Records::Lines && self.next.is_none() && !has_trailer
    }

    /// The two requests.
    pub(crate) fn requests(&self) -> [&Request; 2] {
        [&self.request, &self.then]
    }
}

impl RequestScope<'_, '_> {
    /// Pages whose requests may use what this scope knows, and `{page.…}`.
    pub(crate) fn pages(&mut self, written: &WrittenPages<'_>) -> Option<Pages> {
        let next = written.next.map(|next| self.next(next));
        let next_kind = next.as_ref().and_then(Option::as_ref);
        let variable = next_kind.and_then(Next::variable);
        self.roots.push(Root::Page);
        // The first request has no token yet, but it has a number.
        self.page = variable.filter(|_| next_kind.is_some_and(|next| next.start().is_some()));
        let request = self.request(written.request);
        self.page = variable;
        let then =
            request.as_ref().and_then(|request| self.later(request, written.then, next_kind));
        self.page = None;
        self.roots.retain(|root| *root != Root::Page);
        let checker = &mut *self.checker;
        let decode = PageDecode::check(written.decode, checker);
        let is_lines = decode.as_ref().is_some_and(PageDecode::is_lines);
        let records = records(written, is_lines, checker);
        if written.missing_records == MissingRecords::Empty && is_lines {
            checker.error_with(
                written.request.place(),
                "`missing_records` means nothing where each line of the page is a record",
                "leave it out: it is about a list or a record that a page may leave out",
            );
        }
        let (request, then) = (request?, then?);
        let next = match next {
            None => None,
            Some(next) => Some(next?),
        };
        if let Some((next, written)) = next.as_ref().zip(written.next) {
            next::has_place(next, written.place(), &request, &then, checker);
        }
        let stop = next::stop(written.stop, next.as_ref(), checker);
        if let Some((decode, records)) = decode.as_ref().zip(records.as_ref()) {
            let place = written.decode.and_then(Located::place);
            decode.has_no_body(next.as_ref(), stop.as_ref(), records, place, checker);
        }
        Some(Pages {
            request,
            then,
            next,
            stop: stop?,
            decode: decode?,
            compression: written.compression,
            records: records?,
            missing_records: written.missing_records,
        })
    }
}

fn records(
    written: &WrittenPages<'_>,
    is_lines: bool,
    checker: &mut Checker<'_>,
) -> Option<Records> {
    let (message, help) = match (&written.records, &written.record, is_lines) {
        (Some(records), None, false) => {
            return match &***records {
                written::Records::Lists(paths) => lists(paths, records, checker),
                written::Records::Values(path) => {
                    checker.path(path, &[Root::Record]).map(Records::Values)
                }
            };
        }
        (None, Some(path), false) => return checker.path(path, &[Root::Record]).map(Records::One),
        (None, None, true) => return Some(Records::Lines),
        (_, _, true) => (
            "each line of the page is a record, so there is no path of them",
            "leave `records` and `record` out",
        ),
        (None, None, false) => (
            "the source does not say where a page has its records",
            "write `records`, the path of a list (empty where the page is the list), or `record`, that of the one record that a page is",
        ),
        (Some(_), Some(_), false) => (
            "the source says twice where a page has its records",
            "leave `records` or `record` out",
        ),
    };
    let place = written.record.and_then(Located::place);
    let place = place.or(written.records.and_then(Located::place));
    checker.error_with(place.or(written.request.place()), message, help);
    None
}

fn lists(
    written: &OneOrMany,
    records: &Located<written::Records>,
    checker: &mut Checker<'_>,
) -> Option<Records> {
    let paths = checker.alternatives("records", &records.with(written.clone()), &[Root::Record])?;
    let inside = |one: &Path, other: &Path| other.segments().starts_with(one.segments());
    for (number, ((text, place), path)) in written.iter().zip(&paths).enumerate() {
        let mut others = paths.iter().enumerate().filter(|(other, _)| *other != number);
        if others.any(|(_, other)| inside(other, path)) {
            checker.error_with(
                place.or(records.place()),
                format!("the list at `{text}` is another of these lists, or stands in one"),
                "name each list of records once",
            );
            return None;
        }
    }
    Some(Records::Lists(paths))
}
