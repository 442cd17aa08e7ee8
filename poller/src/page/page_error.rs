//! Why a response is no page.

use http::StatusCode;
use mef_auth::Redactor;
use mef_pipeline::DecodeError;

use crate::page::instead::Instead;

/// Why a response is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The body cannot be read.
    #[error("the page cannot be read")]
    Decode(#[source] DecodeError),
    /// The body is not in the format that the source file says.
    #[error("the page is not {format}: {reason}")]
    Format {
        /// The format.
        format: &'static str,
        /// What is wrong.
        reason: String,
        /// Whether it was cut off or garbled, and may be whole the next time.
        may_pass: bool,
    },
    /// The page has more records than can be held at once.
    #[error("the page has more than {0} records: ask for smaller pages")]
    TooManyRecords(usize),
    /// The page has more values than can be held at once.
    #[error("the page has more than {0} values: ask for smaller pages")]
    TooManyValues(usize),
    /// The rows with their column names are longer than can be held at once.
    #[error("the records of the page take more than {0} bytes: ask for smaller pages")]
    TooManyBytes(usize),
    /// The response has no body.
    #[error(
        "the response has the status {0} and no body: if that means that there are no records, write \
         `missing_records: empty`"
    )]
    NoBody(StatusCode),
    /// The response has a status that brings no page, and no body.
    #[error(
        "the response has the status {0} and no body, which is no page: if that means that there are no \
         records, write `errors: [{{ when: {{ status: {status} }}, do: ignore }}]`",
        status = .0.as_u16()
    )]
    NoPage(StatusCode),
    /// What was asked for is not ready.
    #[error("the response has the status 202: what was asked for is not ready")]
    NotReady,
    /// The response is a part of what was asked for.
    #[error("the response has the status 206 and is only a part of the page")]
    Part,
    /// The page before named one, and there is none.
    #[error(
        "the page before named this one, but the response has the status {0} and no content: if the vendor \
         ends its pages so, write `empty_page` under `stop`"
    )]
    LeftOut(StatusCode),
    /// An error stands in place of the records.
    #[error(
        "the page is one object without {paths}, which the source file reads in a record: {instead}"
    )]
    ErrorRecord {
        /// What is read in a record.
        paths: String,
        /// What the page has.
        instead: Instead,
    },
    /// The last line is no trailer, so the page was cut off.
    #[error("the page ends without its trailer")]
    NoTrailer,
    /// The list of records is not where the source file says.
    #[error(
        "expected a list of records {}, found {found}: {}",
        whole_or_at(place),
        advice(instead, *may_be_empty, "a list", "an empty list")
    )]
    NoRecords {
        /// The path in the source file.
        place: String,
        /// What is there instead.
        found: &'static str,
        /// What else the page has.
        instead: Instead,
        /// Whether the source file allows a page without the list.
        may_be_empty: bool,
    },
    /// The one record is not where the source file says.
    #[error(
        "expected a record {}, found {found}: {}",
        whole_or_at(place),
        advice(instead, *may_be_empty, "one", "that there is none")
    )]
    NoRecord {
        /// The path in the source file.
        place: String,
        /// What is there instead.
        found: &'static str,
        /// What else the page has.
        instead: Instead,
        /// Whether the source file allows a page without it.
        may_be_empty: bool,
    },
    /// The page says that there is more, but not how to get it.
    #[error(
        "the page says at `{more}` that there is more, but has no next {way}: correct `next`, or leave \
         `unless` out of `stop`"
    )]
    NoNext {
        /// The path in the source file at which the page says so.
        more: String,
        /// What leads on, and where it should be.
        way: String,
    },
    /// The page says that there is more, but has no record by which to ask for it.
    #[error(
        "the page has no records, but says at `{more}` that there are more: where the vendor does not \
         count exactly, write `empty_page` under `stop`"
    )]
    Emptied {
        /// The path in the source file at which the page says so.
        more: String,
    },
    /// The page names a next one that no request may go to.
    #[error("the next page, `{place}`, may not be fetched: {reason}")]
    ForbiddenNext {
        /// The origin, or the beginning of what is no URL.
        place: String,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// Only the query of the link to the next page should be taken, and it has none.
    #[error(
        "the link to the next page has no query, and `take: query` under `next` takes nothing else"
    )]
    NoQuery,
    /// The page names the next one by a text that is too long to be kept.
    #[error("the link or token of the next page is longer than {0} bytes")]
    LongNext(usize),
    /// The next page's URL or token is not text.
    #[error("`{place}` should name the next page, but holds {found}")]
    Next {
        /// The path in the source file.
        place: String,
        /// What is there.
        found: &'static str,
    },
}

/// Says where something was looked for.
fn whole_or_at(place: &str) -> String {
    match place {
        "" => "as the whole page".to_owned(),
        place => format!("at `{place}`"),
    }
}

/// Says what the page has, and what to write. `missing_records: empty` would hide a path that is wrong,
/// and an error of the vendor's, so it is named only where neither is seen.
fn advice(instead: &Instead, may_be_empty: bool, what: &str, empty: &str) -> String {
    let remedy = match may_be_empty {
        false => format!("if that means {empty}, write `missing_records: empty`"),
        true => format!(
            "`missing_records: empty` covers only {what} that is null, or is missing from an object that is there"
        ),
    };
    match (instead.is_some(), instead.may_be_empty()) {
        (true, true) => format!("{instead}; {remedy}"),
        (true, false) => instead.to_string(),
        (false, _) => remedy,
    }
}

impl PageError {
    /// Masks the secrets in what is told of the vendor's words.
    pub(crate) fn mask(&mut self, redactor: &Redactor) {
        if let PageError::NoRecords { instead, .. }
        | PageError::NoRecord { instead, .. }
        | PageError::ErrorRecord { instead, .. } = self
        {
            instead.mask(redactor);
        }
    }

    /// Returns whether the page was cut off or garbled, and may be whole the next time.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            // What is too large will be too large again.
            PageError::Decode(error) => !matches!(
                error,
                DecodeError::TooLarge(_)
                    | DecodeError::TooManyValues(_)
                    | DecodeError::TooManyRecords(_)
            ),
            PageError::Format { may_pass, .. } => *may_pass,
            PageError::NoBody(_)
            | PageError::NoPage(_)
            | PageError::NotReady
            | PageError::Part
            | PageError::LeftOut(_)
            | PageError::NoTrailer
            | PageError::Emptied { .. } => true,
            PageError::TooManyRecords(_)
            | PageError::TooManyValues(_)
            | PageError::TooManyBytes(_)
            | PageError::NoRecords { .. }
            | PageError::NoRecord { .. }
            | PageError::ErrorRecord { .. }
            | PageError::NoNext { .. }
            | PageError::ForbiddenNext { .. }
            | PageError::NoQuery
            | PageError::LongNext(_)
            | PageError::Next { .. } => false,
        }
    }
}
