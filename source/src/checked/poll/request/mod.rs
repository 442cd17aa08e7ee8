//! Requests to a vendor: a method, a URL, templates and bodies.
//!
//! The request for a later page is the first one with `then` put into it, so the
//! poller gets two whole requests and no rules.

pub(crate) mod body;
mod names;
pub(crate) mod scope;
mod urls;

pub use body::RequestBody;

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use crate::checked::checker::Told;
use crate::checked::origin::Origin;
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::template::{Part, Template};
use crate::time_zone::Zone;
use crate::written::{self, Located, Node};
use body::WrittenBody;
use scope::RequestScope;

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// DELETE, which ends something.
    Delete,
}

/// A request for a page.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL without the query parameters below.
    pub url: Template,
    /// The origin of the URL. If the URL begins with a value of a response, this is one
    /// of the origins that it may have.
    pub origin: Origin,
    /// Query parameters in the order in which they are sent. One that is sent more than
    /// once stands here as often.
    pub query: Vec<(String, Template)>,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: Option<RequestBody>,
}

impl Request {
    /// Returns every template of the request.
    pub fn templates(&self) -> Vec<&Template> {
        let pairs = self.query.iter().chain(&self.headers).map(|(_, template)| template);
        let body = self.body.iter().flat_map(RequestBody::templates);
        pairs.chain([&self.url]).chain(body).collect()
    }

    /// Returns the value that the URL begins with and that names its origin: an `item`, or
    /// a value of `setup` or of the partition. `None` if the source file names it.
    pub fn led_by(&self) -> Option<&Path> {
        match self.url.parts.first()? {
            Part::Placeholder(placeholder) => Some(&placeholder.path),
            Part::Literal(_) => None,
        }
    }

    /// Returns whether one of its templates reads this.
    pub fn uses(&self, root: Root, name: &str) -> bool {
        let mut paths = self.templates().into_iter().flat_map(Template::paths);
        paths.any(|path| path.root() == root && path.name() == name)
    }

    /// Returns whether it has more than a URL.
    pub(crate) fn has_own_parts(&self) -> bool {
        !self.query.is_empty() || !self.headers.is_empty() || self.body.is_some()
    }

    /// Returns whether one of its templates reads anything of `root`.
    pub fn reads(&self, root: Root) -> bool {
        self.templates().into_iter().flat_map(Template::paths).any(|path| path.root() == root)
    }
}

/// All requests for a page: the request itself, and those before and after it.
pub(crate) struct Requests<'r> {
    /// The request for a window's first page.
    pub(crate) page: &'r Request,
    others: Vec<&'r Request>,
}

impl<'r> Requests<'r> {
    pub(crate) fn new(page: &'r Request, others: impl Iterator<Item = &'r Request>) -> Self {
        Requests { page, others: others.collect() }
    }

    /// Returns all of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'r Request> {
        std::iter::once(self.page).chain(self.others.iter().copied())
    }

    /// Returns whether one of them reads this.
    pub(crate) fn uses(&self, root: Root, name: &str) -> bool {
        self.paths().any(|path| path.root() == root && path.name() == name)
    }

    /// Returns the coarsest unit in which one of them writes a moment that has one of these names,
    /// as [`Template::units`] does. What one request writes in parts, such as the date and the hour,
    /// is as fine as the finest of them.
    pub(crate) fn unit_of(&self, root: Root, names: &[&str]) -> Option<Duration> {
        let unit = |request: &Request| {
            let templates = request.templates();
            let all = templates.into_iter().flat_map(Template::units);
            let of_it = all.filter(|(path, _)| path.root() == root && names.contains(&path.name()));
            of_it.map(|(_, unit)| unit).min().flatten()
        };
        let units: Vec<_> = self.all().filter_map(unit).collect();
        // A year that stands beside a whole moment does not say where the records begin.
        let bounds = units.iter().filter(|unit| **unit < Duration::MAX).max();
        bounds.or(units.first()).copied()
    }

    /// Returns the zones in which they write the moments that have one of these names; `None` for
    /// UTC.
    pub(crate) fn zones_of(&self, root: Root, names: &[&str]) -> Vec<Option<&'r Zone>> {
        let all = self.all().flat_map(Request::templates).flat_map(Template::zones);
        let of_it = all.filter(|(path, _)| path.root() == root && names.contains(&path.name()));
        of_it.map(|(_, zone)| zone).collect()
    }

    /// Returns all paths that they read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &'r Path> {
        self.all().flat_map(Request::templates).flat_map(Template::paths)
    }
}

