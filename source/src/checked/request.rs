//! What requests to a vendor are made of: origins, templates and bodies.
//!
//! The request for a later page is the first one with what the file says of
//! `then` put into it, so that the engine has two whole requests and no rules.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::checker::Checker;
use super::constant::constant;
use super::next::Next;
use super::request_body::{RequestBody, WrittenBody};
use crate::path::is_header_name;
use crate::template::{Lookups, Part, Rendered, Variables};
use crate::written::{self, Located, Node};
use crate::{Path, Place, Root, Template};

/// A scheme, host and port: what credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https`, or `http`.
    pub scheme: String,
    /// The host.
    pub host: Host<String>,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// The origin of `url`, if it is one of HTTP.
    pub fn of(url: &Url) -> Option<Origin> {
        let scheme = url.scheme();
        (matches!(scheme, "https" | "http")).then_some(())?;
        Some(Origin {
            scheme: scheme.to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether the host is this machine by its literal address or as
    /// `localhost`.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// A request for a page.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL, without the parameters below.
    pub url: Template,
    /// The origin of that URL.
    pub origin: Origin,
    /// Query parameters in the order they are sent.
    pub query: Vec<(String, Template)>,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: Option<RequestBody>,
}

impl Request {
    /// Every template of the request.
    pub fn templates(&self) -> Vec<&Template> {
        let pairs = self.query.iter().chain(&self.headers).map(|(_, template)| template);
        let body = self.body.iter().flat_map(RequestBody::templates);
        pairs.chain([&self.url]).chain(body).collect()
    }
}

/// Checks templates of requests, in which variables are constants that are put
/// in at once.
pub(super) struct RequestScope<'c, 't> {
    pub(super) checker: &'c mut Checker<'t>,
    pub(super) vars: &'c Map<String, Value>,
    pub(super) roots: Vec<Root>,
    /// What `page.…` may be read here.
    pub(super) page: Option<&'static str>,
}

/// Headers that say how a request travels, which is not the source file's to
/// say: `Host` could name another origin than the one that was checked.
const OUR_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

struct OnlyVars<'c>(&'c Map<String, Value>);

impl Variables for OnlyVars<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        Rendered::json(self.0.get(path.name()))
    }
}

impl RequestScope<'_, '_> {
    pub(super) fn template(&mut self, text: &Located<String>) -> Option<Template> {
        let template = self.checker.template(text, &self.roots, &Lookups::new())?;
        for path in template.paths() {
            let (name, place) = (path.name(), text.place());
            match path.root() {
                Root::Var if !self.vars.contains_key(name) => {
                    self.checker.error_with(
                        place,
                        format!("there is no variable `{name}`"),
                        "variables are named under `poll.vars`",
                    );
                    return None;
                }
                Root::Window if !matches!(name, "start" | "end") => {
                    self.checker.error_with(
                        place,
                        format!("a window has no `{name}`"),
                        "it has `window.start` and `window.end`",
                    );
                    return None;
                }
                Root::Cursor if !matches!(name, "token" | "start") => {
                    self.checker.error_with(
                        place,
                        format!("a cursor has no `{name}`"),
                        "it has `cursor.token`, which is nothing on the first run, and `cursor.start`, which is nothing later",
                    );
                    return None;
                }
                Root::Page if self.page != Some(name) => {
                    self.checker.error_with(
                        place,
                        format!("a page has no `{name}` here"),
                        match self.page {
                            Some(known) => format!("this `next` has `page.{known}`"),
                            None => "this `next` leads to a URL, or there is none".to_owned(),
                        },
                    );
                    return None;
                }
                Root::Run if !matches!(name, "id" | "started") => {
                    self.checker.error_with(
                        place,
                        format!("a run has no `{name}`"),
                        "it has `run.id` and `run.started`",
                    );
                    return None;
                }
                Root::Secret => super::load::check_secret_name(name, place, self.checker)?,
                _ => {}
            }
        }
        self.put_in_variables(template, text)
    }

