//! From an answer to records and the way to the next page.

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, StatusCode};
use mef_ports::{HttpResponse, ResumeAt};
use mef_source::checked::{
    Cursor, MissingRecords, Next, PageDecode, Pages, Poll, Records, TokenForm,
};
use mef_source::{Path, Root};
use serde_json::Value;
use url::Url;

use crate::ask::link_secrets::{may_follow, without_secrets};
use crate::page::decode::{Content, Held, decode};
use crate::page::link_header;
use crate::page::page_error::PageError;
use crate::page::record::Unread;
use crate::page::stop::{self, find};

/// One page of records.
#[derive(Debug)]
pub(crate) struct Page {
    /// The records.
    pub(crate) records: Vec<Unread>,
    /// Where the vendor says the next page is.
    pub(crate) next: Option<ResumeAt>,
    /// Whether a rule of the source file makes this the last page, though it
    /// may name what a later run goes on with.
    pub(crate) ends: bool,
    /// Tells two pages apart.
    pub(crate) digest: [u8; 32],
}

impl Page {
    /// A page without records, and the last.
    pub(crate) fn empty() -> Page {
        Page { records: Vec::new(), next: None, ends: true, digest: [0; 32] }
    }
}

/// A token or link that is longer stands for nothing that a vendor would take back:
/// written in a URL it may be three times as long, and a URL has at most 64 KiB.
pub(crate) const MOST_NEXT: usize = 16 * 1024;

/// Reads the answer to a request to `url`, which asked for the one of `pages`
/// that is `at`.
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
        Some(Next::Token { from, form, .. }) => {
            let value = find(from, body, headers);
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
    let seen = stop::Seen { body, headers, records, before: asked_for };
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
    // What is listed stays in memory while its details are asked for, or its names read.
    if !poll.details.is_empty() || !std::ptr::eq(pages, &raw const poll.pages) {
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
    // Before it is in the cursor, from where every later run would go on.
    let is_kept = matches!(poll.cursor, Cursor::Token(_) | Cursor::NextLink(_));
    if let Some(next) = next.as_ref().filter(|_| !ends || is_kept) {
        may_lead(poll, url, next)?;
    }
    Ok(Page { records, next, ends, digest: page })
}

/// Where the lists of records can be taken apart: where nothing else of the page
/// stands in one or around it.
fn apart_at(pages: &Pages) -> &[Path] {
    let Records::Lists(lists) = &pages.records else { return &[] };
    let way = match &pages.next {
        Some(Next::Url(path) | Next::Token { from: path, .. }) => Some(path),
        _ => None,
    };
    let in_body = |path: &&Path| path.root() != Root::Header;
    let meets = |path: &Path| {
        let mut pairs = lists.iter().map(|list| path.segments().iter().zip(list.segments()));
        pairs.any(|mut pair| pair.all(|(segment, list)| segment == list))
    };
    let mut others = pages.stop.paths().chain(way).filter(in_body);
    if others.any(meets) { &[] } else { lists }
}

/// A link as a URL without our secrets. A relative one is relative to the page
/// it stands on (RFC 3986 §5).
fn resolve(poll: &Poll, url: &Url, link: &str) -> String {
    let only_query = !link.contains(['/', '?', ':', '#']) && link.contains('=');
    let joined = if only_query { url.join(&format!("?{link}")) } else { url.join(link) };
    match joined {
        Ok(url) => without_secrets(url, poll).to_string(),
        // It leads nowhere; its query may have our secrets in it.
        Err(_) => link.split('?').next().unwrap_or_default().to_owned(),
    }
}

/// Whether what the page at `url` names may be gone on with.
fn may_lead(poll: &Poll, url: &Url, next: &ResumeAt) -> Result<(), PageError> {
    let (ResumeAt::Url(text) | ResumeAt::Token(text)) = next;
    if text.len() > MOST_NEXT {
        return Err(PageError::LongNext);
    }
    let ResumeAt::Url(link) = next else { return Ok(()) };
    let forbidden = |place, reason| PageError::ForbiddenNext { place, reason };
    let link = Url::parse(link)
        .map_err(|_| forbidden(link.chars().take(100).collect(), "which is no URL"))?;
    may_follow(poll, url, &link)
        .map_err(|reason| forbidden(link.origin().ascii_serialization(), reason))
}

/// The number of the page that was asked for, or how many records were passed
/// over before it.
fn count(pages: &Pages, at: Option<&ResumeAt>) -> Option<u64> {
    let start = pages.next.as_ref()?.start()?;
    match at {
        Some(ResumeAt::Token(text)) => text.parse().ok(),
        _ => Some(start),
    }
}

fn counted(number: u64) -> ResumeAt {
    ResumeAt::Token(number.to_string())
}

/// The value of the last record that leads on.
fn last(from: &Path, plus: u64, records: &[Unread]) -> Result<Option<ResumeAt>, PageError> {
    let Some(record) = records.last() else { return Ok(None) };
    let unusable = |found| PageError::Next { place: from.pointer(), found };
    let record = record.look().map_err(PageError::Decode)?;
    // A page that leads nowhere would look like the last one.
    let text = text_of(from.find(&record), from)?.ok_or(unusable("nothing in its last record"))?;
    if plus == 0 {
        return Ok(Some(ResumeAt::Token(text)));
    }
    let number: u64 = text.parse().map_err(|_| unusable("what is no integer"))?;
    Ok(Some(counted(number.saturating_add(plus))))
}

fn how_many(pages: &Pages, content: &Content) -> usize {
    let in_list = |path: &Path, body: &Value| match path.find(body) {
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(map)) if matches!(pages.records, Records::Values(_)) => map.len(),
        Some(one) if pages.decode == PageDecode::Xml => usize::from(!is_blank(one)),
        _ => 0,
    };
    let in_body = |body: &Value| match &pages.records {
        Records::Lists(paths) => paths.iter().map(|path| in_list(path, body)).sum(),
        Records::Values(path) => in_list(path, body),
        Records::One(path) => usize::from(path.find(body).is_some_and(|record| !record.is_null())),
        Records::Lines => 0,
    };
    content.records.len() + content.bodies.iter().map(in_body).sum::<usize>()
}

