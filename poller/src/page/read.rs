//! Reading a response: its records and the way to the next page.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use mef_auth::header_text;
use mef_ports::{HttpResponse, ResumeAt};
use mef_source::checked::{MissingRecords, Next, PageDecode, Pages, Poll, Records};
use serde_json::Value;
use url::Url;

use crate::page::body_records::{apart_at, how_many, take_records};
use crate::page::decode::content::Content;
use crate::page::decode::decode;
use crate::page::held::Held;
use crate::page::link_header;
use crate::page::next::{count, counted, kept_text, last, may_lead, resolve, text_of, token};
use crate::page::no_page::{has_page, is_no_error, leaves_out};
use crate::page::page_error::PageError;
use crate::page::record::Unread;
use crate::page::stop::{self, find};

/// One page of records.
#[derive(Debug)]
pub(crate) struct Page {
    /// The records.
    pub(crate) records: Vec<Unread>,
    /// What the vendor names as the next page.
    pub(crate) next: Option<ResumeAt>,
    /// Whether this is the last page by a rule of the source file. It may still name what a later
    /// run goes on with.
    pub(crate) ends: bool,
    /// How many records the vendor counts on all pages.
    pub(crate) total: Option<u64>,
    /// The values of the setup that it brings anew.
    pub(crate) renewed: Vec<(String, String)>,
    /// Why the way on from it cannot be followed. Its records are good.
    pub(crate) lost_way: Option<LostWay>,
    /// Tells two pages apart.
    pub(crate) digest: [u8; 32],
}

/// A page that leads on, but not to where anything may be asked.
#[derive(Debug)]
pub(crate) struct LostWay {
    /// What is wrong.
    pub(crate) error: PageError,
    /// The page.
    pub(crate) body: Bytes,
}

impl Page {
    /// Returns a page without records, the last one.
    pub(crate) fn empty() -> Page {
        Page {
            records: Vec::new(),
            next: None,
            ends: true,
            total: None,
            renewed: Vec::new(),
            lost_way: None,
            digest: [0; 32],
        }
    }
}

/// Returns the header `Content-Type`.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    headers.get(CONTENT_TYPE).map(header_text)
}

/// Reads the response to a request to `url`, which asked for the one of `pages` that is `at`.
pub(crate) fn read(
    poll: &Poll,
    pages: &Pages,
    at: Option<&ResumeAt>,
    url: &Url,
    response: &HttpResponse,
) -> Result<Page, PageError> {
    let mut page = [0; 32];
    page.copy_from_slice(digest(&SHA256, &response.body).as_ref());
    has_page(pages, response)?;
    let headers = &response.headers;
    let is_kept = poll.cursor.follow().is_some();
    let has_no_body = has_one_body(pages) && response.body.trim_ascii().is_empty();
    let may_be_empty = pages.missing_records == MissingRecords::Empty;
    let mut content = if response.status == StatusCode::NO_CONTENT || has_no_body && may_be_empty {
        if leaves_out(pages, at, is_kept && stop::is_stream(poll, pages)) {
            return Err(PageError::LeftOut(response.status));
        }
        Content { is_last: true, ..Content::default() }
    } else if has_no_body {
        return Err(PageError::NoBody(response.status));
    } else {
        let records_at = apart_at(pages, &poll.renew);
        decode(pages, records_at, poll.max_page, &response.body, content_type(headers).as_deref())?
    };
    let nothing = Value::Null;
    let body = content.bodies.last().unwrap_or(&nothing);
    let named = named(poll, pages, url, body, headers);
    let renew = poll.renew.iter().filter(|_| stop::is_stream(poll, pages));
    let renewed = renew
        .filter_map(|(name, path)| Some((name.clone(), kept_text(path, body, headers)?)))
        .collect();
    let count = count(pages, at);
    let records = how_many(pages, &content);
    let start = pages.next.as_ref().and_then(Next::start).unwrap_or_default();
    let asked_for = count.map(|count| count.saturating_sub(start));
    let seen =
        stop::PageFacts { body, headers, next: pages.next.as_ref(), records, before: asked_for };
    let total = stop::total(&pages.stop, &seen).filter(|total| !seen.is_past(*total));
    let mut ends = content.is_last || stop::ends(&pages.stop, &seen);
    if let Some(way) = pages.next.as_ref().filter(|way| way.never_ends() && records == 0 && !ends) {
        match stop::says_more(&pages.stop, &seen) {
            Some(_) if way.passes_empty_pages() => {}
            Some(more) => return Err(PageError::Emptied { more: more.to_string() }),
            None => ends = true,
        }
    }
    let records = take_records(pages, &mut content)?;
    if matches!(pages.records, Records::Lines | Records::One(_)) {
        is_no_error(&pages.decode, &pages.expects, &records)?;
    }
    let mut held = Held::default();
    held.take_records(records.len())?;
    // Items stay in memory while their details are asked for, and partitions while their names are
    // read.
    if !poll.details.is_empty() || !stop::is_stream(poll, pages) {
        held.take_value_count(records.iter().map(Unread::values).sum())?;
    }
    let way = named.and_then(|named| {
        let next = next(pages, named, count, &records)?;
        if let Some(way) = pages.next.as_ref().filter(|_| next.is_none() && !ends)
            && let Some(more) = pages.stop.unless.first()
        {
            return Err(PageError::NoNext { more: more.to_string(), way: way.to_string() });
        }
        let ends = ends || stop::ends_at_itself(poll, pages, at, next.as_ref());
        // What is kept gets into the cursor, and every later run would go on there.
        if let Some(next) = next.as_ref().filter(|_| !ends || is_kept) {
            may_lead(poll, url, next)?;
        }
        Ok((next, ends))
    });
    let (next, ends, lost_way) = match way {
        Ok((next, ends)) => (next, ends, None),
        Err(_) if ends && !is_kept => (None, true, None),
        Err(error) => (None, true, Some(LostWay { error, body: response.body.clone() })),
    };
    Ok(Page { records, next, ends, total, renewed, lost_way, digest: page })
}