    fn put_in_variables(&mut self, template: Template, text: &Located<String>) -> Option<Template> {
        let mut parts: Vec<Part> = Vec::new();
        for part in template.parts {
            let literal = match part {
                Part::Placeholder(placeholder) if placeholder.path.root() == Root::Var => {
                    let only = Template { parts: vec![Part::Placeholder(placeholder)] };
                    let scope = OnlyVars(self.vars);
                    let rendered = only.render(&scope).and_then(|value| match value {
                        value if value.is_null() => Ok(None),
                        value => value.to_text().map(|text| Some(text.into_owned())),
                    });
                    let problem = match rendered {
                        Ok(Some(text)) => Ok(text),
                        Ok(None) => Err("the variable stands for nothing".to_owned()),
                        Err(error) => Err(error.to_string()),
                    };
                    match problem {
                        Ok(text) => text,
                        Err(problem) => {
                            let shown = only.paths().map(ToString::to_string).collect::<String>();
                            self.checker.error(text.place(), format!("{problem}, at `{shown}`"));
                            return None;
                        }
                    }
                }
                Part::Literal(literal) => literal,
                part => {
                    parts.push(part);
                    continue;
                }
            };
            match parts.last_mut() {
                Some(Part::Literal(before)) => before.push_str(&literal),
                _ => parts.push(Part::Literal(literal)),
            }
        }
        Some(Template { parts })
    }

    fn node(&mut self, node: &Located<Node>) -> Option<Template> {
        match &**node {
            Node::Text(text) => self.template(&node.with(text.clone())),
            Node::List(_) | Node::Object(_) => {
                self.checker.error(node.place(), "this is one value: text, a number or a boolean");
                None
            }
            _ => Some(match constant(node, self.checker) {
                Value::Null => Template::literal(""),
                value => Template::literal(value.to_string()),
            }),
        }
    }

