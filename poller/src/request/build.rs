//! Building a request from the source file's templates.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use jiff::Timestamp;
use mef_ports::{HttpRequest, ResumeAt};
use mef_source::checked::{Method, Next, PageDecode, Pages, Poll, Request, Slot};
use serde_json::Value;
use url::Url;

use crate::request::body;
use crate::request::link_secrets::with_secrets;
use crate::request::render::{RequestError, plain, put_header, render, uses_secret, waits};
use crate::request::scope::{PageScope, RequestScope};
use crate::request::urls::{add_parameters, first_url, page_value, parse_url, whole_url};

/// A request for a page, and which page that is.
#[derive(Clone)]
pub(crate) struct PageRequest {
    pub(crate) http: HttpRequest,
    /// The request for a second try, if it is not the same.
    pub(crate) again: Option<HttpRequest>,
    /// Whether the vendor keeps the place, so that a second try would bring the page after this one.
    pub(crate) moves: bool,
    /// The way to the page; `None` for the first.
    pub(crate) at: Option<ResumeAt>,
    /// When the wait for the page began: at the end of the setup, or else at the beginning of the
    /// run.
    pub(crate) since: Timestamp,
}

/// Builds the request for the first of `pages`, or for the one that `resume` leads to.
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
        // A vendor's next link has all its parameters in it. Those that the cursor must not show
        // are in the first request too.
        Some(ResumeAt::Url(next)) => {
            let link = with_secrets(parse_url(next)?, poll, &first_url(poll, pages, scope.run)?);
            if poll.is_own(&link) { add_parameters(link, request, &scope)? } else { link }
        }
        _ => whole_url(poll, request, &scope, slot)?,
    };
    let http = whole_request(poll, request, &scope, url, slot, &pages.decode)?;
    let moves = match &pages.next {
        // A page is given again on request, or there is no other way to get it.
        Some(Next::Again) => !poll.cursor.is_by_vendor(),
        next => resume.is_some() && next.as_ref().is_some_and(Next::moves),
    };
    Ok(PageRequest { http, again: None, moves, at: resume.cloned(), since })
}

/// Builds a request that is for no page. `at` is the last token that a page named.
pub(crate) fn build_one(
    poll: &Poll,
    request: &Request,
    scope: &RequestScope<'_>,
    at: Option<&Value>,
) -> Result<HttpRequest, RequestError> {
    let scope = PageScope { run: scope, at };
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
            Method::Delete => http::Method::DELETE,
        },
        url,
        headers,
        body,
        max_body: poll.max_page,
        timeout: poll.timeout,
    })
}
