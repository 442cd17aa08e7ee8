//! From the source file's templates to a request.

use std::collections::BTreeMap;

use http::Method;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use mef_ports::{HttpRequest, ResumeAt, Secret};
use mef_source::checked::{Next, Poll};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};
use url::Url;

use crate::next_link::with_secrets;

/// What the templates of a request stand for.
pub(crate) struct RequestScope<'r> {
    pub(crate) secrets: &'r BTreeMap<String, Secret>,
    /// The window's first moment and its end.
    pub(crate) window: Option<(Timestamp, Timestamp)>,
    /// The token kept from the last run.
    pub(crate) cursor_token: Option<&'r str>,
    /// How far back a first run begins; nothing on later runs.
    pub(crate) cursor_start: Option<Timestamp>,
    /// The time of the newest record, for a cursor by time and id.
    pub(crate) cursor_time: Option<Timestamp>,
    /// The id of the newest record, for a cursor by id.
    pub(crate) cursor_id: Option<&'r str>,
    /// The partition that is read.
    pub(crate) partition: Option<&'r str>,
}

impl Variables for RequestScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        let time = |time: Option<Timestamp>| time.map_or(Rendered::Null, Rendered::Time);
        match (path.root(), path.name()) {
            (Root::Secret, name) => Rendered::text(self.secrets.get(name).map(Secret::expose)),
            (Root::Window, "start") => time(self.window.map(|(start, _)| start)),
            (Root::Window, "end") => time(self.window.map(|(_, end)| end)),
            (Root::Cursor, "token") => Rendered::text(self.cursor_token),
            (Root::Cursor, "start") => time(self.cursor_start),
            (Root::Cursor, "time") => time(self.cursor_time),
            (Root::Cursor, "id") => Rendered::text(self.cursor_id),
            (Root::Partition, _) => Rendered::text(self.partition),
            _ => Rendered::Null,
        }
    }
}

/// A request that the source file asks for but that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be made: {place} {reason}")]
pub struct RequestError {
    place: String,
    reason: String,
}

/// The request for the first page, or for the page that `resume` leads to.
pub(crate) fn build(
    poll: &Poll,
    scope: &RequestScope<'_>,
    resume: Option<&ResumeAt>,
) -> Result<HttpRequest, RequestError> {
    let url = match resume {
        // A vendor's next link has all its parameters in it; those that the
        // cursor must not show are in the first request too.
        Some(ResumeAt::Url(next)) => {
            with_secrets(parse_url(next)?, poll, &first_url(poll, scope, None)?)
        }
        Some(ResumeAt::Token(token)) => first_url(poll, scope, Some(token))?,
        None => first_url(poll, scope, None)?,
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, template) in &poll.request.headers {
        let Some(value) = render(template, scope, name)? else { continue };
        let unusable = |reason: &str| error(format!("the header `{name}`"), reason);
        let name: HeaderName = name.parse().map_err(|_| unusable("has no valid name"))?;
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| unusable("has characters that no header may have"))?;
        value.set_sensitive(uses_secret(template));
        headers.insert(name, value);
    }
    Ok(HttpRequest {
        method: Method::GET,
        url,
        headers,
        body: None,
        max_body: poll.max_page,
        timeout: poll.timeout,
    })
}

/// The URL of a request that no link leads to.
pub(crate) fn first_url(
    poll: &Poll,
    scope: &RequestScope<'_>,
    page_token: Option<&str>,
) -> Result<Url, RequestError> {
    let request = &poll.request;
    let text = render(&request.url, scope, "get")?
        .ok_or_else(|| error("the URL".to_owned(), "has a placeholder that stands for nothing"))?;
    let mut url = parse_url(&text)?;
    let token_parameter = match (&poll.next, page_token) {
        (Some(Next::Token { query, .. }), Some(token)) => Some((query.as_str(), token)),
        _ => None,
    };
    let mut parameters = Vec::new();
    for (name, template) in &request.query {
        if token_parameter.is_some_and(|(parameter, _)| parameter == name) {
            continue;
        }
        if let Some(value) = render(template, scope, name)? {
            parameters.push((name.as_str(), value));
        }
    }
    parameters.extend(token_parameter.map(|(name, token)| (name, token.to_owned())));
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    Ok(url)
}

/// The text of a template; `None` where it stands for nothing, which leaves
/// the parameter or header out.
pub(crate) fn render(
    template: &Template,
    scope: &RequestScope<'_>,
    name: &str,
) -> Result<Option<String>, RequestError> {
    let failed =
        |reason: mef_source::template::RenderError| error(format!("`{name}`"), &reason.to_string());
    let rendered = template.render(scope).map_err(failed)?;
    if rendered.is_null() {
        return Ok(None);
    }
    rendered.to_text().map(|text| Some(text.into_owned())).map_err(failed)
}

pub(crate) fn uses_secret(template: &Template) -> bool {
    template.paths().any(|path| path.root() == Root::Secret)
}

fn parse_url(text: &str) -> Result<Url, RequestError> {
    Url::parse(text).map_err(|reason| error("the URL".to_owned(), &reason.to_string()))
}

fn error(place: String, reason: &str) -> RequestError {
    RequestError { place, reason: reason.to_owned() }
}
