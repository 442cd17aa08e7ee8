//! What the `event` part means, for one way in.

pub(crate) mod closed_schema;
pub(crate) mod jq;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::checked::checker::Checker;
use crate::checked::constant::constant;
use crate::jq::Program;
use crate::template::Lookups;
use crate::written::{self, Located, Node};
use crate::{Path, Place, Root, Template};

/// The words that have a meaning where an event is made.
const EVENT_ROOTS: &[Root] = &[
    Root::Record,
    Root::Parent,
    Root::Header,
    Root::Query,
    Root::Var,
    Root::ReceivedAt,
    Root::DeliveryId,
    // These mean something only in requests; here they are known in order to be
    // refused, and not taken for fields of the record.
    Root::Secret,
    Root::Window,
    Root::Cursor,
];

/// What a record is and what event it becomes.
#[derive(Clone, Debug)]
pub struct EventSpec {
    /// What a record must meet.
    pub schema: Option<RecordSchema>,
    /// Where the records are inside of a larger one.
    pub split: Option<Split>,
    /// Whether another value than a list, where a path of `split` leads, is a list of
    /// one: XML has no other.
    pub one_is_a_list: bool,
    /// What makes two records the same event.
    pub id: Option<Template>,
    /// The event's fields by name; one that is not here has its default.
    pub map: BTreeMap<&'static str, Mapping>,
    /// Constants for templates.
    pub vars: Map<String, Value>,
    /// How many jq programs there are.
    pub programs: usize,
    /// Tables for templates.
    pub(crate) lookups: Lookups,
}

/// How a larger record is split into the records.
#[derive(Clone, Debug, PartialEq)]
pub enum Split {
    /// They are the elements of this list.
    Path(Path),
    /// A program gives them.
    Jq(Program),
}

/// A record's JSON Schema, as read from its file.
#[derive(Clone, Debug)]
pub struct RecordSchema {
    /// The file's name, for messages.
    pub file: String,
    /// The schema.
    pub json: Arc<Value>,
}

/// How one value of the event is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapping {
    /// A value that is always the same.
    Constant(Value),
    /// A template.
    Template(Template),
    /// A list.
    List(Vec<Mapping>),
    /// An object.
    Object(Vec<(String, Mapping)>),
    /// These parts of the record, where they stand in it.
    Pick(Vec<Path>),
    /// The record without these parts.
    Omit(Vec<Path>),
    /// What a program gives.
    Jq(Program),
}

impl Mapping {
    /// Every path that the mapping reads.
    fn for_each_path(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Mapping::Constant(_) | Mapping::Jq(_) => {}
            Mapping::Template(template) => template.paths().for_each(visit),
            Mapping::List(list) => list.iter().for_each(|element| element.for_each_path(visit)),
            Mapping::Object(object) => {
                object.iter().for_each(|(_, element)| element.for_each_path(visit));
            }
            Mapping::Pick(paths) | Mapping::Omit(paths) => paths.iter().for_each(visit),
        }
    }

    /// Every program in the mapping.
    fn for_each_program(&self, visit: &mut dyn FnMut(&Program)) {
        match self {
            Mapping::Jq(program) => visit(program),
            Mapping::List(list) => list.iter().for_each(|element| element.for_each_program(visit)),
            Mapping::Object(object) => {
                object.iter().for_each(|(_, element)| element.for_each_program(visit));
            }
            Mapping::Constant(_) | Mapping::Template(_) | Mapping::Pick(_) | Mapping::Omit(_) => {}
        }
    }
}

impl EventSpec {
    /// Understands the event of one way in: what `own` leaves out is taken
    /// from `shared`.
    pub(crate) fn check(
        shared: &written::Event,
        own: Option<&written::Event>,
        vars: Map<String, Value>,
        files: &dyn Fn(&str) -> Result<String, String>,
        checker: &mut Checker<'_>,
    ) -> EventSpec {
        let nothing = written::Event::default();
        let own = own.unwrap_or(&nothing);
        let lookups = lookups(shared, own, checker);
        let schema = own.schema.as_ref().or(shared.schema.as_ref());
        let split = own.split.as_ref().or(shared.split.as_ref());
        let id = own.id.as_ref().or(shared.id.as_ref());
        let mut scope = EventScope { checker, lookups, schema: None, vars: &vars, programs: 0 };
        let schema = schema.and_then(|name| scope.read_schema(name, files));
        scope.schema = schema.as_ref().map(|schema| Arc::clone(&schema.json));
        let split = split.and_then(|split| scope.split(split));
        let id = id.and_then(|text| scope.id(text));
        let mut map = BTreeMap::new();
        for ((name, shared), (_, own)) in shared.map.fields().into_iter().zip(own.map.fields()) {
            if let Some(mapping) = own.or(shared).and_then(|node| scope.mapping(node)) {
                map.insert(name, mapping);
            }
        }
        let EventScope { programs, lookups, .. } = scope;
        EventSpec { schema, split, one_is_a_list: false, id, map, vars, programs, lookups }
    }

