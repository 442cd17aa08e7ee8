//! From the source file's templates to a request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use mef_ports::{HttpRequest, ResumeAt, Secret, SetupDone};
use mef_source::checked::{
    Method, Next, Origin, PageDecode, Pages, Poll, Request, Slot, TokenForm,
};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};
use serde_json::Value;
use url::Url;

use crate::ask::body::{self, plain};
use crate::ask::link_secrets::with_secrets;
use crate::run::partitions::Partition;

/// What the templates of a request stand for.
#[derive(Clone, Copy)]
pub(crate) struct RequestScope<'r> {
    pub(crate) secrets: &'r BTreeMap<String, Secret>,
    /// The window's first moment and its end.
    pub(crate) window: Option<(Timestamp, Timestamp)>,
    /// The window's first moment again; nothing where it is the first window.
    pub(crate) window_since: Option<Timestamp>,
    /// The token kept from the last run.
    pub(crate) cursor_token: Option<&'r str>,
    /// How far back a first run begins; nothing on later runs.
    pub(crate) cursor_start: Option<Timestamp>,
    /// What a vendor that keeps the place is asked for; nothing on the first run.
    pub(crate) cursor_ask: Option<&'static str>,
    /// The time of the newest record, for a cursor by time and id.
    pub(crate) cursor_time: Option<Timestamp>,
    /// The id of the newest record, for a cursor by id.
    pub(crate) cursor_id: Option<&'r str>,
    /// The partition that is read.
    pub(crate) partition: Option<&'r Partition>,
    /// What the requests before the first page brought.
    pub(crate) setup: Option<&'r SetupDone>,
    /// What a page lists, of which details are asked for.
    pub(crate) item: Option<&'r Value>,
    /// The run that asks.
    pub(crate) run: RunVariables<'r>,
}

/// What is the same for all requests of a run.
#[derive(Clone, Copy)]
pub(crate) struct RunVariables<'r> {
    pub(crate) id: &'r str,
    pub(crate) started: Timestamp,
}

impl<'r> RequestScope<'r> {
    /// What is the same in all requests of a run.
    pub(crate) fn new(
        secrets: &'r BTreeMap<String, Secret>,
        run: RunVariables<'r>,
    ) -> RequestScope<'r> {
        RequestScope {
            secrets,
            window: None,
            window_since: None,
            cursor_token: None,
            cursor_start: None,
            cursor_ask: None,
            cursor_time: None,
            cursor_id: None,
            partition: None,
            setup: None,
            item: None,
            run,
        }
    }
}

impl Variables for RequestScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        let time = |time: Option<Timestamp>| time.map_or(Rendered::Null, Rendered::Time);
        match (path.root(), path.name()) {
            (Root::Secret, name) => Rendered::text(self.secrets.get(name).map(Secret::expose)),
            (Root::Window, "start") => time(self.window.map(|(start, _)| start)),
            (Root::Window, "since") => time(self.window_since),
            (Root::Window, "end") => time(self.window.map(|(_, end)| end)),
            (Root::Cursor, "token") => Rendered::text(self.cursor_token),
            (Root::Cursor, "start") => time(self.cursor_start),
            (Root::Cursor, "ask") => Rendered::text(self.cursor_ask),
            (Root::Run, "id") => Rendered::text(Some(self.run.id)),
            (Root::Run, "started") => Rendered::Time(self.run.started),
            (Root::Cursor, "time") => time(self.cursor_time),
            (Root::Cursor, "id") => Rendered::text(self.cursor_id),
            (Root::Partition, "") => {
                Rendered::text(self.partition.map(|partition| partition.name.as_str()))
            }
            (Root::Partition, name) => {
                let value = self.partition.and_then(|partition| partition.values.get(name));
                Rendered::text(value.map(String::as_str))
            }
            (Root::Setup, name) => {
                let value = self.setup.and_then(|setup| setup.values.get(name));
                Rendered::text(value.map(String::as_str))
            }
            (Root::Item, _) => Rendered::json(self.item.and_then(|item| path.find(item))),
            _ => Rendered::Null,
        }
    }
}

/// The same with the way to the page that is asked for.
struct PageScope<'r> {
    run: &'r RequestScope<'r>,
    at: Option<&'r Value>,
}

impl Variables for PageScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::Page => Rendered::json(self.at),
            _ => self.run.get(path),
        }
    }
}