impl RequestScope<'_, '_> {
    /// Reads the request for a window's first page.
    pub(crate) fn request(&mut self, written: &Located<written::Request>) -> Result<Request, Told> {
        let target = self.target(written.get.as_ref(), written.post.as_ref(), written.place());
        let target = match (&written.delete, target) {
            (None, target) => target,
            (Some(delete), Ok(None)) if self.may_delete => {
                self.url(delete).map(|(url, origin)| Some((Method::Delete, url, origin)))
            }
            (Some(delete), _) => Err(self.checker.error_with(
                delete.place(),
                "`delete` stands alone, and only in a request that ends something",
                "write it under `finish` or `logout`, without `get` and `post`",
            )),
        };
        let query = self.query_pairs(&written.query);
        let headers = self.header_pairs(&written.headers);
        let body = self.body(
            &WrittenBody {
                json: written.json.as_ref(),
                form: written.form.as_ref(),
                raw: written.body.as_ref(),
                content_type: written.content_type.as_ref(),
            },
            written.place(),
        );
        let Some((method, url, origin)) = target? else {
            return Err(self.checker.error_with(
                written.place(),
                "the request has no URL",
                "write `get` or `post`",
            ));
        };
        self.parameters_come_once(&written.query, &url);
        let body = body?;
        self.body_needs_post(method, body.is_some(), written.place())?;
        self.waits_apart(Request { method, url, origin, query, headers, body }, written.place())
    }

    /// Reads a request that ends something at the vendor.
    pub(crate) fn last_request(
        &mut self,
        written: &Located<written::Request>,
    ) -> Result<Request, Told> {
        self.may_delete = true;
        let request = self.request(written);
        self.may_delete = false;
        request
    }

    /// Reports `{wait.…}` anywhere but alone in a parameter or header: only these change
    /// when the request is repeated.
    fn waits_apart(&mut self, request: Request, place: Option<Place>) -> Result<Request, Told> {
        let is_late = |template: &Template| template.paths().any(|path| path.root() == Root::Wait);
        let late: Vec<_> = request.templates().into_iter().filter(|one| is_late(one)).collect();
        let pairs = request.query.iter().chain(&request.headers);
        let has_places = pairs.filter(|(_, template)| is_late(template)).count() == late.len();
        let is_alone =
            |template: &&Template| template.paths().all(|path| path.root() == Root::Wait);
        if has_places && late.iter().all(is_alone) {
            return Ok(request);
        }
        Err(self.checker.error_with(
            place,
            "`{wait.…}` stands in a URL or a body, or beside something else",
            "write it as the value of a query parameter or header of its own",
        ))
    }