/// Returns whether a page is one value; else it is lines or rows, of which there may be none.
fn has_one_body(pages: &Pages) -> bool {
    matches!(pages.decode, PageDecode::Json | PageDecode::Xml)
}

/// Returns what the page at `url` names as the next.
fn named(
    poll: &Poll,
    pages: &Pages,
    url: &Url,
    body: &Value,
    headers: &HeaderMap,
) -> Result<Option<ResumeAt>, PageError> {
    let unless_none = |path, none: &[Value]| {
        let value = find(path, body, headers);
        value.filter(|value| !none.iter().any(|none| stop::same(value, none)))
    };
    let (link, take) = match &pages.next {
        Some(Next::Link { relation, take }) => {
            let link = link_header::find(headers, relation);
            // Without this error, the page would look like the last one.
            if link.is_none() && link_header::is_garbled(headers, relation) {
                let place = "the header `Link`".to_owned();
                return Err(PageError::Next { place, found: "no link in angle brackets" });
            }
            (link.map(|link| link.target), take)
        }
        Some(Next::Url { from, take, none }) => {
            (text_of(unless_none(from, none).as_deref(), from)?, take)
        }
        Some(Next::Token { from, form, none, .. }) => {
            let token = token(unless_none(from, none).as_deref(), from, form)?;
            return Ok(token.map(ResumeAt::Token));
        }
        None | Some(Next::Page { .. } | Next::Offset { .. } | Next::Last { .. } | Next::Again) => {
            return Ok(None);
        }
    };
    link.map(|link| resolve(poll, url, *take, &link).map(ResumeAt::Url)).transpose()
}

/// Returns what leads on: what the page names, or what is counted or taken from its records.
fn next(
    pages: &Pages,
    named: Option<ResumeAt>,
    count: Option<u64>,
    records: &[Unread],
) -> Result<Option<ResumeAt>, PageError> {
    Ok(match &pages.next {
        Some(Next::Page { .. } | Next::Again) => {
            count.map(|number| counted(number.saturating_add(1)))
        }
        Some(Next::Offset { step, .. }) => {
            let records = u64::try_from(records.len()).unwrap_or(u64::MAX);
            count.map(|offset| counted(offset.saturating_add(step.unwrap_or(records))))
        }
        Some(Next::Last { from, plus, .. }) => last(from, *plus, records)?,
        _ => named,
    })
}