/// A request for a page, and which page that is.
#[derive(Clone)]
pub(crate) struct PageRequest {
    pub(crate) http: HttpRequest,
    /// What is asked where that brought no answer, if it is not the same.
    pub(crate) again: Option<HttpRequest>,
    /// The way to the page; nothing for the first.
    pub(crate) at: Option<ResumeAt>,
    /// Since when it is waited for: the end of the setup, or else the beginning
    /// of the run.
    pub(crate) since: Timestamp,
}

/// A request that the source file asks for but that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be made: {place} {reason}")]
pub struct RequestError {
    place: String,
    reason: String,
}

/// The request for the first of `pages`, or for the one that `resume` leads to.
pub(crate) fn build(
    poll: &Poll,
    pages: &Pages,
    scope: &RequestScope<'_>,
    resume: Option<&ResumeAt>,
) -> Result<PageRequest, RequestError> {
    let request = if resume.is_some() { &pages.then } else { &pages.request };
    let at = page_value(pages, resume);
    let since = scope.setup.map_or(scope.run.started, |setup| setup.at);
    let scope = PageScope { run: scope, at: at.as_ref() };
    let slot = pages.next.as_ref().and_then(Next::slot).zip(at.as_ref());
    let url = match resume {
        // A vendor's next link has all its parameters in it; those that the
        // cursor must not show are in the first request too.
        Some(ResumeAt::Url(next)) => {
            let link = with_secrets(parse_url(next)?, poll, &first_url(poll, pages, scope.run)?);
            if poll.is_own(&link) { add_parameters(link, request, &scope)? } else { link }
        }
        _ => whole_url(poll, request, &scope, slot)?,
    };
    let http = whole_request(poll, request, &scope, url, slot, &pages.decode)?;
    Ok(PageRequest { http, again: None, at: resume.cloned(), since })
}

/// A request that is for no page.
pub(crate) fn build_one(
    poll: &Poll,
    request: &Request,
    scope: &RequestScope<'_>,
) -> Result<HttpRequest, RequestError> {
    let scope = PageScope { run: scope, at: None };
    let url = whole_url(poll, request, &scope, None)?;
    whole_request(poll, request, &scope, url, None, &PageDecode::Json)
}

fn whole_request(
    poll: &Poll,
    request: &Request,
    scope: &PageScope<'_>,
    url: Url,
    slot: Option<(&Slot, &Value)>,
    decode: &PageDecode,
) -> Result<HttpRequest, RequestError> {
    let mut headers = HeaderMap::new();
    let accept = match decode {
        PageDecode::Json => "application/json",
        _ => "*/*",
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    let body = match &request.body {
        None => None,
        Some(template) => {
            let (body, content_type) = body::body(template, scope, slot)?;
            headers.insert(CONTENT_TYPE, content_type);
            Some(body)
        }
    };
    for (name, template) in request.headers.iter().filter(|(_, template)| !waits(template)) {
        let Some(value) = render(template, scope, name)? else { continue };
        put_header(&mut headers, name, &value, uses_secret(template))?;
    }
    if let Some((Slot::Header(name), at)) = slot {
        put_header(&mut headers, name, &plain(at), false)?;
    }
    Ok(HttpRequest {
        method: match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        },
        url,
        headers,
        body,
        max_body: poll.max_page,
        timeout: poll.timeout,
    })
}

/// The way to a page as requests have it: a count is a number, also for the
/// first page.
fn page_value(pages: &Pages, resume: Option<&ResumeAt>) -> Option<Value> {
    let text = match resume {
        Some(ResumeAt::Url(_)) => return None,
        Some(ResumeAt::Token(text)) => text,
        None => return pages.next.as_ref().and_then(Next::start).map(Value::from),
    };
    let number = || text.parse::<i64>().ok().filter(|number| number.to_string() == *text);
    Some(match &pages.next {
        // What a person set by hand may be any text.
        Some(Next::Token { form: TokenForm::Json, .. }) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Some(Next::Page { .. } | Next::Offset { .. } | Next::Last { .. }) => {
            number().map_or_else(|| Value::from(text.as_str()), Value::from)
        }
        _ => Value::from(text.as_str()),
    })
}

/// Whether it stands for what is put in when the request is made again.
pub(crate) fn waits(template: &Template) -> bool {
    template.paths().any(|path| path.root() == Root::Wait)
}

