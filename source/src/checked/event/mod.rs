//! What `event` means: which records are valid, and which events they become.
//!
//! A source that is pushed and polled has an event for each, and what one leaves out
//! is taken from what both share.

pub(crate) mod closed_schema;
pub(crate) mod jq;
mod mapping;
mod scope;
mod severity;
mod timestamp;

pub use mapping::Mapping;
pub use scope::{RecordSchema, Split};
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::checked::checker::Checker;
use crate::checked::constant::constant;
use crate::jq::Program;
use crate::path::{Path, Root};
use crate::template::{Lookups, Template};
use crate::written;
use scope::EventScope;

/// What a record must be, and which event it becomes.
#[derive(Clone, Debug)]
pub struct EventSpec {
    /// The schema that a record must meet.
    pub schema: Option<RecordSchema>,
    /// How a larger record is split into records.
    pub split: Option<Split>,
    /// Whether a value at the path of `split` that is no list counts as a list of one,
    /// as in XML.
    pub one_is_a_list: bool,
    /// What makes two records the same event.
    pub id: Option<Template>,
    /// The event's fields by name; one that is missing has its default.
    pub map: BTreeMap<&'static str, Mapping>,
    /// Constants for templates.
    pub vars: Map<String, Value>,
    /// The number of jq programs.
    pub programs: usize,
    /// Tables for templates.
    pub(crate) lookups: Lookups,
}

impl EventSpec {
    /// Reads an event; what `own` leaves out is taken from `shared`.
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
        let schema = schema.and_then(|name| scope.read_schema(name, files).ok());
        scope.schema = schema.as_ref().map(|schema| Arc::clone(&schema.json));
        let split = split.and_then(|split| scope.split(split).ok());
        let id = id.and_then(|text| scope.id(text).ok());
        let mut map = BTreeMap::new();
        for ((name, shared), (_, own)) in shared.map.fields().into_iter().zip(own.map.fields()) {
            let Some(node) = own.or(shared) else { continue };
            let Ok(mapping) = scope.mapping(node) else { continue };
            let held = match name {
                "severity" => severity::is_no_severity(&mapping)
                    .map(|why| (format!("`severity` is no severity: {why}"), severity::NEEDED)),
                "timestamp" => timestamp::is_no_time(&mapping)
                    .map(|why| (format!("`timestamp` is no time: {why}"), timestamp::NEEDED)),
                _ => None,
            };
            if let Some((message, help)) = held {
                scope.checker.error_with(node.place(), message, help);
            }
            map.insert(name, mapping);
        }
        let EventScope { programs, lookups, .. } = scope;
        EventSpec { schema, split, one_is_a_list: false, id, map, vars, programs, lookups }
    }

    /// Returns the names of the headers that the event reads, in lower case.
    pub fn header_names(&self) -> Vec<String> {
        let mut names = self.names(Root::Header);
        self.for_each_program(&mut |program| {
            names.extend(program.uses().headers.values().cloned());
        });
        names
    }

    /// Returns the names of the query parameters that the event reads.
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

/// Returns the tables of both; of two with the same name, the own one.
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