    /// The names, in lower case, of the headers that the event reads.
    pub fn header_names(&self) -> Vec<String> {
        let mut names = self.names(Root::Header);
        self.for_each_program(&mut |program| {
            names.extend(program.uses().headers.values().cloned());
        });
        names
    }

    /// The names of the query parameters that the event reads.
    pub fn query_names(&self) -> Vec<String> {
        let mut names = self.names(Root::Query);
        self.for_each_program(&mut |program| names.extend(program.uses().query.iter().cloned()));
        names
    }

    fn for_each_program(&self, visit: &mut dyn FnMut(&Program)) {
        if let Some(Split::Jq(program)) = &self.split {
            visit(program);
        }
        self.map.values().for_each(|mapping| mapping.for_each_program(visit));
    }

    fn names(&self, root: Root) -> Vec<String> {
        let mut names = Vec::new();
        let mut visit = |path: &Path| {
            if path.root() == root {
                names.push(path.name().to_owned());
            }
        };
        self.map.values().for_each(|mapping| mapping.for_each_path(&mut visit));
        self.id.iter().flat_map(Template::paths).for_each(&mut visit);
        names
    }
}

/// The tables of both; one that both have is the own.
fn lookups(shared: &written::Event, own: &written::Event, checker: &mut Checker<'_>) -> Lookups {
    shared
        .lookups
        .iter()
        .chain(&own.lookups)
        .map(|(name, table)| {
            let table =
                table.iter().map(|(key, node)| (key.clone(), constant(node, checker))).collect();
            (name.clone(), table)
        })
        .collect()
}

/// Whether one of the keys is `pick` or `omit` with a list.
fn takes_parts(object: &[(String, Located<Node>)]) -> bool {
    object.iter().any(|(key, node)| {
        matches!(key.as_str(), "pick" | "omit") && matches!(**node, Node::List(_))
    })
}

/// Whether one of its keys is `jq` with a text.
pub(crate) fn runs_jq(node: &Node) -> bool {
    let Node::Object(object) = node else { return false };
    object.iter().any(|(key, node)| key == "jq" && matches!(**node, Node::Text(_)))
}

struct EventScope<'c, 't> {
    checker: &'c mut Checker<'t>,
    lookups: Lookups,
    schema: Option<Arc<Value>>,
    vars: &'c Map<String, Value>,
    programs: usize,
}

impl EventScope<'_, '_> {
    fn read_schema(
        &mut self,
        name: &Located<String>,
        files: &dyn Fn(&str) -> Result<String, String>,
    ) -> Option<RecordSchema> {
        let text = match files(name) {
            Ok(text) => text,
            Err(reason) => {
                self.checker.error(
                    name.place(),
                    format!("the schema `{}` cannot be read: {reason}", &**name),
                );
                return None;
            }
        };
        match serde_json::from_str(&text) {
            Ok(json) => Some(RecordSchema { file: (**name).clone(), json: Arc::new(json) }),
            Err(error) => {
                self.checker
                    .error(name.place(), format!("the schema `{}` is not JSON: {error}", &**name));
                None
            }
        }
    }

    fn split(&mut self, split: &Located<written::Split>) -> Option<Split> {
        match &**split {
            written::Split::Path(text) => {
                self.checker.path_at(split.place(), text, &[Root::Record]).map(Split::Path)
            }
            written::Split::Jq(text) => {
                let program = jq::program(text, &mut self.programs, self.checker)?;
                if program.uses().parent {
                    self.checker.error_with(
                        text.place(),
                        "what is split has no `$parent`",
                        "the record that is split is `.`",
                    );
                }
                Some(Split::Jq(program))
            }
        }
    }