pub(crate) fn put_header(
    headers: &mut HeaderMap,
    name: &str,
    value: &str,
    sensitive: bool,
) -> Result<(), RequestError> {
    let unusable = |reason: &str| error(format!("the header `{name}`"), reason);
    let name: HeaderName = name.parse().map_err(|_| unusable("has no valid name"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| unusable("has characters that no header may have"))?;
    value.set_sensitive(sensitive);
    headers.insert(name, value);
    Ok(())
}

/// The URL of the first request.
pub(crate) fn first_url(
    poll: &Poll,
    pages: &Pages,
    scope: &RequestScope<'_>,
) -> Result<Url, RequestError> {
    let at = page_value(pages, None);
    let slot = pages.next.as_ref().and_then(Next::slot).zip(at.as_ref());
    whole_url(poll, &pages.request, &PageScope { run: scope, at: at.as_ref() }, slot)
}

/// Whether a part of the path would be taken out with the one before it (RFC 3986
/// §5.2.4), so that an id that is `..` leads elsewhere than the source file says.
fn climbs(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| {
        // What a parser of URLs takes out (WHATWG URL).
        let part = part.replace(['\t', '\n', '\r'], "").to_ascii_lowercase().replace("%2e", ".");
        matches!(part.as_str(), "." | "..")
    })
}

/// The URL of a request that no link leads to.
fn whole_url(
    poll: &Poll,
    request: &Request,
    scope: &PageScope<'_>,
    slot: Option<(&Slot, &Value)>,
) -> Result<Url, RequestError> {
    let text = render(&request.url, scope, "the URL")?
        .ok_or_else(|| error("the URL".to_owned(), "has a placeholder that stands for nothing"))?;
    // What begins with an item is a URL of the vendor's making.
    if request.led_by().is_none_or(|path| path.root() != Root::Item) && climbs(&text) {
        return Err(error("the URL".to_owned(), "has `.` or `..` where a name should be"));
    }
    let is_led = |request: &Request| request.led_by().is_some_and(|path| path.root() != Root::Item);
    // What an item names may be a path of the source's origin, if the file says
    // which that is.
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
        // Whom we talk to is for the source file to say, and not for an answer.
        if is_led(request) {
            let led = origin.map_or_else(|| "no origin".to_owned(), |origin| origin.to_string());
            let reason = format!("leads to {led}: list it under `own_origins` if that is right");
            return Err(error("the URL".to_owned(), &reason));
        }
        // What an item names may be elsewhere: the file's parameters are for the
        // source's own origins, as the credential is.
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

/// A link of the source's own origin with the parameters that the source file
/// repeats, but for those that the link has itself.
fn add_parameters(
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

/// The text of a template; `None` where it stands for nothing, which leaves
/// the parameter or header out.
pub(crate) fn render(
    template: &Template,
    scope: &dyn Variables,
    name: &str,
) -> Result<Option<String>, RequestError> {
    let text = rendered(template, scope, name)?.map(|rendered| {
        let text = rendered.to_text().map(Cow::into_owned);
        text.map_err(|reason| error(format!("`{name}`"), &reason.to_string()))
    });
    text.transpose()
}

/// The value of a template as JSON; `None` where it stands for nothing.
pub(crate) fn render_json(
    template: &Template,
    scope: &dyn Variables,
    name: &str,
) -> Result<Option<Value>, RequestError> {
    Ok(rendered(template, scope, name)?.map(Rendered::into_json))
}

fn rendered<'s>(
    template: &'s Template,
    scope: &'s dyn Variables,
    name: &str,
) -> Result<Option<Rendered<'s>>, RequestError> {
    let rendered = template.render(scope);
    let rendered = rendered.map_err(|reason| error(format!("`{name}`"), &reason.to_string()))?;
    Ok((!rendered.is_null()).then_some(rendered))
}

pub(crate) fn uses_secret(template: &Template) -> bool {
    template.paths().any(|path| path.root() == Root::Secret)
}

fn parse_url(text: &str) -> Result<Url, RequestError> {
    Url::parse(text).map_err(|reason| error("the URL".to_owned(), &reason.to_string()))
}

pub(crate) fn error(place: String, reason: &str) -> RequestError {
    RequestError { place, reason: reason.to_owned() }
}
