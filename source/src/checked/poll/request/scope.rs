//! What the templates of requests may name, depending on where they stand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use serde_json::{Map, Value};

use crate::checked::checker::{Checker, Told};
use crate::checked::constant::constant;
use crate::checked::event::jq::{NO_PROGRAM, runs_jq};
use crate::checked::origin::Origin;
use crate::checked::secret::{check_secret_name, names_a_secret};
use crate::path::{Path, Root};
use crate::template::{Lookups, Part, Rendered, Template, Variables};
use crate::written::{self, Located, Node};

/// Reads templates of requests, and puts the values of variables into them.
pub(crate) struct RequestScope<'c, 't> {
    pub(crate) checker: &'c mut Checker<'t>,
    pub(crate) vars: &'c Map<String, Value>,
    /// The tables of the event, which requests may use too.
    lookups: &'c Lookups,
    roots: Vec<Root>,
    /// Whether a request may be a DELETE.
    pub(crate) may_delete: bool,
    /// Which `page.…` may be read here.
    pub(crate) page: Option<&'static str>,
    /// Which `setup.…` may be read here.
    pub(crate) setup: BTreeSet<String>,
    /// Which `wait.…` may be read here.
    pub(crate) wait: BTreeSet<String>,
    /// Which `partition.…` may be read here.
    pub(crate) partition: BTreeSet<String>,
    /// The origin of a URL that begins with `{item.…}`, if a URL may.
    pub(crate) item_origin: Option<Origin>,
    /// The origins that a URL may lead to if it begins with a value of a response.
    pub(crate) own_origins: Vec<Origin>,
}

struct OnlyVars<'c>(&'c Map<String, Value>);

impl Variables for OnlyVars<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        Rendered::json(self.0.get(path.name()))
    }
}

impl<'c, 't> RequestScope<'c, 't> {
    /// Returns a scope in which nothing may be named yet.
    pub(crate) fn new(
        poll: &written::Poll,
        vars: &'c Map<String, Value>,
        lookups: &'c Lookups,
        checker: &'c mut Checker<'t>,
    ) -> Self {
        let setup = poll.setup.iter().flat_map(|step| step.values.keys().cloned()).collect();
        let partition = match poll.partitions.as_deref() {
            Some(written::Partitions::Request(listed)) => listed.values.keys().cloned().collect(),
            _ => BTreeSet::new(),
        };
        RequestScope {
            checker,
            vars,
            lookups,
            roots: Vec::new(),
            may_delete: false,
            page: None,
            setup,
            wait: BTreeSet::new(),
            partition,
            item_origin: None,
            own_origins: Vec::new(),
        }
    }
}

impl RequestScope<'_, '_> {
    /// Runs `read`, in which templates may name nothing but `roots`.
    pub(crate) fn with<T>(&mut self, roots: &[Root], read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = mem::replace(&mut self.roots, roots.to_vec());
        let value = read(self);
        self.roots = outer;
        value
    }

    /// Runs `read`, in which templates may name `more` roots than around it.
    pub(crate) fn also<T>(&mut self, more: &[Root], read: impl FnOnce(&mut Self) -> T) -> T {
        let roots = [&self.roots[..], more].concat();
        self.with(&roots, read)
    }

    /// Runs `read`, in which templates may not name these roots.
    pub(crate) fn without<T>(&mut self, less: &[Root], read: impl FnOnce(&mut Self) -> T) -> T {
        let mut roots = self.roots.clone();
        roots.retain(|root| !less.contains(root));
        self.with(&roots, read)
    }

