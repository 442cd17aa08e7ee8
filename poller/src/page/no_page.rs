//! Responses with a good status that are no page.
//!
//! Taken for an empty page, such a response would end a window, and nothing would ask for it again.

use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use mef_auth::header_text;
use mef_ports::{HttpResponse, ResumeAt};
use mef_source::checked::{Expects, Next, PageDecode, Pages, Records};

use crate::page::instead::Instead;
use crate::page::page_error::PageError;
use crate::page::record::Unread;

/// Checks that a response with a good status has a page at all.
pub(crate) fn has_page(pages: &Pages, response: &HttpResponse) -> Result<(), PageError> {
    let HttpResponse { status, headers, body } = response;
    let is_lines = pages.records == Records::Lines;
    let is_blank = body.trim_ascii().is_empty();
    match *status {
        // What is asked for is not there yet (RFC 9110 §15.3.3). JSON shows whether it is all the same.
        StatusCode::ACCEPTED if is_lines || is_blank => return Err(PageError::NotReady),
        StatusCode::PARTIAL_CONTENT => {
            let range = headers.get(CONTENT_RANGE).map(header_text);
            if is_blank || range.as_deref().map_or(is_lines, is_part) {
                return Err(PageError::Part);
            }
        }
        StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION | StatusCode::NO_CONTENT => {}
        status if is_lines && is_blank => return Err(PageError::NoPage(status)),
        _ => {}
    }
    if pages.decode == PageDecode::Lines && is_html(response) {
        let reason = "it is HTML, as the page of a login or a proxy is".to_owned();
        return Err(PageError::Format { format: "text", reason, may_pass: false });
    }
    Ok(())
}

/// Returns whether a `Content-Range` is of some of the bytes (RFC 9110 §14.4). Some APIs count pages of
/// records in other units.
fn is_part(range: &str) -> bool {
    let Some(range) = range.trim().strip_prefix("bytes") else { return false };
    let whole = || {
        let (bytes, length) = range.trim().split_once('/')?;
        let (first, last) = bytes.split_once('-')?;
        let next: u64 = last.trim().parse::<u64>().ok()?.checked_add(1)?;
        Some(first.trim() == "0" && length.trim().parse() == Ok(next))
    };
    whole() != Some(true)
}

/// Returns whether lines of text are HTML. Lines may begin with `<` all the same, as those of syslog and
/// of XML do.
fn is_html(response: &HttpResponse) -> bool {
    let body = response.body.trim_ascii_start();
    let begins = |tag: &str| {
        body.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag.as_bytes()))
    };
    let says_so = || {
        let kind = response.headers.get(CONTENT_TYPE).map(header_text).unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    };
    let is_tag = body.starts_with(b"<") && !body.get(1).is_some_and(u8::is_ascii_digit);
    begins("<!doctype html") || begins("<html") || is_tag && says_so()
}

/// Returns whether a page without content leaves out what the page before it named. Where the file
/// says so, and where the vendor's token is kept between runs, pages end in this way.
pub(super) fn leaves_out(pages: &Pages, at: Option<&ResumeAt>, is_kept: bool) -> bool {
    let is_named = match &pages.next {
        Some(Next::Link { .. } | Next::Url { .. }) => true,
        Some(Next::Token { again, .. }) => !again,
        Some(Next::Page { .. } | Next::Offset { .. } | Next::Last { .. } | Next::Again) | None => {
            false
        }
    };
    at.is_some() && is_named && !is_kept && !pages.stop.empty_page
}

/// Refuses an error that stands where records should: one object alone that has nothing of what the
/// source file reads in a record, and the words of an error.
pub(crate) fn is_no_error(
    decode: &PageDecode,
    expects: &Expects,
    records: &[Unread],
) -> Result<(), PageError> {
    let [record] = records else { return Ok(()) };
    if matches!(decode, PageDecode::Csv(_) | PageDecode::Lines) {
        return Ok(());
    }
    let paths = if expects.cursor.is_empty() { &expects.event } else { &expects.cursor };
    let Ok(record) = record.look() else { return Ok(()) };
    if paths.is_empty() || paths.iter().any(|path| path.find(&record).is_some()) {
        return Ok(());
    }
    match Instead::of_error(&record) {
        Some(instead) => {
            let paths = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>();
            Err(PageError::ErrorRecord { paths: paths.join(", "), instead })
        }
        None => Ok(()),
    }
}
