//! Reading a response: its records and the way to the next page.

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use mef_ports::{HttpResponse, ResumeAt};
use mef_source::checked::{Next, Pages, Poll};
use serde_json::Value;
use url::Url;

use crate::page::body_records::{apart_at, how_many, take_records};
use crate::page::decode::content::Content;
use crate::page::decode::decode;
use crate::page::held::Held;
use crate::page::link_header;
use crate::page::next::{count, counted, last, may_lead, resolve, text, token};
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
    /// Tells two pages apart.
    pub(crate) digest: [u8; 32],
}

impl Page {
    /// Returns a page without records, the last one.
    pub(crate) fn empty() -> Page {
        Page { records: Vec::new(), next: None, ends: true, digest: [0; 32] }
    }
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
    let headers = &response.headers;
    let mut content = if response.status == StatusCode::NO_CONTENT {
        Content { is_last: true, ..Content::default() }
    } else {
        decode(pages, apart_at(pages), poll.max_page, &response.body)?
    };
    let nothing = Value::Null;
    let body = content.bodies.last().unwrap_or(&nothing);
    let named = match &pages.next {
        None => None,
        Some(Next::Link(relation)) => link_header::find(headers, relation).map(ResumeAt::Url),
        Some(Next::Url(path)) => text(path, body, headers)?.map(ResumeAt::Url),
        Some(Next::Token { from, form, none, .. }) => {
            let value = find(from, body, headers);
            let value = value.filter(|value| !none.iter().any(|none| stop::same(value, none)));
            token(value.as_deref(), from, form)?.map(ResumeAt::Token)
        }
        Some(Next::Page { .. } | Next::Offset { .. } | Next::Last { .. } | Next::Again) => None,
    };
    let named = match named {
        Some(ResumeAt::Url(link)) => Some(ResumeAt::Url(resolve(poll, url, &link))),
        named => named,
    };
    let count = count(pages, at);
    let records = how_many(pages, &content);
    let start = pages.next.as_ref().and_then(Next::start).unwrap_or_default();
    let asked_for = count.map(|count| count.saturating_sub(start));
    let seen = stop::PageFacts { body, headers, records, before: asked_for };
    let mut ends = content.is_last || stop::ends(&pages.stop, &seen);
    if let Some(way) = pages.next.as_ref().filter(|way| way.never_ends() && records == 0 && !ends) {
        match stop::says_more(&pages.stop, &seen) {
            Some(_) if way.passes_empty_pages() => {}
            Some(more) => return Err(PageError::Emptied { more: more.to_string() }),
            None => ends = true,
        }
    }
    let records = take_records(pages, &mut content)?;
    let mut held = Held::default();
    held.take_records(records.len())?;
    // Items stay in memory while their details are asked for, and partitions while their names are
    // read.
    if !poll.details.is_empty() || !stop::is_stream(poll, pages) {
        held.take_value_count(records.iter().map(Unread::values).sum())?;
    }
    let next = match &pages.next {
        Some(Next::Page { .. } | Next::Again) => {
            count.map(|number| counted(number.saturating_add(1)))
        }
        Some(Next::Offset { step, .. }) => {
            let records = u64::try_from(records.len()).unwrap_or(u64::MAX);
            count.map(|offset| counted(offset.saturating_add(step.unwrap_or(records))))
        }
        Some(Next::Last { from, plus, .. }) => last(from, *plus, &records)?,
        _ => named,
    };
    if let Some(way) = pages.next.as_ref().filter(|_| next.is_none() && !ends)
        && let Some(more) = pages.stop.unless.first()
    {
        return Err(PageError::NoNext { more: more.to_string(), way: way.to_string() });
    }
    ends |= stop::ends_at_itself(poll, pages, at, next.as_ref());
    // It may get into the cursor, and every later run would go on there.
    let is_kept = poll.cursor.follow().is_some();
    if let Some(next) = next.as_ref().filter(|_| !ends || is_kept) {
        may_lead(poll, url, next)?;
    }
    Ok(Page { records, next, ends, digest: page })
}
