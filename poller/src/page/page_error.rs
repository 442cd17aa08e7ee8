//! Why a response is no page.

use mef_pipeline::DecodeError;

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
    /// The last line is no trailer, so the page was cut off.
    #[error("the page ends without its trailer")]
    NoTrailer,
    /// The list of records is not where the source file says.
    #[error(
        "expected a list of records at `{place}`, found {found}: {}",
        match may_be_empty {
            false => "if that means an empty list, write `missing_records: empty`",
            true => "`missing_records: empty` covers only a list that is null, or is missing from an object that is there",
        }
    )]
    NoRecords {
        /// The path in the source file.
        place: String,
        /// What is there instead.
        found: &'static str,
        /// Whether the source file allows a page without the list.
        may_be_empty: bool,
    },
    /// The one record is not where the source file says.
    #[error(
        "expected a record at `{place}`, found {found}: {}",
        match may_be_empty {
            false => "if that means that there is none, write `missing_records: empty`",
            true => "`missing_records: empty` covers only one that is null, or is missing from an object that is there",
        }
    )]
    NoRecord {
        /// The path in the source file.
        place: String,
        /// What is there instead.
        found: &'static str,
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

impl PageError {
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
            PageError::NoTrailer | PageError::Emptied { .. } => true,
            PageError::TooManyRecords(_)
            | PageError::TooManyValues(_)
            | PageError::TooManyBytes(_)
            | PageError::NoRecords { .. }
            | PageError::NoRecord { .. }
            | PageError::NoNext { .. }
            | PageError::ForbiddenNext { .. }
            | PageError::NoQuery
            | PageError::LongNext(_)
            | PageError::Next { .. } => false,
        }
    }
}