    fn id(&mut self, text: &Located<String>) -> Option<Template> {
        let template = self.template(text)?;
        if template.as_literal().is_some() {
            self.checker.error_with(
                text.place(),
                "`id` is the same for every record, so that all of them would be one event",
                "such as `id: \"{uuid}\"`",
            );
            return None;
        }
        Some(template)
    }

    fn template(&mut self, text: &Located<String>) -> Option<Template> {
        let template = self.checker.template(text, EVENT_ROOTS, &self.lookups)?;
        let mut known = true;
        for path in template.paths() {
            known &= self.path_exists(text.place(), path);
        }
        known.then_some(template)
    }

    /// Reports a path that cannot find anything.
    fn path_exists(&mut self, place: Option<Place>, path: &Path) -> bool {
        match path.root() {
            Root::Var if !self.vars.contains_key(path.name()) => {
                self.checker.error_with(
                    place,
                    format!("there is no variable `{}`", path.name()),
                    "variables are named under `poll.vars`",
                );
                false
            }
            Root::Secret => {
                self.checker.error_with(
                    place,
                    "a secret goes into no event",
                    format!(
                        "a field of the record with that name is `{{/secret/{}}}`",
                        path.name()
                    ),
                );
                false
            }
            root @ (Root::Window | Root::Cursor) => {
                let word = root.word();
                self.checker.error_with(
                    place,
                    format!("`{word}` has a meaning in requests, not in events"),
                    format!(
                        "a field of the record with that name is `{{/{word}/{}}}`",
                        path.name()
                    ),
                );
                false
            }
            Root::Record => match &self.schema {
                Some(schema) => self.checker.open_in_schema(place, path, schema),
                None => true,
            },
            _ => true,
        }
    }

    fn mapping(&mut self, node: &Located<Node>) -> Option<Mapping> {
        match &**node {
            Node::Text(text) => {
                let template = self.template(&node.with(text.clone()))?;
                Some(match template.as_literal() {
                    Some(text) => Mapping::Constant(Value::String(text.to_owned())),
                    None => Mapping::Template(template),
                })
            }
            Node::List(list) => {
                list.iter().map(|node| self.mapping(node)).collect::<Option<_>>().map(Mapping::List)
            }
            Node::Object(object) => match object.as_slice() {
                [(key, paths)] if key == "pick" => self.paths(paths).map(Mapping::Pick),
                [(key, paths)] if key == "omit" => self.paths(paths).map(Mapping::Omit),
                [(key, text)] if key == "jq" => self.program(text),
                _ if runs_jq(node) => {
                    self.checker.error_with(
                        node.place(),
                        "`jq` stands alone",
                        "a program gives the whole value; `details: { a: { jq: \"…\" }, b: \"{b}\" }` is an object of which it gives a part",
                    );
                    None
                }
                object if takes_parts(object) => {
                    self.checker.error_with(
                        node.place(),
                        "`pick` and `omit` stand alone",
                        "an object has either one of them or keys of its own",
                    );
                    None
                }
                object => object
                    .iter()
                    .map(|(key, node)| Some((key.clone(), self.mapping(node)?)))
                    .collect::<Option<_>>()
                    .map(Mapping::Object),
            },
            _ => Some(Mapping::Constant(constant(node, self.checker))),
        }
    }

    fn program(&mut self, node: &Located<Node>) -> Option<Mapping> {
        let Node::Text(text) = &**node else {
            self.checker.error_with(
                node.place(),
                "`jq` takes the text of a program",
                "such as `{ jq: \".targets | map(.name) | join(\\\", \\\")\" }`",
            );
            return None;
        };
        jq::program(&node.with(text.clone()), &mut self.programs, self.checker).map(Mapping::Jq)
    }

    fn paths(&mut self, node: &Located<Node>) -> Option<Vec<Path>> {
        let Node::List(list) = &**node else {
            self.checker.error_with(
                node.place(),
                "`pick` and `omit` take a list of paths",
                "such as `omit: [installation, sender.node_id]`",
            );
            return None;
        };
        let mut paths = Vec::new();
        for element in list {
            let Node::Text(text) = &**element else {
                self.checker.error(element.place(), "a path is text");
                return None;
            };
            let path = self.checker.path_at(element.place(), text, &[Root::Record])?;
            if !self.path_exists(element.place(), &path) {
                return None;
            }
            paths.push(path);
        }
        Some(paths)
    }
}