    /// Reads the request for a later page: `first` with the changes of `written`. With
    /// `by_url` its URL comes from the page before it.
    pub(crate) fn later(
        &mut self,
        first: &Request,
        written: Option<&Located<written::Then>>,
        by_url: bool,
    ) -> Result<Request, Told> {
        let Some(written) = written else {
            let query = if by_url { Vec::new() } else { first.query.clone() };
            return Ok(Request { query, ..first.clone() });
        };
        let place = written.place();
        if by_url && let Some(url) = written.get.as_ref().or(written.post.as_ref()) {
            self.checker.error_with(
                url.place(),
                "the URL of the next page comes from the page before it",
                "leave it out here",
            );
        }
        let target = self.target(written.get.as_ref(), written.post.as_ref(), place)?;
        let mut query = match &written.repeat {
            None if by_url => Vec::new(),
            None => first.query.clone(),
            Some(names) => self.repeated(first, names),
        };
        merge(&mut query, self.query_pairs(&written.query), |one, other| one == other);
        let mut headers = first.headers.clone();
        merge(&mut headers, self.header_pairs(&written.headers), |one, other| {
            one.eq_ignore_ascii_case(other)
        });
        let own_body = self.body(
            &WrittenBody {
                json: written.json.as_ref(),
                form: written.form.as_ref(),
                raw: written.body.as_ref(),
                content_type: written.content_type.as_ref(),
            },
            place,
        )?;
        let (method, url, origin) = match target {
            Some(target) => target,
            None => (first.method, first.url.clone(), first.origin.clone()),
        };
        if origin != first.origin {
            self.checker.error_with(
                place,
                "the later requests go to another origin than the first",
                "the credentials belong to one",
            );
        }
        let own = own_body.is_some();
        let body = match method {
            Method::Get if !own => None,
            _ => own_body.or_else(|| first.body.clone()),
        };
        self.body_needs_post(method, own, place)?;
        self.waits_apart(Request { method, url, origin, query, headers, body }, place)
    }

    /// Reads which query parameters of `first` are repeated.
    fn repeated(
        &mut self,
        first: &Request,
        names: &Located<written::OneOrMany>,
    ) -> Vec<(String, Template)> {
        let names: Vec<_> = names.iter().map(|(name, at)| (name, at.or(names.place()))).collect();
        match names.as_slice() {
            [("all", _)] => return first.query.clone(),
            [("none", _)] => return Vec::new(),
            _ => {}
        }
        for (name, place) in &names {
            if !first.query.iter().any(|(known, _)| known == name) {
                self.checker.error_with(
                    *place,
                    format!("`request` has no query parameter `{name}`"),
                    "write `all`, `none` or a list of its parameters",
                );
            }
        }
        let repeats = |known: &String| names.iter().any(|(name, _)| name == known);
        first.query.iter().filter(|(known, _)| repeats(known)).cloned().collect()
    }

    /// Reads the method and URL, if they are written.
    fn target(
        &mut self,
        get: Option<&Located<String>>,
        post: Option<&Located<String>>,
        place: Option<Place>,
    ) -> Result<Option<(Method, Template, Origin)>, Told> {
        let (method, text) = match (get, post) {
            (None, None) => return Ok(None),
            (Some(text), None) => (Method::Get, text),
            (None, Some(text)) => (Method::Post, text),
            (Some(_), Some(_)) => {
                return Err(self.checker.error_with(
                    place,
                    "the request has both `get` and `post`",
                    "leave one of them out",
                ));
            }
        };
        let (url, origin) = self.url(text)?;
        Ok(Some((method, url, origin)))
    }

    fn body_needs_post(
        &mut self,
        method: Method,
        has_body: bool,
        place: Option<Place>,
    ) -> Result<(), Told> {
        if has_body && method == Method::Get {
            return Err(self.checker.error_with(
                place,
                "a request by `get` has no body",
                "write `post` instead of `get`",
            ));
        }
        Ok(())
    }

    /// Reports query parameters that are in the URL too.
    fn parameters_come_once(&mut self, query: &BTreeMap<String, Located<Node>>, url: &Template) {
        let Some(start) = url.parts.first() else { return };
        let Part::Literal(start) = start else { return };
        let Some(url) = Url::parse(start).ok() else { return };
        for (name, _) in url.query_pairs() {
            if let Some(value) = query.get(name.as_ref()) {
                self.checker.error_with(
                    value.place(),
                    format!("the parameter `{name}` is also in the request's URL"),
                    "write it in one place",
                );
            }
        }
    }
}

/// Puts `own` into `pairs`, replacing those with the same name.
fn merge(
    pairs: &mut Vec<(String, Template)>,
    own: Vec<(String, Template)>,
    same: impl Fn(&str, &str) -> bool,
) {
    pairs.retain(|(known, _)| !own.iter().any(|(name, _)| same(known, name)));
    pairs.extend(own);
}