    /// A URL whose origin is fixed: nothing that changes from run to run, and
    /// no secret, may choose whom we talk to.
    pub(super) fn url(&mut self, text: &Located<String>) -> Option<(Template, Origin)> {
        let template = self.template(text)?;
        let start = match template.parts.first() {
            Some(Part::Literal(literal)) => literal.as_str(),
            _ => "",
        };
        // The host is fixed only if what ends it is in the fixed part too.
        let after_scheme = start.split_once("://").map_or("", |(_, rest)| rest);
        let whole = template.parts.len() == 1 || after_scheme.contains(['/', '?']);
        let url = Url::parse(start).ok();
        if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
            // Not told again: it may be a password.
            self.checker.error_with(
                text.place(),
                "the URL has a user's name or password in it",
                "say under `auth` who we are, with `{secret.…}`",
            );
            return None;
        }
        if url.as_ref().is_some_and(|url| url.fragment().is_some()) {
            self.checker.error_with(
                text.place(),
                "what follows a `#` is never sent",
                "leave it out, or write `%23`",
            );
        }
        match url.as_ref().and_then(Origin::of).filter(|_| whole) {
            Some(origin) => {
                if origin.scheme == "http" && !origin.is_loopback() {
                    self.checker.warn(
                        text.place(),
                        "requests and credentials go out unencrypted",
                        "write `https://`",
                    );
                }
                Some((template, origin))
            }
            None => {
                self.checker.error_with(
                    text.place(),
                    format!("`{}` has no fixed origin", &**text),
                    "write `https://host/path`, in which only constants and `{var.…}` make up the host",
                );
                None
            }
        }
    }

    /// The request for a window's first page.
    pub(super) fn request(&mut self, written: &Located<written::Request>) -> Option<Request> {
        let target = self.target(written.get.as_ref(), written.post.as_ref(), written.place());
        let query = self.pairs(&written.query);
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
            self.checker.error_with(
                written.place(),
                "the request has no URL",
                "write `get` or `post`",
            );
            return None;
        };
        self.parameters_come_once(&written.query, &url);
        let body = body?;
        self.body_needs_post(method, body.is_some(), written.place())?;
        Some(Request { method, url, origin, query, headers, body })
    }

    /// The request for a later page: `first` with what `written` changes of it.
    pub(super) fn later(
        &mut self,
        first: &Request,
        written: Option<&Located<written::Then>>,
        next: Option<&Next>,
    ) -> Option<Request> {
        let by_url = next.is_some_and(Next::is_url);
        let Some(written) = written else {
            let query = if by_url { Vec::new() } else { first.query.clone() };
            return Some(Request { query, ..first.clone() });
        };
        let place = written.place();
        if next.is_none() {
            self.checker.error_with(
                place,
                "`then` means nothing without `next`",
                "say under `next` where a page names the next one",
            );
        }
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
        merge(&mut query, self.pairs(&written.query), |one, other| one == other);
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
        Some(Request { method, url, origin, query, headers, body })
    }

    /// The query parameters of `first` that come again.
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

    /// The method and URL, if either is written.
    fn target(
        &mut self,
        get: Option<&Located<String>>,
        post: Option<&Located<String>>,
        place: Option<Place>,
    ) -> Option<Option<(Method, Template, Origin)>> {
        let (method, text) = match (get, post) {
            (None, None) => return Some(None),
            (Some(text), None) => (Method::Get, text),
            (None, Some(text)) => (Method::Post, text),
            (Some(_), Some(_)) => {
                self.checker.error_with(
                    place,
                    "the request has both `get` and `post`",
                    "leave one of them out",
                );
                return None;
            }
        };
        let (url, origin) = self.url(text)?;
        Some(Some((method, url, origin)))
    }

    fn body_needs_post(
        &mut self,
        method: Method,
        has_body: bool,
        place: Option<Place>,
    ) -> Option<()> {
        if has_body && method == Method::Get {
            self.checker.error_with(
                place,
                "a request by `get` has no body",
                "write `post` instead of `get`",
            );
            return None;
        }
        Some(())
    }

    fn header_pairs(
        &mut self,
        written: &BTreeMap<String, Located<Node>>,
    ) -> Vec<(String, Template)> {
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in written {
            self.header_name(name, value.place());
            let lower = name.to_ascii_lowercase();
            if seen.contains(&lower) {
                self.checker.error_with(
                    value.place(),
                    format!("the header `{name}` is written twice"),
                    "upper and lower case are the same in a header's name",
                );
            }
            seen.push(lower);
        }
        self.pairs(written)
    }

    /// What a URL already asks for cannot be asked for once more beside it.
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

    /// A header that a request may have, by its name.
    pub(super) fn header_name(&mut self, name: &str, place: Option<crate::Place>) -> Option<()> {
        if !is_header_name(name) {
            self.checker.error(place, format!("`{name}` is not a header's name"));
            return None;
        }
        if OUR_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            self.checker.error_with(
                place,
                format!("the header `{name}` is not the source file's to set"),
                "it follows from the URL and the connection",
            );
            return None;
        }
        Some(())
    }

    pub(super) fn not_empty(&mut self, text: &Located<String>, wanted: &str) -> Option<()> {
        if text.is_empty() {
            self.checker.error(text.place(), format!("this is empty; it has to be {wanted}"));
        }
        (!text.is_empty()).then_some(())
    }

    pub(super) fn pairs(
        &mut self,
        written: &BTreeMap<String, Located<Node>>,
    ) -> Vec<(String, Template)> {
        written.iter().filter_map(|(name, node)| Some((name.clone(), self.node(node)?))).collect()
    }
}

/// Puts `own` into `pairs`, in the place of those with the same name.
fn merge(
    pairs: &mut Vec<(String, Template)>,
    own: Vec<(String, Template)>,
    same: impl Fn(&str, &str) -> bool,
) {
    for (name, value) in own {
        pairs.retain(|(known, _)| !same(known, &name));
        pairs.push((name, value));
    }
}
