//! What the `event` part means, for one way in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::checker::Checker;
use super::closed_schema::ruled_out;
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
    /// The list inside the record whose elements are the records.
    pub split: Option<Path>,
    /// What makes two records the same event.
    pub id: Option<Template>,
    /// The event's fields by name; one that is not here has its default.
    pub map: BTreeMap<&'static str, Mapping>,
    /// Constants for templates.
    pub vars: Map<String, Value>,
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
}

impl Mapping {
    /// Every path that the mapping reads.
    fn for_each_path(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Mapping::Constant(_) => {}
            Mapping::Template(template) => template.paths().for_each(visit),
            Mapping::List(list) => list.iter().for_each(|element| element.for_each_path(visit)),
            Mapping::Object(object) => {
                object.iter().for_each(|(_, element)| element.for_each_path(visit));
            }
            Mapping::Pick(paths) | Mapping::Omit(paths) => paths.iter().for_each(visit),
        }
    }
}

impl EventSpec {
    /// Understands the event of one way in: what `own` leaves out is taken
    /// from `shared`.
    pub(super) fn check(
        shared: &written::Event,
        own: Option<&written::Event>,
        vars: Map<String, Value>,
        files: &dyn Fn(&str) -> Result<String, String>,
        checker: &mut Checker,
    ) -> EventSpec {
        let nothing = written::Event::default();
        let own = own.unwrap_or(&nothing);
        let lookups = lookups(shared, own);
        let schema = own.schema.as_ref().or(shared.schema.as_ref());
        let split = own.split.as_ref().or(shared.split.as_ref());
        let id = own.id.as_ref().or(shared.id.as_ref());
        let mut scope = EventScope { checker, lookups, schema: None, vars: &vars };
        let schema = schema.and_then(|name| scope.read_schema(name, files));
        scope.schema = schema.as_ref().map(|schema| Arc::clone(&schema.json));
        let split = split.and_then(|text| scope.checker.path(text, &[Root::Record]));
        let id = id.and_then(|text| scope.template(text));
        let mut map = BTreeMap::new();
        for ((name, shared), (_, own)) in shared.map.fields().into_iter().zip(own.map.fields()) {
            if let Some(mapping) = own.or(shared).and_then(|node| scope.mapping(node)) {
                map.insert(name, mapping);
            }
        }
        EventSpec { schema, split, id, map, vars }
    }

    /// The names, in lower case, of the headers that the event reads.
    pub fn header_names(&self) -> Vec<String> {
        self.names(Root::Header)
    }

    /// The names of the query parameters that the event reads.
    pub fn query_names(&self) -> Vec<String> {
        self.names(Root::Query)
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

fn lookups(shared: &written::Event, own: &written::Event) -> Lookups {
    shared
        .lookups
        .iter()
        .chain(&own.lookups)
        .map(|(name, table)| {
            let table = table.iter().map(|(key, node)| (key.clone(), constant(node))).collect();
            (name.clone(), table)
        })
        .collect()
}

/// A node as a constant: no text in it is a template.
pub(super) fn constant(node: &Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(*value),
        Node::Number(number) => Value::Number(number.clone()),
        Node::Text(text) => Value::String(text.clone()),
        Node::List(list) => list.iter().map(|node| constant(node)).collect(),
        Node::Object(object) => {
            object.iter().map(|(key, node)| (key.clone(), constant(node))).collect()
        }
    }
}

struct EventScope<'c> {
    checker: &'c mut Checker,
    lookups: Lookups,
    schema: Option<Arc<Value>>,
    vars: &'c Map<String, Value>,
}

impl EventScope<'_> {
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
            Root::Record => {
                let ruled_out = self.schema.as_ref().and_then(|schema| ruled_out(schema, path));
                if let Some(pointer) = &ruled_out {
                    self.checker.error_with(
                        place,
                        format!("no record has `{pointer}`: the schema allows no such field there"),
                        "correct the path, or add the field to the schema",
                    );
                }
                ruled_out.is_none()
            }
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
                object => object
                    .iter()
                    .map(|(key, node)| Some((key.clone(), self.mapping(node)?)))
                    .collect::<Option<_>>()
                    .map(Mapping::Object),
            },
            node => Some(Mapping::Constant(constant(node))),
        }
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
