//! The URL of a request.

use mef_ports::ResumeAt;
use mef_source::Root;
use mef_source::checked::{Next, Origin, Pages, Poll, Request, Slot, TokenForm};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::request::render::{RequestError, error, plain, render, waits};
use crate::request::scope::{PageScope, RequestScope};

/// Returns the URL of the first request.
pub(crate) fn first_url(
    poll: &Poll,
    pages: &Pages,
    scope: &RequestScope<'_>,
) -> Result<Url, RequestError> {
    let at = page_value(pages, None);
    let slot = pages.next.as_ref().and_then(Next::slot).zip(at.as_ref());
    whole_url(poll, &pages.request, &PageScope { run: scope, at: at.as_ref() }, slot)
}

/// Returns the URL of a request that no link leads to.
pub(crate) fn whole_url(
    poll: &Poll,
    request: &Request,
    scope: &PageScope<'_>,
    slot: Option<(&Slot, &Value)>,
) -> Result<Url, RequestError> {
    let text = render(&request.url, scope, "the URL")?
        .ok_or_else(|| error("the URL".to_owned(), "has a placeholder that stands for nothing"))?;
    // A URL that begins with an item is of the vendor's making.
    if request.led_by().is_none_or(|path| path.root() != Root::Item) && climbs(&text) {
        return Err(error("the URL".to_owned(), "has `.` or `..` where a name should be"));
    }
    let is_led = |request: &Request| request.led_by().is_some_and(|path| path.root() != Root::Item);
    // An item may name a path on the source's origin, if the file says which origin that is.
    let origin = match is_led(request) || is_led(&poll.pages.request) {
        true => None,
        false => Some(parse_url(&request.origin.to_string())?),
    };
    let mut url = Url::options()
        .base_url(origin.as_ref())
        .parse(&text)
        .map_err(|reason| error("the URL".to_owned(), &reason.to_string()))?;
    let origin = Origin::of(&url);
    if origin.as_ref() != Some(&request.origin) && !poll.is_own(&url) {
        // The source file says whom we talk to, not a response.
        if is_led(request) {
            let led = origin.map_or_else(|| "no origin".to_owned(), |origin| origin.to_string());
            let reason = format!("leads to {led}: list it under `own_origins` if that is right");
            return Err(error("the URL".to_owned(), &reason));
        }
        // An item may lead elsewhere. The file's parameters are for the source's own origins, as
        // the credential is.
        return Ok(url);
    }
    let own = match slot {
        Some((Slot::Query(name), at)) => Some((name.as_str(), plain(at))),
        _ => None,
    };
    let mut parameters = Vec::new();
    for (name, template) in request.query.iter().filter(|(_, template)| !waits(template)) {
        if own.as_ref().is_some_and(|(parameter, _)| parameter == name) {
            continue;
        }
        if let Some(value) = render(template, scope, name)? {
            parameters.push((name.as_str(), value));
        }
    }
    parameters.extend(own);
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    Ok(url)
}

/// Adds to a link on the source's own origin the parameters that the source file repeats, unless
/// the link has them.
pub(crate) fn add_parameters(
    mut link: Url,
    request: &Request,
    scope: &PageScope<'_>,
) -> Result<Url, RequestError> {
    let own: Vec<_> = link.query_pairs().map(|(name, _)| name.into_owned()).collect();
    for (name, template) in request.query.iter().filter(|(_, template)| !waits(template)) {
        if own.contains(name) {
            continue;
        }
        if let Some(value) = render(template, scope, name)? {
            link.query_pairs_mut().append_pair(name, &value);
        }
    }
    Ok(link)
}

/// Returns the way to a page as requests have it: a count is a number, also for the first page.
pub(crate) fn page_value(pages: &Pages, resume: Option<&ResumeAt>) -> Option<Value> {
    let text = match resume {
        Some(ResumeAt::Url(_)) => return None,
        Some(ResumeAt::Token(text)) => text,
        None => return pages.next.as_ref().and_then(Next::start).map(Value::from),
    };
    let number = || text.parse::<i64>().ok().filter(|number| number.to_string() == *text);
    Some(match &pages.next {
        // A person may have set any text by hand.
        Some(Next::Token { form: TokenForm::Json, .. }) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Some(Next::Last { .. }) if text.starts_with(['[', '{', '"']) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Some(Next::Page { .. } | Next::Offset { .. } | Next::Last { .. }) => {
            number().map_or_else(|| Value::from(text.as_str()), Value::from)
        }
        _ => Value::from(text.as_str()),
    })
}

/// Returns whether a path segment is `..`, which would remove the one before it (RFC 3986 §5.2.4):
/// an id that is `..` would lead elsewhere than the source file says.
fn climbs(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| {
        // A parser of URLs takes these out (WHATWG URL).
        let part = part.replace(['\t', '\n', '\r'], "").to_ascii_lowercase().replace("%2e", ".");
        matches!(part.as_str(), "." | "..")
    })
}

pub(crate) fn parse_url(text: &str) -> Result<Url, RequestError> {
    Url::parse(text).map_err(|reason| error("the URL".to_owned(), &reason.to_string()))
}

/// Returns the name in one piece of a query, such as `name=value`.
pub(crate) fn parameter_name(piece: &str) -> Option<String> {
    form_urlencoded::parse(piece.as_bytes()).next().map(|(name, _)| name.into_owned())
}