fn take_records(pages: &Pages, content: &mut Content) -> Result<Vec<Unread>, PageError> {
    let mut all = std::mem::take(&mut content.records);
    for body in &mut content.bodies {
        match &pages.records {
            Records::Lines => {}
            Records::One(path) => all.extend(take_one(pages, path, body)?.map(Unread::Value)),
            Records::Lists(paths) => {
                for path in paths {
                    all.extend(take_list(pages, path, body)?.into_iter().map(Unread::Value));
                }
            }
            Records::Values(path) => {
                all.extend(take_list(pages, path, body)?.into_iter().map(Unread::Value));
            }
        }
    }
    Ok(all)
}

fn take_one(pages: &Pages, path: &Path, body: &mut Value) -> Result<Option<Value>, PageError> {
    let may_be_empty = pages.missing_records == MissingRecords::Empty;
    let place = path.pointer();
    match body.pointer_mut(&place).map(Value::take) {
        Some(Value::Null) if may_be_empty => Ok(None),
        Some(Value::Null) => Err(PageError::NoRecord { place, found: "null", may_be_empty }),
        None if may_be_empty && is_left_out(pages, path, body) => Ok(None),
        None => Err(PageError::NoRecord { place, found: "nothing", may_be_empty }),
        record => Ok(record),
    }
}

fn take_list(pages: &Pages, path: &Path, body: &mut Value) -> Result<Vec<Value>, PageError> {
    let is_map = matches!(pages.records, Records::Values(_));
    let is_xml = pages.decode == PageDecode::Xml;
    let place = path.pointer();
    Ok(match body.pointer_mut(&place).map(Value::take) {
        // Some languages write an empty map as a list.
        Some(Value::Array(records)) => records,
        Some(Value::Object(records)) if is_map => records.into_iter().map(|(_, one)| one).collect(),
        // Some servers write an empty list as null, and some what they failed to read.
        Some(Value::Null) if pages.missing_records == MissingRecords::Empty => Vec::new(),
        None if is_left_out(pages, path, body) => Vec::new(),
        // In XML a list of one is that one, and an empty list is no element or an empty text.
        Some(record) if is_xml && is_blank(&record) => Vec::new(),
        Some(record) if is_xml => vec![record],
        other => {
            let found = other.as_ref().map_or("nothing", kind);
            let may_be_empty = pages.missing_records == MissingRecords::Empty;
            return Err(PageError::NoRecords { place, found, may_be_empty });
        }
    })
}

/// Whether `body`, which has nothing at `path`, says so that there is none: what
/// encloses it has to be there, or else it is another kind of answer.
fn is_left_out(pages: &Pages, path: &Path, body: &Value) -> bool {
    let Some((_, enclosing)) = path.segments().split_last() else { return false };
    let (mut found, mut inner) = (0, body);
    while let Some(value) = enclosing.get(found).and_then(|segment| inner.get(segment)) {
        (found, inner) = (found + 1, value);
    }
    let is_whole = found == enclosing.len();
    let may_be_empty = pages.missing_records == MissingRecords::Empty;
    match &pages.decode {
        // In XML an element with nothing in it is left out, and what encloses it as well; of
        // a document the root is always there.
        PageDecode::Xml => {
            found > 0 && (is_whole || may_be_empty) && (inner.is_object() || is_blank(inner))
        }
        _ => may_be_empty && is_whole && inner.is_object(),
    }
}

/// Whether `value` is what an XML element without anything in it is.
fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// The text or number at `path` that later requests repeat; nothing where there is
/// none, or one that is too long to be kept.
pub(crate) fn kept_text(path: &Path, body: &Value, headers: &HeaderMap) -> Option<String> {
    text(path, body, headers).ok().flatten().filter(|text| text.len() <= MOST_NEXT)
}

/// The text or number at `path`; nothing where there is nothing, or nothing in
/// it.
fn text(path: &Path, body: &Value, headers: &HeaderMap) -> Result<Option<String>, PageError> {
    text_of(find(path, body, headers).as_deref(), path)
}

/// A token as the text that is kept of it.
fn token(
    value: Option<&Value>,
    path: &Path,
    form: &TokenForm,
) -> Result<Option<String>, PageError> {
    match (value, form) {
        (Some(Value::Array(parts)), TokenForm::Joined(between)) => {
            let parts = parts.iter().map(|part| Ok(text_of(Some(part), path)?.unwrap_or_default()));
            let text = parts.collect::<Result<Vec<_>, PageError>>()?.join(between);
            Ok((!text.is_empty()).then_some(text))
        }
        (Some(value @ (Value::Array(_) | Value::Object(_))), TokenForm::Json) => {
            Ok(Some(value.to_string()))
        }
        // A header has the text of it.
        (Some(Value::String(text)), TokenForm::Json) if !text.is_empty() => {
            let unusable =
                |_| PageError::Next { place: path.to_string(), found: "what is no JSON" };
            serde_json::from_str::<Value>(text)
                .map(|value| Some(value.to_string()))
                .map_err(unusable)
        }
        _ => text_of(value, path),
    }
}

fn text_of(value: Option<&Value>, path: &Path) -> Result<Option<String>, PageError> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(PageError::Next { place: path.to_string(), found: kind(other) }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
