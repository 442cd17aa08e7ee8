//! How the body of a page is read, and whether the rest of the file fits to it.

use super::checker::Checker;
use super::next::{Next, Stop};
use super::pages::Records;
use crate::written::{self, Located, MissingTrailer};
use crate::{Path, Root};

/// How the body of a page is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageDecode {
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Ndjson {
        /// The last line, where it is no record.
        trailer: Option<Trailer>,
    },
    /// Comma-separated values.
    Csv {
        /// What separates values.
        separator: u8,
        /// The names of the columns; empty where the first row has them.
        columns: Vec<String>,
    },
    /// Lines of text.
    Lines,
    /// XML.
    Xml,
}

/// The last line of a page, which says how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// What it has, and a record has not.
    pub has: Vec<Path>,
    /// What a page without it means.
    pub missing: MissingTrailer,
}

impl PageDecode {
    pub(super) fn check(
        written: Option<&Located<written::PageDecode>>,
        checker: &mut Checker<'_>,
    ) -> Option<PageDecode> {
        let Some(written) = written else { return Some(PageDecode::Json) };
        Some(match &**written {
            written::PageDecode::Json => PageDecode::Json,
            written::PageDecode::Lines => PageDecode::Lines,
            written::PageDecode::Xml => PageDecode::Xml,
            written::PageDecode::Ndjson(ndjson) => PageDecode::Ndjson {
                trailer: match &ndjson.trailer {
                    None => None,
                    Some(trailer) => Some(self::trailer(trailer, checker)?),
                },
            },
            written::PageDecode::Csv(csv) => PageDecode::Csv {
                separator: match &csv.separator {
                    None => b',',
                    Some(text) => match text.as_bytes() {
                        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => *byte,
                        _ => {
                            checker.error_with(
                                text.place(),
                                format!("`{}` cannot separate values", text.escape_debug()),
                                "write one ASCII character, such as `\";\"` or `\"\\t\"`",
                            );
                            return None;
                        }
                    },
                },
                columns: csv.columns.iter().map(|name| (**name).clone()).collect(),
            },
        })
    }

    /// Whether each line or row is a record, so that there is no list of them.
    pub(super) fn is_lines(&self) -> bool {
        matches!(self, PageDecode::Ndjson { .. } | PageDecode::Csv { .. } | PageDecode::Lines)
    }

    /// Reports what looks into a body where there is none but records.
    pub(super) fn has_no_body(
        &self,
        next: Option<&Next>,
        stop: Option<&Stop>,
        records: &Records,
        place: Option<crate::Place>,
        checker: &mut Checker<'_>,
    ) {
        let has_trailer = matches!(self, PageDecode::Ndjson { trailer: Some(_) });
        if has_trailer || *records != Records::Lines {
            return;
        }
        let named = match next {
            Some(Next::Url(path) | Next::Token { from: path, .. }) => Some(path),
            _ => None,
        };
        let stops = stop.into_iter().flat_map(Stop::paths);
        if named.into_iter().chain(stops).any(|path| path.root() == Root::Record) {
            checker.error_with(
                place,
                "`next` or `stop` has a path in the page, whose lines are all records",
                "name a header (`header.NAME`), or say under `ndjson` which line is the `trailer`",
            );
        }
    }
}

fn trailer(written: &Located<written::Trailer>, checker: &mut Checker<'_>) -> Option<Trailer> {
    if written.has.is_empty() {
        checker.error_with(
            written.place(),
            "any line would be this trailer",
            "list under `has` what it has and a record has not, such as `[total, offset]`",
        );
        return None;
    }
    let has = written
        .has
        .iter()
        .map(|path| checker.path(path, &[Root::Record]))
        .collect::<Option<Vec<_>>>()?;
    Some(Trailer { has, missing: written.missing })
}