    pub(crate) fn template(&mut self, text: &Located<String>) -> Result<Template, Told> {
        let template = self.checker.template(text, &self.roots, self.lookups)?;
        for path in template.paths() {
            let (name, place) = (path.name(), text.place());
            match path.root() {
                Root::Var if !self.vars.contains_key(name) => {
                    return Err(self.checker.error_with(
                        place,
                        format!("there is no variable `{name}`"),
                        "variables are named under `poll.vars`",
                    ));
                }
                Root::Window if !matches!(name, "start" | "since" | "end") => {
                    return Err(self.checker.error_with(
                        place,
                        format!("a window has no `{name}`"),
                        "it has `window.start`, `window.end`, and `window.since`, which is the start but nothing in the first window",
                    ));
                }
                Root::Cursor if !matches!(name, "token" | "start" | "time" | "id" | "ask") => {
                    return Err(self.checker.error_with(
                        place,
                        format!("a cursor has no `{name}`"),
                        "it has `token`, `id`, `time` or `ask`, as its kind is, and `start`, which is nothing after the first run",
                    ));
                }
                Root::Page if self.page != Some(name) => {
                    return Err(self.checker.error_with(
                        place,
                        format!("a page has no `{name}` here"),
                        match self.page {
                            Some(known) => format!("this `next` has `page.{known}`"),
                            None => "this `next` leads to a URL, or there is none".to_owned(),
                        },
                    ));
                }
                Root::Run if !matches!(name, "id" | "started") => {
                    return Err(self.checker.error_with(
                        place,
                        format!("a run has no `{name}`"),
                        "it has `run.id` and `run.started`",
                    ));
                }
                Root::Setup if !self.setup.contains(name) => {
                    return Err(self.checker.error_with(
                        place,
                        format!("no step of `setup` before this sets `{name}`"),
                        "values are named under `values` of a step",
                    ));
                }
                Root::Wait if !self.wait.contains(name) => {
                    return Err(self.checker.error_with(
                        place,
                        format!("no `wait` of this request sets `{name}`"),
                        "values are named under `values` of the `wait` that belongs to the request",
                    ));
                }
                Root::Partition if !name.is_empty() && !self.partition.contains(name) => {
                    return Err(self.checker.error_with(
                        place,
                        format!("a partition has no `{name}`"),
                        "values are named under `values` of `partitions.request`",
                    ));
                }
                Root::Secret => check_secret_name(name, place, self.checker)?,
                _ => {}
            }
        }
        self.put_in_variables(template, text)
    }

    /// Reads what proves who we are, and warns if that stands in the file.
    pub(crate) fn secret(&mut self, text: &Located<String>) -> Result<Template, Told> {
        let template = self.template(text)?;
        names_a_secret(&template, text, self.checker);
        Ok(template)
    }

    fn put_in_variables(
        &mut self,
        template: Template,
        text: &Located<String>,
    ) -> Result<Template, Told> {
        let mut parts: Vec<Part> = Vec::new();
        for part in template.parts {
            let literal = match part {
                Part::Placeholder(placeholder) if placeholder.path.root() == Root::Var => {
                    let only = Template { parts: vec![Part::Placeholder(placeholder)] };
                    let scope = OnlyVars(self.vars);
                    let rendered = match only.render(&scope) {
                        Ok(value) if value.is_null() => {
                            Err("the variable stands for nothing".to_owned())
                        }
                        Ok(value) => {
                            value.to_text().map(Cow::into_owned).map_err(|e| e.to_string())
                        }
                        Err(error) => Err(error.to_string()),
                    };
                    rendered.map_err(|problem| {
                        let shown = only.paths().map(ToString::to_string).collect::<String>();
                        self.checker.error(text.place(), format!("{problem}, at `{shown}`"))
                    })?
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
        Ok(Template { parts })
    }

    fn node(&mut self, node: &Located<Node>) -> Result<Template, Told> {
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
                Ok(template)
            }
            Node::List(_) | Node::Object(_) => {
                let message = "this is one value: text, a number or a boolean";
                Err(match runs_jq(node) {
                    true => self.checker.error_with(node.place(), message, NO_PROGRAM),
                    false => self.checker.error(node.place(), message),
                })
            }
            _ => Ok(match constant(node, self.checker) {
                Value::Null => Template::literal(""),
                value => Template::literal(value.to_string()),
            }),
        }
    }

    pub(crate) fn pairs(
        &mut self,
        written: &BTreeMap<String, Located<Node>>,
    ) -> Vec<(String, Template)> {
        written
            .iter()
            .filter_map(|(name, node)| Some((name.clone(), self.node(node).ok()?)))
            .collect()
    }

    /// Reads the parameters of a query, or the fields of a form: one with a list is sent
    /// once for each element. One that cannot be read is left out, so that the others
    /// can still be checked.
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
                let Ok(template) = self.node(element) else { continue };
                // A link of the vendor's would not tell which of them it was.
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
