//! How the body of a page is read, and whether the other keys fit.

use super::next::Next;
use super::records::Records;
use super::stop::Stop;
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::written::{self, Located, MissingTrailer};

/// How the body of a page is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageDecode {
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Ndjson {
        /// The last line, if it is not a record.
        trailer: Option<Trailer>,
    },
    /// JSON values, each behind the character RS.
    JsonSeq,
    /// JSON values that follow each other.
    Concatenated,
    /// Comma-separated values.
    Csv(Csv),
    /// Lines of text.
    Lines,
    /// XML.
    Xml,
}

/// Comma-separated values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    /// What separates values.
    pub separator: u8,
    /// The names of the columns; empty if the first row has them.
    pub columns: Vec<String>,
    /// The line before the values.
    pub after: Option<String>,
    /// The line after the values.
    pub before: Option<String>,
}

/// The last line of a page, which says how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Paths that it has and a record has not.
    pub has: Vec<Path>,
    /// What a page without it means.
    pub missing: MissingTrailer,
}

impl PageDecode {
    pub(crate) fn check(
        written: Option<&Located<written::PageDecode>>,
        checker: &mut Checker<'_>,
    ) -> Result<PageDecode, Told> {
        let Some(written) = written else { return Ok(PageDecode::Json) };
        Ok(match &**written {
            written::PageDecode::Json => PageDecode::Json,
            written::PageDecode::JsonSeq => PageDecode::JsonSeq,
            written::PageDecode::Concatenated => PageDecode::Concatenated,
            written::PageDecode::Lines => PageDecode::Lines,
            written::PageDecode::Xml => PageDecode::Xml,
            written::PageDecode::Ndjson(ndjson) => PageDecode::Ndjson {
                trailer: match &ndjson.trailer {
                    None => None,
                    Some(trailer) => Some(self::trailer(trailer, checker)?),
                },
            },
            written::PageDecode::Csv(csv) => PageDecode::Csv(self::csv(csv, checker)?),
        })
    }

    /// Returns whether each line or row is a record.
    pub(crate) fn is_lines(&self) -> bool {
        !matches!(self, PageDecode::Json | PageDecode::Xml)
    }

    /// Reports paths into a body that has nothing but records.
    pub(crate) fn has_no_body(
        &self,
        next: Option<&Next>,
        stop: Option<&Stop>,
        records: &Records,
        place: Option<Place>,
        checker: &mut Checker<'_>,
    ) {
        let has_body = matches!(
            self,
            PageDecode::Ndjson { trailer: Some(_) } | PageDecode::Csv(Csv { before: Some(_), .. })
        );
        if has_body || *records != Records::Lines {
            return;
        }
        let named = match next {
            Some(Next::Url { from, .. } | Next::Token { from, .. }) => Some(from),
            _ => None,
        };
        let stops = stop.into_iter().flat_map(Stop::paths);
        if named.into_iter().chain(stops).any(|path| path.root() == Root::Record) {
            checker.error_with(
                place,
                "`next` or `stop` has a path in the page, whose lines are all records",
                "name a header (`header.NAME`), or say under `ndjson` which line is the `trailer`, or under `csv` which line stands `before` the footer",
            );
        }
    }
}

fn csv(written: &written::Csv, checker: &mut Checker<'_>) -> Result<Csv, Told> {
    let separator = match &written.separator {
        None => b',',
        Some(text) => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => *byte,
            _ => {
                return Err(checker.error_with(
                    text.place(),
                    format!("`{}` cannot separate values", text.escape_debug()),
                    "write one ASCII character, such as `\";\"` or `\"\\t\"`",
                ));
            }
        },
    };
    for line in [&written.after, &written.before].into_iter().flatten() {
        if line.is_empty() || line.contains(['"', '\r', '\n']) {
            return Err(checker.error_with(
                line.place(),
                format!("no row is the line `{}`", line.escape_debug()),
                "write the whole line as the vendor does, without its end and without quotes",
            ));
        }
    }
    let text = |line: &Option<Located<String>>| line.as_ref().map(|line| (**line).clone());
    Ok(Csv {
        separator,
        columns: written.columns.iter().map(|name| (**name).clone()).collect(),
        after: text(&written.after),
        before: text(&written.before),
    })
}

fn trailer(
    written: &Located<written::Trailer>,
    checker: &mut Checker<'_>,
) -> Result<Trailer, Told> {
    if written.has.is_empty() {
        return Err(checker.error_with(
            written.place(),
            "any line would be this trailer",
            "list under `has` what it has and a record has not, such as `[total, offset]`",
        ));
    }
    let has = written
        .has
        .iter()
        .map(|path| checker.path(path, &[Root::Record]))
        .collect::<Result<Vec<_>, Told>>()?;
    Ok(Trailer { has, missing: written.missing })
}
