//! How the values of an event are made.

use serde_json::Value;

use crate::jq::Program;
use crate::path::Path;
use crate::template::Template;

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
    /// These parts of the record, at their places in it.
    Pick(Vec<Path>),
    /// The record without these parts.
    Omit(Vec<Path>),
    /// The result of a program.
    Jq(Program),
}

impl Mapping {
    /// Returns what it makes in place of a text, where it can only be that.
    pub(super) fn is_no_text(&self) -> Option<&'static str> {
        match self {
            Mapping::List(_) => Some("it is a list"),
            Mapping::Object(_) | Mapping::Pick(_) | Mapping::Omit(_) => Some("it is an object"),
            Mapping::Constant(_) | Mapping::Template(_) | Mapping::Jq(_) => None,
        }
    }

    /// Visits every path that the mapping reads.
    pub(crate) fn for_each_path(&self, visit: &mut dyn FnMut(&Path)) {
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

    /// Visits every program in the mapping.
    pub(crate) fn for_each_program(&self, visit: &mut dyn FnMut(&Program)) {
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
