//! Reads the parts of an event: its schema, split, id and mappings.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::closed_schema::open_in_schema;
use super::jq;
use super::jq::runs_jq;
use super::mapping::Mapping;
use crate::checked::checker::{Checker, Told, all};
use crate::checked::constant::constant;
use crate::jq::Program;
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::template::{Lookups, Template};
use crate::written::{self, Located, Node};

/// The roots that a path may have in an event.
const EVENT_ROOTS: &[Root] = &[
    Root::Record,
    Root::Parent,
    Root::Header,
    Root::Query,
    Root::Var,
    Root::ReceivedAt,
    Root::DeliveryId,
    // Words that have a meaning only in requests. Listed so that they are an
    // error and not read as fields.
    Root::Secret,
    Root::Window,
    Root::Cursor,
];

/// How a larger record is split into the records.
#[derive(Clone, Debug, PartialEq)]
pub enum Split {
    /// The records are the elements of this list.
    Path(Path),
    /// The records are what this program gives.
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

pub(crate) struct EventScope<'c, 't> {
    pub(crate) checker: &'c mut Checker<'t>,
    pub(crate) lookups: Lookups,
    pub(crate) schema: Option<Arc<Value>>,
    pub(crate) vars: &'c Map<String, Value>,
    pub(crate) programs: usize,
}

impl EventScope<'_, '_> {
    pub(crate) fn read_schema(
        &mut self,
        name: &Located<String>,
        files: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<RecordSchema, Told> {
        let text = files(name).map_err(|reason| {
            let message = format!("the schema `{}` cannot be read: {reason}", &**name);
            self.checker.error(name.place(), message)
        })?;
        let json = serde_json::from_str(&text).map_err(|error| {
            let message = format!("the schema `{}` is not JSON: {error}", &**name);
            self.checker.error(name.place(), message)
        })?;
        Ok(RecordSchema { file: (**name).clone(), json: Arc::new(json) })
    }

    pub(crate) fn split(&mut self, split: &Located<written::Split>) -> Result<Split, Told> {
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
                Ok(Split::Jq(program))
            }
        }
    }

    pub(crate) fn id(&mut self, text: &Located<String>) -> Result<Template, Told> {
        let template = self.template(text)?;
        if template.as_literal().is_some() {
            return Err(self.checker.error_with(
                text.place(),
                "`id` is the same for every record, so all records would be the same event",
                "such as `id: \"{uuid}\"`",
            ));
        }
        Ok(template)
    }

    fn template(&mut self, text: &Located<String>) -> Result<Template, Told> {
        let template = self.checker.template(text, EVENT_ROOTS, &self.lookups)?;
        all(template.paths().map(|path| self.path_exists(text.place(), path)))?;
        Ok(template)
    }

    /// Reports a path that cannot find anything.
    fn path_exists(&mut self, place: Option<Place>, path: &Path) -> Result<(), Told> {
        let (message, help) = match path.root() {
            Root::Var if !self.vars.contains_key(path.name()) => (
                format!("there is no variable `{}`", path.name()),
                "variables are named under `poll.vars`".to_owned(),
            ),
            Root::Secret => (
                "a secret goes into no event".to_owned(),
                format!("a field of the record with that name is `{{/secret/{}}}`", path.name()),
            ),
            root @ (Root::Window | Root::Cursor) => {
                let word = root.word();
                (
                    format!("`{word}` has a meaning in requests, not in events"),
                    format!(
                        "a field of the record with that name is `{{/{word}/{}}}`",
                        path.name()
                    ),
                )
            }
            Root::Record => {
                let Some(schema) = &self.schema else { return Ok(()) };
                return open_in_schema(place, path, schema, self.checker);
            }
            _ => return Ok(()),
        };
        Err(self.checker.error_with(place, message, help))
    }

    pub(crate) fn mapping(&mut self, node: &Located<Node>) -> Result<Mapping, Told> {
        match &**node {
            Node::Text(text) => {
                let template = self.template(&node.with(text.clone()))?;
                Ok(match template.as_literal() {
                    Some(text) => Mapping::Constant(Value::String(text.to_owned())),
                    None => Mapping::Template(template),
                })
            }
            Node::List(list) => {
                list.iter().map(|node| self.mapping(node)).collect::<Result<_, _>>().map(Mapping::List)
            }
            Node::Object(object) => match object.as_slice() {
                [(key, paths)] if key == "pick" => self.paths(paths).map(Mapping::Pick),
                [(key, paths)] if key == "omit" => self.paths(paths).map(Mapping::Omit),
                [(key, text)] if key == "jq" => self.program(text),
                _ if runs_jq(node) => Err(self.checker.error_with(
                    node.place(),
                    "`jq` stands alone",
                    "a program gives the whole value; `details: { a: { jq: \"…\" }, b: \"{b}\" }` is an object of which it gives a part",
                )),
                object if takes_parts(object) => Err(self.checker.error_with(
                    node.place(),
                    "`pick` and `omit` stand alone",
                    "an object has either one of them or keys of its own",
                )),
                object => object
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), self.mapping(node)?)))
                    .collect::<Result<_, _>>()
                    .map(Mapping::Object),
            },
            _ => Ok(Mapping::Constant(constant(node, self.checker))),
        }
    }

    fn program(&mut self, node: &Located<Node>) -> Result<Mapping, Told> {
        let Node::Text(text) = &**node else {
            return Err(self.checker.error_with(
                node.place(),
                "`jq` takes the text of a program",
                "such as `{ jq: \".targets | map(.name) | join(\\\", \\\")\" }`",
            ));
        };
        jq::program(&node.with(text.clone()), &mut self.programs, self.checker).map(Mapping::Jq)
    }

    fn paths(&mut self, node: &Located<Node>) -> Result<Vec<Path>, Told> {
        let Node::List(list) = &**node else {
            return Err(self.checker.error_with(
                node.place(),
                "`pick` and `omit` take a list of paths",
                "such as `omit: [installation, sender.node_id]`",
            ));
        };
        let mut paths = Vec::new();
        for element in list {
            let Node::Text(text) = &**element else {
                return Err(self.checker.error(element.place(), "a path is text"));
            };
            let path = self.checker.path_at(element.place(), text, &[Root::Record])?;
            self.path_exists(element.place(), &path)?;
            paths.push(path);
        }
        Ok(paths)
    }
}

/// Returns whether one of the keys is `pick` or `omit` with a list.
fn takes_parts(object: &[(String, Located<Node>)]) -> bool {
    object.iter().any(|(key, node)| {
        matches!(key.as_str(), "pick" | "omit") && matches!(**node, Node::List(_))
    })
}
