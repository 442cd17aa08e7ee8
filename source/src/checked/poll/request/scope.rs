//! What every request to a vendor may say, wherever it stands: templates whose
//! variables are known, URLs whose origin is fixed, and names of headers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use url::Url;

use crate::checked::checker::Checker;
use crate::checked::constant::constant;
use crate::checked::event::runs_jq;
use crate::checked::origin::Origin;
use crate::checked::yaml_error::NO_PROGRAM;
use crate::path::is_header_name;
use crate::template::{Lookups, Part, Rendered, Variables};
use crate::written::{Located, Node};
use crate::{Path, Place, Root, Template};

/// Checks templates of requests, in which variables are constants that are put
/// in at once.
pub(crate) struct RequestScope<'c, 't> {
    pub(crate) checker: &'c mut Checker<'t>,
    pub(crate) vars: &'c Map<String, Value>,
    /// The tables of the event, in which requests may look up too.
    lookups: &'c Lookups,
    pub(crate) roots: Vec<Root>,
    /// What `page.…` may be read here.
    pub(crate) page: Option<&'static str>,
    /// Which `setup.…` may be read here.
    pub(crate) setup: BTreeSet<String>,
    /// Which `wait.…` may be read here.
    pub(crate) wait: BTreeSet<String>,
    /// Which `partition.…` may be read here.
    pub(crate) partition: BTreeSet<String>,
    /// Where a URL may begin with `{item.…}`: the origin that it is of unless it
    /// says otherwise.
    pub(crate) item_origin: Option<Origin>,
    /// The origins that a URL may lead to which begins with what an answer names.
    pub(crate) own_origins: Vec<Origin>,
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

impl<'c, 't> RequestScope<'c, 't> {
    /// A scope in which nothing may be named yet.
    pub(crate) fn new(
        checker: &'c mut Checker<'t>,
        vars: &'c Map<String, Value>,
        lookups: &'c Lookups,
    ) -> Self {
        RequestScope {
            checker,
            vars,
            lookups,
            roots: Vec::new(),
            page: None,
            setup: BTreeSet::new(),
            wait: BTreeSet::new(),
            partition: BTreeSet::new(),
            item_origin: None,
            own_origins: Vec::new(),
        }
    }
}

impl RequestScope<'_, '_> {
    pub(crate) fn template(&mut self, text: &Located<String>) -> Option<Template> {
        let template = self.checker.template(text, &self.roots, self.lookups)?;
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
                Root::Window if !matches!(name, "start" | "since" | "end") => {
                    self.checker.error_with(
                        place,
                        format!("a window has no `{name}`"),
                        "it has `window.start`, `window.end`, and `window.since`, which is the start but nothing in the first window",
                    );
                    return None;
                }
                Root::Cursor if !matches!(name, "token" | "start" | "time" | "id" | "ask") => {
                    self.checker.error_with(
                        place,
                        format!("a cursor has no `{name}`"),
                        "it has `token`, `id`, `time` or `ask`, as its kind is, and `start`, which is nothing after the first run",
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
                Root::Setup if !self.setup.contains(name) => {
                    self.checker.error_with(
                        place,
                        format!("no step of `setup` before this sets `{name}`"),
                        "values are named under `values` of a step",
                    );
                    return None;
                }
                Root::Wait if !self.wait.contains(name) => {
                    self.checker.error_with(
                        place,
                        format!("no `wait` of this request sets `{name}`"),
                        "values are named under `values` of the `wait` that belongs to the request",
                    );
                    return None;
                }
                Root::Partition if !name.is_empty() && !self.partition.contains(name) => {
                    self.checker.error_with(
                        place,
                        format!("a partition has no `{name}`"),
                        "values are named under `values` of `partitions.request`",
                    );
                    return None;
                }
                Root::Secret => crate::checked::load::check_secret_name(name, place, self.checker)?,
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
            Node::Text(text) => {
                let template = self.template(&node.with(text.clone()))?;
                if template.says_null() {
                    self.checker.error_with(
                        node.place(),
                        "`default(null)` says something in a JSON body alone",
                        "leave it out: what stands for nothing is not sent",
                    );
                }
                Some(template)
            }
            Node::List(_) | Node::Object(_) => {
                let message = "this is one value: text, a number or a boolean";
                match runs_jq(node) {
                    true => self.checker.error_with(node.place(), message, NO_PROGRAM),
                    false => self.checker.error(node.place(), message),
                }
                None
            }
            _ => Some(match constant(node, self.checker) {
                Value::Null => Template::literal(""),
                value => Template::literal(value.to_string()),
            }),
        }
    }

    /// A URL whose origin is fixed: nothing that changes from run to run, and
    /// no secret, may choose whom we talk to, but for a value of `setup` or of the
    /// partition among the origins that the source file says are the vendor's own.
    pub(crate) fn url(&mut self, text: &Located<String>) -> Option<(Template, Origin)> {
        let template = self.template(text)?;
        if let (Some(origin), Some(Part::Placeholder(first))) =
            (&self.item_origin, template.parts.first())
            && first.path.root() == Root::Item
        {
            return Some((template, origin.clone()));
        }
        if let Some(Part::Placeholder(first)) = template.parts.first()
            && matches!(first.path.root(), Root::Setup | Root::Partition)
            && !first.path.name().is_empty()
        {
            let Some(origin) = self.own_origins.first() else {
                self.checker.error_with(
                    text.place(),
                    format!("`{{{}}}` could lead anywhere", first.path),
                    "list the origins that it may lead to under `own_origins`: they get the credential",
                );
                return None;
            };
            return Some((template, origin.clone()));
        }
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

    pub(crate) fn header_pairs(
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

    /// A header that a request may have, by its name.
    pub(crate) fn header_name(&mut self, name: &str, place: Option<Place>) -> Option<()> {
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

    pub(crate) fn not_empty(&mut self, text: &Located<String>, wanted: &str) -> Option<()> {
        if text.is_empty() {
            self.checker.error(text.place(), format!("this is empty; it has to be {wanted}"));
        }
        (!text.is_empty()).then_some(())
    }

    pub(crate) fn pairs(
        &mut self,
        written: &BTreeMap<String, Located<Node>>,
    ) -> Vec<(String, Template)> {
        written.iter().filter_map(|(name, node)| Some((name.clone(), self.node(node)?))).collect()
    }

    /// The parameters of a query, or the fields of a form: one whose value is a list is
    /// sent with each of its elements.
    pub(crate) fn query_pairs(
        &mut self,
        written: &BTreeMap<String, Located<Node>>,
    ) -> Vec<(String, Template)> {
        let mut pairs = Vec::new();
        for (name, node) in written {
            let Node::List(list) = &**node else {
                pairs.extend(self.node(node).map(|template| (name.clone(), template)));
                continue;
            };
            if list.is_empty() {
                self.checker.error_with(
                    node.place(),
                    format!("the list of values for the parameter `{name}` is empty"),
                    "leave the parameter out",
                );
            }
            for element in list {
                let Some(template) = self.node(element) else { continue };
                // The vendor's link back would not say which of them it was.
                if template.paths().any(|path| path.root() == Root::Secret) {
                    self.checker.error_with(
                        element.place(),
                        "a parameter that is sent more than once has no secret in it",
                        "give the secret a parameter of its own, or write it under `auth`",
                    );
                }
                pairs.push((name.clone(), template));
            }
        }
        pairs
    }
}
