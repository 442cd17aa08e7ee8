//! Finding the way from a page to the next one.

use http::HeaderMap;
use mef_ports::ResumeAt;
use mef_source::Path;
use mef_source::checked::{Pages, Poll, Take, TokenForm};
use serde_json::Value;
use url::Url;

use crate::page::kind::kind;
use crate::page::page_error::PageError;
use crate::page::record::Unread;
use crate::page::stop::find;
use crate::request::link_secrets::{may_follow, without_secrets};

/// Returns a link as a URL without our secrets. A relative one is relative to its page (RFC 3986
/// §5). If only its query leads on, the rest of the URL is that of the page.
pub(super) fn resolve(poll: &Poll, url: &Url, take: Take, link: &str) -> Result<String, PageError> {
    if take == Take::Query {
        let (_, query) = link.split_once('?').unwrap_or(("", link));
        let query = query.split('#').next().filter(|query| query.contains('='));
        let mut next = url.clone();
        next.set_query(Some(query.ok_or(PageError::NoQuery)?));
        return Ok(without_secrets(next, poll).to_string());
    }
    let only_query = !link.contains(['/', '?', ':', '#']) && link.contains('=');
    let joined = if only_query { url.join(&format!("?{link}")) } else { url.join(link) };
    Ok(match joined {
        Ok(url) => without_secrets(url, poll).to_string(),
        // It leads nowhere, but its query may have our secrets in it.
        Err(_) => link.split('?').next().unwrap_or_default().to_owned(),
    })
}

/// Checks that reading may go on with what the page at `url` names.
pub(super) fn may_lead(poll: &Poll, url: &Url, next: &ResumeAt) -> Result<(), PageError> {
    let (ResumeAt::Url(text) | ResumeAt::Token(text)) = next;
    if text.len() > MOST_NEXT {
        return Err(PageError::LongNext(MOST_NEXT));
    }
    let ResumeAt::Url(link) = next else { return Ok(()) };
    let forbidden = |place, reason| PageError::ForbiddenNext { place, reason };
    let link = Url::parse(link)
        .map_err(|_| forbidden(link.chars().take(100).collect(), "it is not a URL"))?;
    may_follow(poll, url, &link)
        .map_err(|reason| forbidden(link.origin().ascii_serialization(), reason))
}

/// Returns the number of the page that was asked for, or how many records come before it.
pub(super) fn count(pages: &Pages, at: Option<&ResumeAt>) -> Option<u64> {
    let start = pages.next.as_ref()?.start()?;
    match at {
        Some(ResumeAt::Token(text)) => text.parse().ok(),
        _ => Some(start),
    }
}

pub(super) fn counted(number: u64) -> ResumeAt {
    ResumeAt::Token(number.to_string())
}

/// Returns the value of the last record that has one. What comes after it comes again with the next page:
/// with an id it is known, without one it counts as an equal record more. A list or an object is kept as
/// its JSON.
pub(super) fn last(
    from: &Path,
    plus: u64,
    records: &[Unread],
) -> Result<Option<ResumeAt>, PageError> {
    if records.is_empty() {
        return Ok(None);
    }
    let unusable = |found| PageError::Next { place: from.pointer(), found };
    let mut found = None;
    for record in records.iter().rev().filter_map(|record| record.look().ok()) {
        found = match from.find(&record) {
            Some(value @ (Value::Array(_) | Value::Object(_))) => Some(value.to_string()),
            // Not to be taken for the JSON of a list.
            Some(value @ Value::String(text)) if text.starts_with(['[', '{', '"']) => {
                Some(value.to_string())
            }
            value => text_of(value, from)?,
        };
        if found.is_some() {
            break;
        }
    }
    // Without this error, the page would look like the last one.
    let text = found.ok_or(unusable("nothing in any of its records"))?;
    if plus == 0 {
        return Ok(Some(ResumeAt::Token(text)));
    }
    let number: u64 = text.parse().map_err(|_| unusable("what is no integer"))?;
    Ok(Some(counted(number.saturating_add(plus))))
}

/// Returns the token as text, as the cursor stores it.
pub(super) fn token(
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
        // In a header, the JSON is a text.
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

pub(super) fn text_of(value: Option<&Value>, path: &Path) -> Result<Option<String>, PageError> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(PageError::Next { place: path.to_string(), found: kind(other) }),
    }
}

/// Returns the text or number at `path` that later requests repeat; `None` if there is none or it
/// is too long to be kept.
pub(crate) fn kept_text(path: &Path, body: &Value, headers: &HeaderMap) -> Option<String> {
    let text = text_of(find(path, body, headers).as_deref(), path).ok().flatten();
    text.filter(|text| text.len() <= MOST_NEXT)
}

/// The longest token or link that is kept, in bytes. In a URL it may be three times as long, and a
/// URL has at most 64 KiB, so no vendor would take a longer one back.
pub(crate) const MOST_NEXT: usize = 16 * 1024;
